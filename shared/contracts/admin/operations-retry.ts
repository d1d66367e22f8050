import { nothing, operationParams } from '../common/parameters.ts';
import { PENDING_OPERATION } from '../compute/example-values.ts';
import { contract } from '../contract.ts';
import { DESK, DESK_CHANGE_FAILURES } from './desk-contract.ts';
import { RepairedOperation } from './desk-schemas.ts';

export const operationsRetry = contract({
  ...DESK,
  name: 'admin-operations-retry',
  method: 'POST',
  path: '/api/compute/v1/admin/operations/{id}/retry',
  summary: 'Bring an operation on its way again',
  description:
    'Publishes an operation that has not ended as if it had never been tried. A worker that holds it loses it; nothing is done twice.',
  clients: ['datastore', 'pubsub'],
  params: operationParams,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'It is on its way again.', body: RepairedOperation }],
  failures: [...DESK_CHANGE_FAILURES, 'operation_not_found', 'operation_ended'],
  examples: [
    {
      summary: 'It is on its way again',
      answer: {
        operation: {
          ...PENDING_OPERATION,
          customerId: 'acme',
          actor: { type: 'user', id: '550e8400-e29b-41d4-a716-446655440000' },
          userId: '550e8400-e29b-41d4-a716-446655440000',
          requestId: '6fd1c3a0b2e94f7d8c5b4a3928170615',
          calls: 0,
          lastCall: null,
          leasedUntil: null,
          dueAt: null,
        },
        published: true,
      },
    },
  ],
});
