import type { Clock } from '../clock.ts';
import { injectedError } from './compute-error.ts';

/**
 * Refuses reads beyond `perSecond` with 403 `rateLimitExceeded`, as the real service does. The default of the real service
 * is 1,500 reads a minute in each region, 25 a second on average: https://docs.cloud.google.com/compute/api-quota. Here
 * all reads count as reads of one region.
 */
export class ReadQuota {
  readonly #perSecond: number;
  readonly #clock: Clock;
  #left: number;
  #atMs: number;

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#left = perSecond;
    this.#atMs = clock.nowMs();
  }

  /** Throws when the reads of the last second are used up. */
  take(): void {
    const nowMs = this.#clock.nowMs();
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#left = Math.min(this.#perSecond, this.#left + (passedMs / 1000) * this.#perSecond);
    this.#atMs = nowMs;
    // What Compute Engine says to too many requests: `injectedError` makes that of 429.
    if (this.#left < 1) throw injectedError(429);
    this.#left -= 1;
  }
}
