import { Type } from 'typebox';
import { contract } from '../contract.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { PENDING_OPERATION } from './example-values.ts';
import { operationParams } from '../common/parameters.ts';
import { Operation } from './schemas.ts';

export const operationsGet = contract({
  name: 'compute-operations-get',
  family: 'compute',
  method: 'GET',
  path: '/api/compute/v1/operations/{id}',
  tag: 'Operations',
  summary: 'Get an operation',
  description: `Reads one operation on an instance that is, or was, visible to you. With \`wait\` the answer is held until the operation
is final or the time is over, whichever comes first; look at \`state\` to know which.`,
  role: null,
  limit: 'operations',
  idempotent: false,
  clients: ['datastore'],
  params: operationParams,
  query: Type.Object(
    {
      wait: Type.Integer({
        description: 'Seconds to wait for the operation to be final.',
        minimum: 0,
        maximum: 60,
        default: 0,
      }),
    },
    { additionalProperties: false },
  ),
  body: null,
  success: [{ status: 200, description: 'The operation, final or not.', body: Operation }],
  failures: [...LIMITED_FAILURES, 'operation_not_found'],
  // A request that waits needs memory but no CPU; the gateway's timeout must exceed the longest wait.
  runtime: { concurrency: 200, timeoutSeconds: 80, deadlineSeconds: 75 },
  examples: [
    {
      summary: 'An operation that is done',
      answer: {
        ...PENDING_OPERATION,
        state: 'completed',
        startedAt: '2024-01-01T00:05:00Z',
        completedAt: '2024-01-01T00:05:31Z',
        attempts: 1,
      },
    },
    {
      summary: 'An operation that failed',
      answer: {
        ...PENDING_OPERATION,
        kind: 'start',
        state: 'failed',
        startedAt: '2024-01-01T00:05:00Z',
        completedAt: '2024-01-01T00:05:09Z',
        attempts: 1,
        error: { reason: 'zone_exhausted', message: 'The zone has no capacity for this machine type at the moment.' },
      },
    },
  ],
});
