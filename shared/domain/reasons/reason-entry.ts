import type { FailureKind } from '../failure.ts';

/** Whether the same request, sent once more, can succeed. `after_change`: once the caller has changed something else first. */
export const REPEATS = ['no', 'after_change', 'later'] as const;
export type Repeat = (typeof REPEATS)[number];

/** What one reason says to the people who meet it. */
export interface ReasonEntry {
  /** Kind of the failures that carry it; `null`: no request fails with it, only operations and statuses do. */
  readonly kind: FailureKind | null;
  /** A few words. */
  readonly title: string;
  /** What happened, in a sentence or two. */
  readonly meaning: string;
  /** What the caller can do. */
  readonly remedy: string;
  readonly repeat: Repeat;
}
