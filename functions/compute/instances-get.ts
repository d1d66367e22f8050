import { readInstance } from '#shared/actions/read-instance.ts';
import { endpoint } from '#endpoints/compute-instances-get.ts';
import { presentInstance } from '#shared/families/compute/present.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { staleHeader } from '#shared/families/stale-header.ts';
import { instanceTag } from '#shared/domain/instance-tag.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: openCompute,
  handle: async ({ params, ...call }, tools) => {
    const reading = await readInstance({ ...call, instanceId: params.id }, tools);
    return {
      status: 200,
      headers: { etag: instanceTag(reading.instance), ...staleHeader(reading) },
      body: presentInstance(reading.instance, reading.pending, call.caller),
    };
  },
});
