import type { FailureReason } from '#shared/domain/reasons.ts';
import { FAILURE_STATUS } from '../failure-status.ts';

/**
 * Reasons whose status differs from that of their kind. Callers of this family choose machine, image and disk
 * themselves, so a combination that Compute Engine refuses is the caller's error and not an internal one. An invalid
 * public key is well-formed JSON, so it is `unprocessable`, too.
 */
export const RESOURCE_REASON_STATUS: Readonly<Partial<Record<FailureReason, number>>> = {
  cloud_invalid_argument: FAILURE_STATUS.unprocessable,
  invalid_public_key: FAILURE_STATUS.unprocessable,
};
