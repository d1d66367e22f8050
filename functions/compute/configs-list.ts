import { endpoint } from '#endpoints/compute-configs-list.ts';
import { presentConfig } from '#shared/families/compute/present.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async (call, { catalog }) => {
    const [configs] = await Promise.all([catalog.configs(), call.admitted]);
    return { status: 200, body: configs.map(presentConfig) };
  },
});
