import { Failure } from './failure.ts';
import { DISABLED, UNLIMITED } from './tier.ts';

/**
 * Returns the usage after adding `count` instances. Throws `quota_exceeded` when they exceed the tier's limit, and
 * `forbidden` (`not_in_tier`) when the tier allows none at all.
 */
export function reserve(used: number, limit: number, count = 1): number {
  if (limit === DISABLED) {
    throw new Failure('forbidden', 'Your tier does not include instances. Ask your administrator for another tier.', {
      reason: 'not_in_tier',
    });
  }
  if (limit !== UNLIMITED && used + count > limit) {
    throw new Failure(
      'quota_exceeded',
      `Your quota allows ${limit} ${limit === 1 ? 'instance' : 'instances'} and ${used} exist${wanted(count)}. ${
        count > limit ? 'Ask for a larger quota.' : 'Delete one first, or ask for a larger quota.'
      }`,
    );
  }
  return used + count;
}

function wanted(count: number): string {
  return count === 1 ? '' : `; ${count} were asked for at once`;
}

/** Returns the usage after removing one instance; never below 0, because a wrong count must not enlarge the quota. */
export function release(used: number): number {
  return Math.max(0, used - 1);
}

/**
 * Returns the GB of volumes in use after adding one. Throws `quota_exceeded` when it exceeds the tier's limit, and
 * `forbidden` (`not_in_tier`) when the tier allows none at all.
 */
export function reserveGb(usedGb: number, sizeGb: number, limitGb: number): number {
  if (limitGb === DISABLED) {
    throw new Failure('forbidden', 'Your tier does not include volumes. Ask your administrator for another tier.', {
      reason: 'not_in_tier',
    });
  }
  if (limitGb !== UNLIMITED && usedGb + sizeGb > limitGb) {
    throw new Failure(
      'quota_exceeded',
      `Your quota allows volumes of ${limitGb} GB together, and ${usedGb} GB are in use. Delete one first, or ask for a larger quota.`,
      { reason: 'volume_quota_exceeded' },
    );
  }
  return usedGb + sizeGb;
}

/** Returns the GB in use after removing one volume; never below 0. */
export function releaseGb(usedGb: number, sizeGb: number): number {
  return Math.max(0, usedGb - sizeGb);
}
