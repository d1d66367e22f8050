import type { FailureReason } from '#shared/domain/reasons.ts';
import { SIGN_IN_FAILURES } from '../common/common-failures.ts';

/** Failures that every administrators' endpoint can return. They require a role and have no rate limit. */
export const ADMIN_FAILURES = [
  'invalid_request',
  ...SIGN_IN_FAILURES,
  'role_missing',
] as const satisfies readonly FailureReason[];
