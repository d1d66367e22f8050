import { Type } from 'typebox';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { contract } from '../contract.ts';
import { RUNNING_OPERATION } from './example-values.ts';
import { operationParams } from './parameters.ts';
import { ResourceOperation } from './schemas.ts';

export const operationsGet = contract({
  name: 'resource-operations-get',
  family: 'resource',
  method: 'GET',
  path: '/v1/operations/{id}',
  tag: 'Resources',
  summary: 'Get an operation on a resource',
  description: `Reads one operation on an instance that is, or was, visible to you. With \`wait\` the answer is held until the operation
is final or the time is over, whichever comes first; look at \`status\` to know which.`,
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
  success: [{ status: 200, description: 'The operation, final or not.', body: ResourceOperation }],
  failures: [...LIMITED_FAILURES, 'operation_not_found'],
  // A request that waits needs memory but no CPU; the gateway's timeout must exceed the longest wait.
  runtime: { concurrency: 200, timeoutSeconds: 80, deadlineSeconds: 75 },
  examples: [
    { summary: 'An operation that is being worked on', answer: RUNNING_OPERATION },
    {
      summary: 'An operation that is done',
      answer: {
        ...RUNNING_OPERATION,
        status: 'completed',
        result: { state: 'running' },
        completed_at: '2025-01-15T10:30:31Z',
      },
    },
    {
      summary: 'An operation that failed',
      answer: {
        ...RUNNING_OPERATION,
        status: 'failed',
        result: {
          error: 'GCP operation failed. Please try another zone or come back later.',
          code: 'CAPACITY_EXHAUSTED',
        },
        completed_at: '2025-01-15T10:30:09Z',
      },
    },
  ],
});
