import type { Operation } from '#shared/domain/operation.ts';
import type { Reply } from '#shared/contracts/reply.ts';
import type { Representation } from '#shared/http/pipeline.ts';
import { operationHeaders, presentOperation } from './present.ts';

/**
 * Returns 202 for an accepted operation: without a body, unless the caller prefers the operation as body (RFC 7240) or
 * expects a body.
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
