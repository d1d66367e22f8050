import { TtlCache } from '#shared/concurrency/ttl-cache.ts';
import { RATE_COUNTER, type RateCounter as RateCounterRow } from '#shared/datastore/bookkeeping-rows.ts';
import { COUNTER_RETENTION_MS } from '#shared/datastore/retention.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref, type Ref, type Write } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { Log } from '#shared/domain/log.ts';
import type { Principal } from '#shared/domain/principal.ts';
import {
  type RateLimitToken,
  type RateWindow,
  secondsUntil,
  tokenAt,
  WINDOW_MS,
  windowAt,
} from '#shared/domain/rate-limit.ts';
import { DISABLED, type LimitedOperation, type Tier, UNLIMITED } from '#shared/domain/tier.ts';
import { TokenCounter } from './token-counter.ts';

/** The counter of one customer, operation and minute. */
export function rateCounterRef(customerId: string, operation: string, windowIndex: number): Ref<RateCounterRow> {
  return ref(RATE_COUNTER, `${customerId}|${operation}|${windowIndex}`);
}

/** Counters that a process remembers: of this minute, and what the last minute says about the demand. */
const COUNTERS_MAX = 10_000;

export interface RateLimiterOptions {
  readonly store: Pick<Store, 'incrementAll' | 'commitOnce'>;
  readonly nowMs: () => number;
  readonly log?: Pick<Log, 'warn'>;
}

/**
 * Grants tokens of rate limits. A counter in Datastore is incremented and answers its new value in one atomic write, so any
 * number of processes together grant at most the limit, and no token can lose a race.
 */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  /** By customer and operation. */
  readonly #counters = new TtlCache<TokenCounter>({ ttlMs: 2 * WINDOW_MS, sizeMax: COUNTERS_MAX });

  constructor(options: RateLimiterOptions) {
    this.#options = options;
  }

  /** One token of `operation`, granted or not. `deferred` are written beside it: see `writeDeferred`. */
  async spend(
    principal: Principal,
    tier: Tier,
    operation: LimitedOperation,
    deferred: readonly Write[],
  ): Promise<RateLimitToken> {
    const limit = tier.perMinute[operation];
    const nowMs = this.#options.nowMs();
    const window = windowAt(nowMs);
    if (limit === UNLIMITED || limit === DISABLED) {
      await this.writeDeferred(deferred);
      return tokenAt(operation, limit, limit === DISABLED ? 1 : 0, window);
    }
    const counter = this.#counter(`${principal.customerId}|${operation}`, window, nowMs);
    const [count] = await Promise.all([counter.take(limit), this.writeDeferred(deferred)]);
    return tokenAt(operation, limit, count, window);
  }

  /**
   * Writes that tell something by the way, such as a key's last use: in a commit of their own, because one that fails (its
   * row was removed meanwhile) must neither fail the request nor make its token be spent twice.
   */
  async writeDeferred(writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return;
    try {
      await this.#options.store.commitOnce(writes);
    } catch (thrown) {
      this.#options.log?.warn('a deferred write was lost', { cause: thrown });
    }
  }

  /** `not_in_tier` for a limit of 0, which no waiting changes; `rate_limited` otherwise. */
  refusal(token: RateLimitToken): Failure {
    if (token.limit === DISABLED) {
      const text = `Your tier does not include ${token.operation} requests. Ask your administrator for another tier.`;
      return new Failure('forbidden', text, { reason: 'not_in_tier' });
    }
    const retryAfterSeconds = secondsUntil(token.resetAtMs, this.#options.nowMs());
    const text = `More than ${token.limit} ${token.operation} requests in a minute. Please wait ${retryAfterSeconds} s.`;
    return new Failure('rate_limited', text, { retryAfterSeconds });
  }

  /** The counter of this minute; a new one goes on with the block size of the last. */
  #counter(name: string, window: RateWindow, nowMs: number): TokenCounter {
    const known = this.#counters.get(name, nowMs);
    if (known?.windowIndex === window.index) return known;
    const { store, nowMs: clock } = this.#options;
    const target = ref(RATE_COUNTER, `${name}|${window.index}`);
    const counter = new TokenCounter({
      windowIndex: window.index,
      last: known,
      increment: (amounts) => store.incrementAll(target, amounts, window.endsAtMs + COUNTER_RETENTION_MS),
      nowMs: clock,
    });
    this.#counters.set(name, counter, nowMs);
    return counter;
  }
}
