import type { FailureReason } from '#shared/domain/reasons.ts';
import { SIGN_IN_FAILURES } from '../common/common-failures.ts';

/** Failures that every endpoint about limits can return. */
export const BILLING_FAILURES = ['invalid_request', ...SIGN_IN_FAILURES] as const satisfies readonly FailureReason[];
