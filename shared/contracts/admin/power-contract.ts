import { POST_FAILURES, powerFailures } from '../common/common-failures.ts';
import { PENDING_OPERATION } from '../compute/example-values.ts';
import { instanceParams, nothing } from '../common/parameters.ts';
import type { PowerVerb } from '../compute/power-contract.ts';
import { Operation } from '../compute/schemas.ts';
import { contract } from '../contract.ts';
import { ADMIN_FAILURES } from './admin-failures.ts';

/**
 * Returns the contract of one of the administrators' four power endpoints, which differ in a verb and a few sentences.
 */
export function adminPowerContract(verb: PowerVerb, summary: string, description: string) {
  return contract({
    name: `admin-instances-${verb}`,
    family: 'compute',
    method: 'POST',
    path: `/api/compute/v1/admin/instances/{id}/${verb}`,
    tag: 'Administration',
    summary,
    description: `${description} The answer comes before the VM has changed.`,
    role: 'compute_admin',
    limit: null,
    idempotent: true,
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
    failures: [...ADMIN_FAILURES, ...POST_FAILURES, ...powerFailures({ stops: verb === 'stop' || verb === 'restart' })],
    examples: [{ summary: 'The accepted operation', answer: { ...PENDING_OPERATION, kind: verb } }],
  });
}
