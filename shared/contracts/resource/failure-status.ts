import type { FailureReason } from '#shared/domain/reasons.ts';
import { FAILURE_STATUS } from '../failure-status.ts';

/**
 * Reasons with another status than their kind has. Callers of this family choose machine, image and disk themselves, so a
 * combination that Compute Engine refuses is a request that cannot be honoured, not our failure. A public key that is none
 * is well-formed JSON that cannot be honoured.
 */
export const RESOURCE_REASON_STATUS: Readonly<Partial<Record<FailureReason, number>>> = {
  cloud_invalid_argument: FAILURE_STATUS.unprocessable,
  invalid_public_key: FAILURE_STATUS.unprocessable,
};
