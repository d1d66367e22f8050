import { endpoint } from '#endpoints/compute-templates-zones.ts';
import { zonesOf } from '#shared/domain/zones.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async ({ params }, { catalog }) => {
    const { region } = await catalog.template(params.id);
    return { status: 200, body: zonesOf(region) };
  },
});
