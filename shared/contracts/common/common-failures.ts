import type { FailureKind } from '#shared/domain/failure.ts';

/** What any endpoint with a rate limit can answer. `rate_limited` is said of failed sign-ins as well. */
export const LIMITED_FAILURES = [
  'invalid_request',
  'unauthenticated',
  'rate_limited',
  'internal',
  'unavailable',
] as const satisfies readonly FailureKind[];

/** What `Idempotency-Key` and a request body can bring about on top. */
export const POST_FAILURES = [
  'conflict',
  'payload_too_large',
  'unprocessable',
] as const satisfies readonly FailureKind[];
