import { endpoint } from '#endpoints/compute-configs-list.ts';
import { presentConfig } from '#shared/families/compute/present.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async (_, { catalog }) => ({ status: 200, body: (await catalog.configs()).map(presentConfig) }),
});
