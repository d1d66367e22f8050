import type { PowerKind } from '#shared/domain/power.ts';
import { OPERATION_HEADERS } from '../common/answer-headers.ts';
import { LIMITED_FAILURES, POST_FAILURES, powerFailures } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { instanceParams } from './parameters.ts';
import { ResourceOperation } from './schemas.ts';

const ACCEPTED = `

The answer comes before the VM has changed: follow the operation that it holds. Asking again for what is already pending
joins the pending operation.`;

/** Returns the contract of one of the four power endpoints, which differ in a verb and a few sentences. */
export function powerContract(verb: PowerKind, summary: string, description: string) {
  return contract({
    name: `resource-instances-${verb}`,
    family: 'resource',
    method: 'POST',
    path: `/v1/instances/{id}/${verb}`,
    tag: 'Power',
    summary,
    description: description + ACCEPTED,
    role: null,
    limit: verb,
    idempotent: true,
    clients: ['datastore', 'pubsub'],
    params: instanceParams,
    query: nothing,
    body: null,
    success: [{ status: 202, description: 'Accepted.', body: ResourceOperation, headers: OPERATION_HEADERS }],
    failures: [...LIMITED_FAILURES, ...POST_FAILURES, ...powerFailures({ stops: verb === 'stop' })],
    examples: [
      {
        summary: 'The accepted operation',
        answer: {
          id: 'op-01jk2m3n4p5q6r7s8t9v',
          resource_id: 'inst-550e84-a1b2c3d4',
          // In this family a restart is a hard reset and is recorded as one.
          type: verb === 'restart' ? 'reset' : verb,
          status: 'pending',
          result: null,
          created_at: '2025-01-15T10:30:00Z',
          completed_at: null,
        },
      },
    ],
  });
}
