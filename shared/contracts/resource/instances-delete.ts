import { CHANGE_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { OPERATION_HEADERS } from '../common/answer-headers.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { instanceParams } from './parameters.ts';
import { AcceptedDeletion } from './schemas.ts';

export const instancesDelete = contract({
  name: 'resource-instances-delete',
  family: 'resource',
  method: 'DELETE',
  path: '/v1/instances/{id}',
  tag: 'Resources',
  summary: 'Delete an instance in the background',
  description: `Accepts the deletion of the VM with its disk, whatever state it is in. This cannot be undone. Until the operation has
completed the instance reads as \`terminated\`; then it is gone, and its place in your quota is free.

Asking again while it is being deleted answers the same operation.`,
  role: null,
  limit: 'delete',
  idempotent: false,
  clients: ['datastore', 'pubsub'],
  params: instanceParams,
  query: nothing,
  body: null,
  success: [
    { status: 202, description: 'The deletion is accepted.', body: AcceptedDeletion, headers: OPERATION_HEADERS },
  ],
  failures: [...LIMITED_FAILURES, ...CHANGE_FAILURES, 'instance_not_found', 'deletion_protected'],
  examples: [
    {
      summary: 'The accepted deletion',
      answer: {
        operation_id: 'op-01jk2m3n4p5q6r7s8t9v',
        status: 'pending',
        resource_id: 'inst-550e84-a1b2c3d4',
      },
    },
  ],
});
