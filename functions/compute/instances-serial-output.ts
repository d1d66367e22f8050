import { readSerialOutput } from '#shared/actions/read-serial-output.ts';
import { endpoint } from '#endpoints/compute-instances-serial-output.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  open: openCompute,
  handle: async ({ params, query, ...call }, tools) => {
    const read = () => readSerialOutput({ ...call, instanceId: params.id, start: query.start }, tools);
    return { status: 200, body: await read() };
  },
});
