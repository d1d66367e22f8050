import type { FailureKind } from '../failure.ts';

/** Whether repeating the same request can succeed. `after_change`: only after the caller has changed something else. */
export const REPEATS = ['no', 'after_change', 'later'] as const;
export type Repeat = (typeof REPEATS)[number];

/** Documentation of a reason. */
export interface ReasonEntry {
  /** Kind of the failures with this reason; `null`: only operations and statuses have it, no request fails with it. */
  readonly kind: FailureKind | null;
  /** A few words. */
  readonly title: string;
  /** What happened, in a sentence or two. */
  readonly meaning: string;
  /** What the caller can do. */
  readonly remedy: string;
  readonly repeat: Repeat;
}
