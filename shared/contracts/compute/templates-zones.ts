import { Type } from 'typebox';
import { contract } from '../contract.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing, templateParams } from '../common/parameters.ts';

export const templatesZones = contract({
  name: 'compute-templates-zones',
  family: 'compute',
  method: 'GET',
  path: '/api/compute/v1/templates/{id}/zones',
  tag: 'Catalogue',
  summary: 'List the zones of a template',
  description: 'Lists the zones in which instances can be made from a template.',
  role: null,
  limit: 'catalog',
  idempotent: false,
  clients: ['datastore'],
  params: templateParams,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'Names of zones.', body: Type.Array(Type.String()) }],
  failures: [...LIMITED_FAILURES, 'template_not_found'],
  examples: [{ summary: 'Three zones', answer: ['us-central1-a', 'us-central1-b', 'us-central1-c'] }],
});
