import { readProjectInstance } from '#shared/actions/read-project-instance.ts';
import { endpoint } from '#endpoints/fleet-instances-status.ts';
import { presentStatus } from '#shared/families/fleet/present.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { staleHeader } from '#shared/families/stale-header.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';

httpFunction({
  endpoint,
  family: fleetFamily,
  open: openCompute,
  handle: async ({ params, ...call }, tools) => {
    const reading = await readProjectInstance({ ...call, fid: params.instance_fid }, tools);
    return { status: 200, headers: staleHeader(reading), body: presentStatus(reading.instance, reading.pending) };
  },
});
