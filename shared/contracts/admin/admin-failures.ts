import type { FailureReason } from '#shared/domain/reasons.ts';
import { SIGN_IN_FAILURES } from '../common/common-failures.ts';

/** What any endpoint of administrators can answer: they need a role, and no rate limit counts them. */
export const ADMIN_FAILURES = [
  'invalid_request',
  ...SIGN_IN_FAILURES,
  'role_missing',
] as const satisfies readonly FailureReason[];
