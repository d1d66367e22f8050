import type { FailureKind } from '#shared/domain/failure.ts';

/** What any endpoint of administrators can answer: they need a role; `rate_limited` is said of failed sign-ins alone. */
export const ADMIN_FAILURES = [
  'invalid_request',
  'unauthenticated',
  'forbidden',
  'rate_limited',
  'internal',
  'unavailable',
] as const satisfies readonly FailureKind[];
