import { readCredential } from '#shared/auth/credential.ts';
import { FAILURE_STATUS } from '#shared/contracts/failure-status.ts';
import type { Failure } from '#shared/domain/failure.ts';
import type { RateLimitToken } from '#shared/domain/rate-limit.ts';
import type { FamilyAdapter } from '#shared/http/pipeline.ts';

/**
 * The one refusal of Compute Engine that is the caller's to mend: in this family callers choose machine, image and disk
 * themselves, so an impossible combination is a request that cannot be honoured, not our failure.
 */
const STATUS_OF_REASON: Readonly<Record<string, number>> = {
  cloud_invalid_argument: FAILURE_STATUS.unprocessable,
};

const HOW = 'Send Authorization: Bearer <token>, or the headers api-key and api-secret, or X-API-Key.';

/** Sentences of the core that speak of credentials, with this family's own form beside the recommended ones. */
const TEXT_OF_REASON: Readonly<Record<string, string>> = {
  credentials_missing: `Credentials are missing. ${HOW}`,
  credentials_invalid: `The credentials are not valid or have expired. ${HOW}`,
};

/** The resource family: a key in one string, a bearer token or a key pair; errors are one sentence. */
export const resourceFamily: FamilyAdapter = {
  name: 'resource',
  credential: (headers) => readCredential(headers, { oneStringKey: true }),
  limitHeaders,
  failure: (failure: Failure, { errorId }) => ({
    status: STATUS_OF_REASON[failure.reason] ?? FAILURE_STATUS[failure.kind],
    contentType: 'application/json; charset=utf-8',
    headers: {
      'x-error-id': errorId,
      ...(failure.kind === 'unauthenticated' ? { 'www-authenticate': 'Bearer realm="compute-api"' } : {}),
    },
    body: { error: TEXT_OF_REASON[failure.reason] ?? failure.message },
  }),
};

/** On every answer; -1 where nothing is counted. */
function limitHeaders(token: RateLimitToken): Readonly<Record<string, string>> {
  return {
    'x-ratelimit-limit': String(token.limit),
    'x-ratelimit-remaining': String(token.remaining),
    'x-ratelimit-reset': String(Math.ceil(token.resetAtMs / 1000)),
  };
}
