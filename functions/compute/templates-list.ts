import { endpoint } from '#endpoints/compute-templates-list.ts';
import { presentTemplate } from '#shared/families/compute/present.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async (_, { catalog }) => ({ status: 200, body: (await catalog.templates()).map(presentTemplate) }),
});
