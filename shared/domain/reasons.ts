import type { FailureKind } from './failure.ts';
import { BID_REASONS } from './reasons/bid-reasons.ts';
import { CLOUD_REASONS } from './reasons/cloud-reasons.ts';
import { COMMAND_REASONS } from './reasons/command-reasons.ts';
import { DESK_REASONS } from './reasons/desk-reasons.ts';
import { INSTANCE_REASONS } from './reasons/instance-reasons.ts';
import { REQUEST_REASONS } from './reasons/request-reasons.ts';
import { VOLUME_REASONS } from './reasons/volume-reasons.ts';

/**
 * Every reason of a failure, an operation or a status; other words do not compile. Functions import only the types of
 * this list, so its texts are not part of their bundles, only of the documentation.
 */
export const REASONS = {
  ...REQUEST_REASONS,
  ...INSTANCE_REASONS,
  ...BID_REASONS,
  ...CLOUD_REASONS,
  ...COMMAND_REASONS,
  ...VOLUME_REASONS,
  ...DESK_REASONS,
} as const;

export type Reason = keyof typeof REASONS;

/** The reasons of failures of one kind. */
export type ReasonOf<K extends FailureKind> = {
  [R in Reason]: (typeof REASONS)[R]['kind'] extends K ? R : never;
}[Reason];

/** Reasons that a failed request can have. */
export type FailureReason = ReasonOf<FailureKind>;

/** Returns the kind of failure of a reason; the parameter's type excludes reasons without a kind. */
export function kindOf(reason: FailureReason): FailureKind {
  return REASONS[reason].kind;
}
