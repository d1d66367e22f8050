import { readMe } from '#shared/actions/read-me.ts';
import { endpoint } from '#endpoints/resource-me-get.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { presentMe } from '#shared/families/resource/present-me.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: resourceFamily,
  handle: async (call, tools) => ({ status: 200, body: presentMe(await readMe(call, tools)) }),
});
