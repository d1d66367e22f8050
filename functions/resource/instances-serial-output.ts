import { readSerialOutput } from '#shared/actions/read-serial-output.ts';
import { endpoint } from '#endpoints/resource-instances-serial-output.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { nameTheMissing } from '#shared/families/resource/name-the-missing.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  open: openCompute,
  handle: async ({ params, query, ...call }, tools) => {
    const read = () => readSerialOutput({ ...call, instanceId: params.id, start: query.start }, tools);
    return { status: 200, body: await nameTheMissing('instance', params.id, read) };
  },
});
