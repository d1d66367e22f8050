import admin from '../../infra/generated/openapi/admin.json' with { type: 'json' };
import compute from '../../infra/generated/openapi/compute.json' with { type: 'json' };
import fleet from '../../infra/generated/openapi/fleet.json' with { type: 'json' };
import resource from '../../infra/generated/openapi/resource.json' with { type: 'json' };
import all from '../../infra/generated/openapi.json' with { type: 'json' };
import { pages } from '#endpoints/docs-pages.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { pagesFunction } from '#shared/runtime/pages-function.ts';

pagesFunction({ name: pages.name, family: computeFamily, all, parts: { compute, resource, fleet, admin } });
