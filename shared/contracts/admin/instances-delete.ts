import { Type } from 'typebox';
import { instanceParams } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { OPERATION_HEADERS } from '../common/answer-headers.ts';
import { CHANGE_FAILURES } from '../common/common-failures.ts';
import { ADMIN_FAILURES } from './admin-failures.ts';

export const instancesDelete = contract({
  name: 'admin-instances-delete',
  family: 'compute',
  method: 'DELETE',
  path: '/api/compute/v1/admin/instances/{id}',
  tag: 'Administration',
  summary: 'Delete any instance',
  description:
    'Deletes the VM with its disk, whichever user owns it and whatever state it is in, and frees its place in the quota of its customer. This cannot be undone. An instance that is protected from deletion is deleted with `force` only.',
  role: 'compute_admin',
  limit: null,
  idempotent: false,
  clients: ['datastore', 'pubsub', 'compute'],
  params: instanceParams,
  query: Type.Object(
    {
      force: Type.Boolean({ description: 'Also an instance that is protected from deletion.', default: false }),
    },
    { additionalProperties: false },
  ),
  body: null,
  success: [{ status: 204, description: 'The instance is deleted.', body: null, headers: OPERATION_HEADERS }],
  failures: [...ADMIN_FAILURES, ...CHANGE_FAILURES, 'instance_not_found', 'deletion_protected'],
});
