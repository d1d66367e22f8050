import { readPrices } from '#shared/actions/read-catalog.ts';
import { endpoint } from '#endpoints/compute-templates-list.ts';
import { presentTemplate } from '#shared/families/compute/present.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { httpFunction } from '#shared/runtime/http-function.ts';

httpFunction({
  endpoint,
  family: computeFamily,
  handle: async (_, tools) => {
    const [templates, prices] = await Promise.all([tools.catalog.templates(), readPrices(tools)]);
    return { status: 200, body: templates.map((template) => presentTemplate(template, prices)) };
  },
});
