import { instanceParams, nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { ADMIN_FAILURES } from './admin-failures.ts';
import { STALE_HEADER } from '../common/stale.ts';
import { ADMIN_INSTANCE } from './example-values.ts';
import { AdminInstance } from './schemas.ts';

export const instancesGet = contract({
  name: 'admin-instances-get',
  family: 'compute',
  method: 'GET',
  path: '/api/compute/v1/admin/instances/{id}',
  tag: 'Administration',
  summary: 'Get any instance',
  description: 'Reads one instance, of any customer.',
  role: 'compute_admin',
  limit: null,
  idempotent: false,
  clients: ['datastore', 'compute'],
  params: instanceParams,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'The instance.', body: AdminInstance, headers: { 'x-stale': STALE_HEADER } }],
  failures: [...ADMIN_FAILURES, 'instance_not_found'],
  examples: [{ summary: 'A running instance', answer: ADMIN_INSTANCE }],
});
