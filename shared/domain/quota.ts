import { Failure } from './failure.ts';
import { DISABLED, UNLIMITED } from './tier.ts';

/** The usage after one more instance. Throws `quota_exceeded` when the tier does not allow it, `not_in_tier` when it allows none. */
export function reserve(used: number, limit: number): number {
  if (limit === DISABLED) {
    throw new Failure('forbidden', 'Your tier does not include instances. Ask your administrator for another tier.', {
      reason: 'not_in_tier',
    });
  }
  if (limit !== UNLIMITED && used >= limit) {
    throw new Failure(
      'quota_exceeded',
      `Your quota allows ${limit} ${limit === 1 ? 'instance' : 'instances'} and ${used} exist. Delete one first, or ask for a larger quota.`,
    );
  }
  return used + 1;
}

/** The usage after one less. Never below zero: a wrong count must not become a larger quota. */
export function release(used: number): number {
  return Math.max(0, used - 1);
}
