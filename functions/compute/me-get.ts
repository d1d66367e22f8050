import { readMe } from '#shared/actions/read-me.ts';
import { endpoint } from '#endpoints/compute-me-get.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { presentMe } from '#shared/families/compute/present-me.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async (call, tools) => ({ status: 200, body: presentMe(await readMe(call, tools)) }),
});
