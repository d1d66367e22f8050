import { Type } from 'typebox';
import { OPERATION_KINDS } from '#shared/domain/instance.ts';
import { OPERATION_STATES } from '#shared/domain/operation.ts';
import { cursorParameter, pageLimit, timeParameter } from '../common/list-parameters.ts';
import { INSTANCE_ID_PATTERN, nothing } from '../common/parameters.ts';
import { PENDING_OPERATION } from '../compute/example-values.ts';
import { AdminOperationPage } from '../compute/operation-schemas.ts';
import { contract } from '../contract.ts';
import { ADMIN_FAILURES } from './admin-failures.ts';

const filter = (description: string) => Type.Optional(Type.String({ description, minLength: 1, maxLength: 128 }));

export const operationsList = contract({
  name: 'admin-operations-list',
  family: 'compute',
  method: 'GET',
  path: '/api/compute/v1/admin/operations',
  tag: 'Administration',
  summary: 'List operations of all customers',
  description:
    'Lists operations, newest first. An operation is listed when it matches all filters that were sent. Failed ones say why.',
  role: 'compute_admin',
  limit: null,
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: Type.Object(
    {
      instance: Type.Optional(
        Type.String({ description: 'Only operations on this instance.', pattern: INSTANCE_ID_PATTERN }),
      ),
      customerID: filter('Only operations on instances of this customer.'),
      userID: filter('Only operations that this user asked for.'),
      state: Type.Optional(Type.Enum(OPERATION_STATES, { type: 'string', description: 'Only those in this state.' })),
      kind: Type.Optional(Type.Enum(OPERATION_KINDS, { type: 'string', description: 'Only those of this kind.' })),
      reason: filter('Only those that failed for this reason.'),
      since: timeParameter('Only those that were accepted then or later.'),
      limit: pageLimit('Operations'),
      cursor: cursorParameter('nextCursor'),
    },
    { additionalProperties: false },
  ),
  body: null,
  success: [{ status: 200, description: 'One page of operations.', body: AdminOperationPage }],
  failures: [...ADMIN_FAILURES, 'invalid_cursor'],
  examples: [
    {
      summary: 'One operation',
      answer: {
        operations: [
          {
            ...PENDING_OPERATION,
            customerId: 'acme',
            userId: '550e8400-e29b-41d4-a716-446655440000',
            requestId: '7f3c2a10b4d85e6f7f3c2a10b4d85e6f',
          },
        ],
        nextCursor: null,
      },
    },
  ],
});
