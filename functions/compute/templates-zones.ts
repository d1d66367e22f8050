import { endpoint } from '#endpoints/compute-templates-zones.ts';
import { zonesOf } from '#shared/domain/zones.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ params, admitted }, { catalog }) => {
    const [template] = await Promise.all([catalog.template(params.id), admitted]);
    return { status: 200, body: zonesOf(template.region) };
  },
});
