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

/** Returns the reference of the counter for one customer, operation and minute. */
export function rateCounterRef(customerId: string, operation: string, windowIndex: number): Ref<RateCounterRow> {
  return ref(RATE_COUNTER, `${customerId}|${operation}|${windowIndex}`);
}

/** Maximum number of counters cached per process. The last minute's are kept too, to predict the demand. */
const COUNTERS_MAX = 10_000;

export interface RateLimiterOptions {
  readonly store: Pick<Store, 'incrementAll' | 'commitOnce'>;
  readonly nowMs: () => number;
  readonly log?: Pick<Log, 'warn'>;
}

/**
 * Grants rate-limit tokens. One atomic write increments a counter in Datastore and returns its new value, so any number
 * of processes together never grant more than the limit.
 */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  /** Keyed by customer and operation. */
  readonly #counters = new TtlCache<TokenCounter>({ ttlMs: 2 * WINDOW_MS, sizeMax: COUNTERS_MAX });

  constructor(options: RateLimiterOptions) {
    this.#options = options;
  }

  /**
   * Takes one token of `operation` and returns whether it is granted. `deferred` writes are committed too: see
   * `writeDeferred`.
   */
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
   * Commits writes that are not essential to the request, such as a key's last use. They have a commit of their own: if
   * it fails, for example because the key's row was deleted, neither the request fails nor is its token spent twice.
   */
  async writeDeferred(writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return;
    try {
      await this.#options.store.commitOnce(writes);
    } catch (thrown) {
      this.#options.log?.warn('a deferred write was lost', { cause: thrown });
    }
  }

  /** Returns `forbidden` (`not_in_tier`) for a limit of 0, because waiting does not help; `rate_limited` otherwise. */
  refusal(token: RateLimitToken): Failure {
    if (token.limit === DISABLED) {
      const text = `Your tier does not include ${token.operation} requests. Ask your administrator for another tier.`;
      return new Failure('forbidden', text, { reason: 'not_in_tier' });
    }
    const retryAfterSeconds = secondsUntil(token.resetAtMs, this.#options.nowMs());
    const text = `More than ${token.limit} ${token.operation} requests in a minute. Please wait ${retryAfterSeconds} s.`;
    return new Failure('rate_limited', text, { retryAfterSeconds });
  }

  /** Returns the counter of this minute; a new one starts with the last minute's block size. */
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
