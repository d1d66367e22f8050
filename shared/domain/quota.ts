import { Failure } from './failure.ts';
import { DISABLED, UNLIMITED } from './tier.ts';

/**
 * The usage after `count` more instances. Throws `quota_exceeded` when the tier does not allow all of them, `not_in_tier`
 * when it allows none.
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

/** The usage after one less. Never below zero: a wrong count must not become a larger quota. */
export function release(used: number): number {
  return Math.max(0, used - 1);
}

/** The GB of volumes in use after one more. Throws `quota_exceeded` when the tier does not allow it, `not_in_tier` when it allows none. */
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

/** The GB in use after one volume less. Never below zero. */
export function releaseGb(usedGb: number, sizeGb: number): number {
  return Math.max(0, usedGb - sizeGb);
}
