import { CLOUD_READ_FAILURES } from '../common/common-failures.ts';
import { instanceParams, nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { DESK, DESK_CHANGE_FAILURES } from './desk-contract.ts';
import { ADMIN_INSTANCE } from './example-values.ts';
import { AdminInstance } from './schemas.ts';

export const instancesSync = contract({
  ...DESK,
  name: 'admin-instances-sync',
  method: 'POST',
  path: '/api/compute/v1/admin/instances/{id}/sync',
  summary: 'Compare an instance with its VM',
  description: 'Looks at the VM now and puts on record what it shows.',
  clients: ['datastore', 'compute'],
  params: instanceParams,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'The instance, as the look at the VM left it.', body: AdminInstance }],
  failures: [...DESK_CHANGE_FAILURES, ...CLOUD_READ_FAILURES, 'instance_not_found'],
  examples: [{ summary: 'The instance, as the look at the VM left it', answer: ADMIN_INSTANCE }],
});
