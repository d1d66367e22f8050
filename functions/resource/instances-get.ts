import { readInstance } from '#shared/actions/read-instance.ts';
import { endpoint } from '#endpoints/resource-instances-get.ts';
import { nameTheMissing } from '#shared/families/resource/name-the-missing.ts';
import { presentResource } from '#shared/families/resource/present.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { staleHeader } from '#shared/families/stale-header.ts';
import { instanceTag } from '#shared/domain/instance-tag.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';
import { openCompute } from '#shared/runtime/open-compute.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  open: openCompute,
  handle: async ({ params, ...call }, tools) => {
    const read = () => readInstance({ ...call, instanceId: params.id }, tools);
    const reading = await nameTheMissing('instance', params.id, read);
    return {
      status: 200,
      headers: { etag: instanceTag(reading.instance), ...staleHeader(reading) },
      body: presentResource(reading.instance, reading.pending, call.caller),
    };
  },
});
