import type { FailureKind } from '#shared/domain/failure.ts';

/** What any endpoint of administrators can answer: they have no rate limit, but need a role. */
export const ADMIN_FAILURES = [
  'invalid_request',
  'unauthenticated',
  'forbidden',
  'internal',
  'unavailable',
] as const satisfies readonly FailureKind[];
