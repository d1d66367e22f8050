import type { Operation } from '#shared/domain/operation.ts';
import type { Reply } from '#shared/contracts/reply.ts';
import { operationHeaders, presentOperation } from './present.ts';

/** 202 for an accepted operation: no body, unless the caller prefers the operation itself (RFC 7240). */
export function answerAccepted({
  wantsRepresentation,
}: {
  readonly wantsRepresentation: boolean;
}): (operation: Operation) => Reply {
  return (operation) => {
    const headers = operationHeaders(operation);
    if (!wantsRepresentation) return { status: 202, headers };
    return {
      status: 202,
      headers: { ...headers, 'preference-applied': 'return=representation' },
      body: presentOperation(operation),
    };
  };
}
