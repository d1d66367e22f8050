import { nothing, operationParams } from '../common/parameters.ts';
import { PENDING_OPERATION } from '../compute/example-values.ts';
import { contract } from '../contract.ts';
import { ADMIN_FAILURES } from './admin-failures.ts';
import { DESK } from './desk-contract.ts';
import { AdminOperationDetails } from './desk-schemas.ts';

export const operationsGet = contract({
  ...DESK,
  name: 'admin-operations-get',
  method: 'GET',
  path: '/api/compute/v1/admin/operations/{id}',
  summary: 'Get any operation',
  description:
    'Reads one operation with its attempts, the calls made to Compute Engine and the lease, whichever customer it belongs to.',
  clients: ['datastore'],
  params: operationParams,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'The operation.', body: AdminOperationDetails }],
  failures: [...ADMIN_FAILURES, 'operation_not_found'],
  examples: [
    {
      summary: 'The operation',
      answer: {
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
    },
  ],
});
