import { Batcher } from '#shared/concurrency/batcher.ts';
import { TtlCache } from '#shared/concurrency/ttl-cache.ts';
import { RATE_COUNTER, type RateCounter as RateCounterRow } from '#shared/datastore/bookkeeping-rows.ts';
import { COUNTER_RETENTION_MS } from '#shared/datastore/retention.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref, type Ref, type Write } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { type RateLimitToken, secondsUntil, tokenAt, WINDOW_MS, windowAt } from '#shared/domain/rate-limit.ts';
import { DISABLED, type LimitedOperation, type Tier, UNLIMITED } from '#shared/domain/tier.ts';

/** The counter of one customer, operation and minute. */
export function rateCounterRef(customerId: string, operation: string, windowIndex: number): Ref<RateCounterRow> {
  return ref(RATE_COUNTER, `${customerId}|${operation}|${windowIndex}`);
}

/** Counters known to be used up, remembered until their minute is over. */
const FULL_MAX = 10_000;

/** One request that wants its place in the count. */
interface Spending {
  readonly counter: Ref<RateCounterRow>;
  readonly expireAtMs: number;
  readonly notes: readonly Write[];
}

/**
 * Spends turns of rate limits. A counter in Datastore is incremented and answers its new value in one atomic write, so any
 * number of processes together grant exactly the limit, and no turn can lose a race: there is nothing to retry.
 */
export class RateLimiter {
  readonly #store: Store;
  readonly #nowMs: () => number;
  /** One entity takes few writes a second, and busy customers are those whose requests meet: these share a write. */
  readonly #counts = new Batcher<Spending, number>((spendings) => this.#count(spendings));
  readonly #full = new TtlCache<true>({ ttlMs: WINDOW_MS, sizeMax: FULL_MAX });

  constructor(options: { readonly store: Store; readonly nowMs: () => number }) {
    this.#store = options.store;
    this.#nowMs = options.nowMs;
  }

  /** One turn of `operation`. `notes` are written along with it. Answers the turn whether it was granted or not. */
  async spend(
    principal: Principal,
    tier: Tier,
    operation: LimitedOperation,
    notes: readonly Write[],
  ): Promise<RateLimitToken> {
    const limit = tier.perMinute[operation];
    const nowMs = this.#nowMs();
    const window = windowAt(nowMs);
    if (limit === UNLIMITED || limit === DISABLED) {
      if (notes.length > 0) await this.#store.write(notes);
      return tokenAt(operation, limit, limit === DISABLED ? 1 : 0, window);
    }
    const counter = rateCounterRef(principal.customerId, operation, window.index);
    // A count never falls within its minute: once full, asking again would only heat the counter.
    if (this.#full.get(counter.id, nowMs) !== undefined) return tokenAt(operation, limit, limit + 1, window);
    const expireAtMs = window.endsAtMs + COUNTER_RETENTION_MS;
    const count = await this.#counts.ask(counter.id, { counter, expireAtMs, notes });
    if (count > limit) this.#full.set(counter.id, true, nowMs);
    return tokenAt(operation, limit, count, window);
  }

  async #count(spendings: readonly Spending[]): Promise<(place: number) => number> {
    const [first] = spendings;
    if (first === undefined) return () => 0;
    const { counter, expireAtMs } = first;
    // Two requests with one key note the same use; a commit may write a row only once.
    const notes = new Map(
      spendings.flatMap((spending) => spending.notes).map((note) => [`${note.ref.kind.name}/${note.ref.id}`, note]),
    );
    const by = spendings.length;
    const { count } = await this.#store.increment(counter, 'count', { expireAtMs, by, also: [...notes.values()] });
    return (place) => count - by + 1 + place;
  }

  refusal(turn: RateLimitToken): Failure {
    const retryAfterSeconds = secondsUntil(turn.resetAtMs, this.#nowMs());
    const text =
      turn.limit === DISABLED
        ? `Your tier does not include ${turn.operation} requests.`
        : `More than ${turn.limit} ${turn.operation} requests in a minute. Please wait ${retryAfterSeconds} s.`;
    return new Failure('rate_limited', text, { retryAfterSeconds });
  }
}
