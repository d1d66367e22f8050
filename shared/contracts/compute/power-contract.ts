import type { LimitedOperation } from '#shared/domain/tier.ts';
import { contract } from '../contract.ts';
import { LIMITED_FAILURES, POST_FAILURES, powerFailures } from '../common/common-failures.ts';
import { PENDING_OPERATION } from './example-values.ts';
import { instanceParams, nothing } from '../common/parameters.ts';
import { Operation } from './schemas.ts';

export type PowerVerb = Extract<LimitedOperation, 'start' | 'stop' | 'restart' | 'reset'>;

const ACCEPTED = `

The answer comes before the VM has changed. Follow the operation that the headers name, or read the instance. Asking again
for what is already pending joins the pending operation.`;

/** Returns the kind of the operation: for users, a restart is a hard reset and is recorded as one. */
function kindOf(verb: PowerVerb): Exclude<PowerVerb, 'restart'> {
  return verb === 'restart' ? 'reset' : verb;
}

/** Returns the contract of one of the four power endpoints, which differ in a verb and a few sentences. */
export function powerContract(verb: PowerVerb, summary: string, description: string) {
  return contract({
    name: `compute-instances-${verb}`,
    family: 'compute',
    method: 'POST',
    path: `/api/compute/v1/instances/{id}/${verb}`,
    tag: 'Power',
    summary,
    description: description + ACCEPTED,
    role: null,
    limit: verb,
    idempotent: true,
    // A suspended customer must be able to stop what costs money.
    whileSuspended: verb === 'stop' ? 'allowed' : 'refused',
    clients: ['datastore', 'pubsub'],
    params: instanceParams,
    query: nothing,
    body: null,
    success: [
      {
        status: 202,
        description:
          'Accepted. There is no body, unless the request prefers one or, without a body of its own, is marked as `application/json`: then it is the operation.',
        body: null,
        preferredBody: Operation,
        headers: {
          'Operation-Location': 'Path of the operation, to follow it.',
          'x-operation-id': 'Id of the operation.',
          'Preference-Applied': '`return=representation`, when the body is the operation.',
        },
      },
    ],
    failures: [...LIMITED_FAILURES, ...POST_FAILURES, ...powerFailures({ stops: verb === 'stop' })],
    examples: [{ summary: 'The accepted operation', answer: { ...PENDING_OPERATION, kind: kindOf(verb) } }],
  });
}
