import type { FailureKind } from './failure.ts';
import { BID_REASONS } from './reasons/bid-reasons.ts';
import { CLOUD_REASONS } from './reasons/cloud-reasons.ts';
import { COMMAND_REASONS } from './reasons/command-reasons.ts';
import { DESK_REASONS } from './reasons/desk-reasons.ts';
import { INSTANCE_REASONS } from './reasons/instance-reasons.ts';
import { REQUEST_REASONS } from './reasons/request-reasons.ts';
import { VOLUME_REASONS } from './reasons/volume-reasons.ts';

/**
 * Every reason that a failure, an operation or a status can give. A word that is not here does not compile. Functions that
 * answer requests import the types of this list only, so that its texts are in no bundle but the documentation's.
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

/** Reasons that a request can be answered with. */
export type FailureReason = ReasonOf<FailureKind>;

/** Narrowed by the list itself: `null` kinds never reach it. */
export function kindOf(reason: FailureReason): FailureKind {
  return REASONS[reason].kind;
}
