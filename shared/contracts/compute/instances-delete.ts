import { contract } from '../contract.ts';
import { OPERATION_HEADERS } from '../common/answer-headers.ts';
import { CHANGE_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { instanceParams, nothing } from '../common/parameters.ts';

export const instancesDelete = contract({
  name: 'compute-instances-delete',
  family: 'compute',
  method: 'DELETE',
  path: '/api/compute/v1/instances/{id}',
  tag: 'Instances',
  summary: 'Delete an instance',
  description: `Deletes the VM with its disk, whatever state it is in, and frees its place in your quota. This cannot be undone. The
history of the instance stays readable.

Should Compute Engine fail to delete the VM at once, the instance is gone for you all the same, and the service goes on
trying.`,
  role: null,
  limit: 'delete',
  idempotent: false,
  clients: ['datastore', 'pubsub', 'compute'],
  params: instanceParams,
  query: nothing,
  body: null,
  success: [{ status: 204, description: 'The instance is deleted.', body: null, headers: OPERATION_HEADERS }],
  failures: [...LIMITED_FAILURES, ...CHANGE_FAILURES, 'instance_not_found', 'deletion_protected'],
});
