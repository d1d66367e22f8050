import { readCredential } from '#shared/auth/credential.ts';
import { FAILURE_STATUS } from '#shared/contracts/failure-status.ts';
import { RESOURCE_REASON_STATUS } from '#shared/contracts/resource/failure-status.ts';
import type { Failure } from '#shared/domain/failure.ts';
import type { RateLimitToken } from '#shared/domain/rate-limit.ts';
import type { FamilyAdapter } from '#shared/http/pipeline.ts';
import { errorHeaders } from '../error-headers.ts';

/** Adapter of the resource family, whose errors are one sentence. */
export const resourceFamily: FamilyAdapter = {
  name: 'resource',
  credential: readCredential,
  limitHeaders,
  failure: (failure: Failure, { errorId }) => ({
    status: statusOf(failure),
    contentType: 'application/json; charset=utf-8',
    headers: errorHeaders(failure, errorId),
    body: { error: failure.message },
  }),
};

function statusOf({ kind, reason }: Failure): number {
  const own: Readonly<Record<string, number>> = RESOURCE_REASON_STATUS;
  return own[reason] ?? FAILURE_STATUS[kind];
}

/** Returns the rate-limit headers of every response; -1 for requests that are not counted. */
function limitHeaders(token: RateLimitToken): Readonly<Record<string, string>> {
  return {
    'x-ratelimit-limit': String(token.limit),
    'x-ratelimit-remaining': String(token.remaining),
    'x-ratelimit-reset': String(Math.ceil(token.resetAtMs / 1000)),
  };
}
