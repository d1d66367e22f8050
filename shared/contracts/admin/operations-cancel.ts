import { nothing, operationParams } from '../common/parameters.ts';
import { PENDING_OPERATION } from '../compute/example-values.ts';
import { contract } from '../contract.ts';
import { DESK, DESK_CHANGE_FAILURES } from './desk-contract.ts';
import { AdminOperationDetails } from './desk-schemas.ts';

export const operationsCancel = contract({
  ...DESK,
  name: 'admin-operations-cancel',
  method: 'POST',
  path: '/api/compute/v1/admin/operations/{id}/cancel',
  summary: 'Cancel an operation',
  description:
    'Ends an operation that has not reached Compute Engine, as failed with the reason `cancelled`. What is queued behind it goes on. A create or delete cannot be cancelled.',
  clients: ['datastore', 'pubsub'],
  params: operationParams,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'The cancelled operation.', body: AdminOperationDetails }],
  failures: [
    ...DESK_CHANGE_FAILURES,
    'operation_not_found',
    'operation_ended',
    'operation_at_cloud',
    'operation_not_cancellable',
  ],
  examples: [
    {
      summary: 'The cancelled operation',
      answer: {
        ...{
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
        state: 'failed',
        completedAt: '2024-01-01T00:05:09Z',
        error: { reason: 'cancelled', message: 'An operator cancelled the operation.' },
      },
    },
  ],
});
