import type { Operation } from '#shared/domain/operation.ts';
import type { Reply } from '#shared/contracts/reply.ts';
import type { Representation } from '#shared/http/pipeline.ts';
import { operationHeaders, presentOperation } from './present.ts';

/**
 * Returns 202 for an accepted operation. The operation is its body only if the caller asks for one with `Prefer` (RFC 7240),
 * or has marked a request without a body as JSON: such clients parse every response as JSON.
 */
export function answerAccepted({
  representation,
}: {
  readonly representation: Representation;
}): (operation: Operation) => Reply {
  return (operation) => {
    const headers = operationHeaders(operation);
    if (representation === 'none') return { status: 202, headers };
    const applied = representation === 'preferred' ? { 'preference-applied': 'return=representation' } : {};
    return { status: 202, headers: { ...headers, ...applied }, body: presentOperation(operation) };
  };
}
