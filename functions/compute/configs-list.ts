import { endpoint } from '#endpoints/compute-configs-list.ts';
import { presentConfig } from '#shared/families/compute/present.ts';
import { computeSurface } from '#shared/families/compute/surface.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  surface: computeSurface,
  handle: async (call, { catalog }) => {
    const [configs] = await Promise.all([catalog.configs(), call.admitted]);
    return { status: 200, body: configs.map(presentConfig) };
  },
});
