import { Batcher } from '#shared/concurrency/batcher.ts';
import { TtlCache } from '#shared/concurrency/ttl-cache.ts';
import { RATE_COUNTER } from '#shared/datastore/bookkeeping-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import { secondsUntil, WINDOW_MS, windowAt } from '#shared/domain/rate-limit.ts';

/** Addresses whose count is remembered per process; some hundred bytes each. */
const REMEMBERED_MAX = 5_000;
/** Longest IPv6 address with a zone; what is longer was not written by a proxy of ours. */
const ADDRESS_LENGTH_MAX = 64;

interface CountedFailure {
  readonly address: string;
  readonly nowMs: number;
}

/**
 * Counts failed sign-ins by address and minute, over all processes. The count decides how a credential that does not hold
 * is refused, never whether a right one is let in: secrets have 256 random bits, so the count is against load, not against
 * guessing. Beyond the limit a process counts no more, so an address costs few writes a minute.
 */
export class FailedSignIns {
  readonly #store: Store;
  readonly #perMinute: number;
  /** The count of each address and minute, as far as this process knows. */
  readonly #known = new TtlCache<number>({ ttlMs: WINDOW_MS, sizeMax: REMEMBERED_MAX });
  /** One entity takes about one write a second: failures of one address that meet share a write. */
  readonly #counts = new Batcher<CountedFailure, number>((failures) => this.#count(failures));

  constructor(options: { readonly store: Store; readonly perMinute: number }) {
    this.#store = options.store;
    this.#perMinute = options.perMinute;
  }

  /**
   * Counts one failure, in the store if it cost a look-up there, else in this process only. Throws `rate_limited` when the
   * address was beyond the limit already.
   */
  async add(address: string, { nowMs, cheap }: { readonly nowMs: number; readonly cheap: boolean }): Promise<void> {
    const window = windowAt(nowMs);
    const key = counterId(address, nowMs);
    const known = this.#known.get(key, nowMs) ?? 0;
    if (known >= this.#perMinute) throw tooManyFailures(window.endsAtMs, nowMs);
    const count = cheap ? known + 1 : Math.max(known + 1, await this.#counts.ask(key, { address, nowMs }));
    this.#known.set(key, Math.max(count, this.#known.get(key, nowMs) ?? 0), nowMs);
    if (count > this.#perMinute) throw tooManyFailures(window.endsAtMs, nowMs);
  }

  async #count(failures: readonly CountedFailure[]): Promise<(place: number) => number> {
    const [first] = failures;
    if (first === undefined) return () => 0;
    const by = failures.length;
    const expireAtMs = windowAt(first.nowMs).endsAtMs + WINDOW_MS;
    const counter = ref(RATE_COUNTER, counterId(first.address, first.nowMs));
    const { count } = await this.#store.increment(counter, 'count', { expireAtMs, by });
    return (place) => count - by + 1 + place;
  }
}

function counterId(address: string, nowMs: number): string {
  return `sign-in|${address.slice(0, ADDRESS_LENGTH_MAX)}|${windowAt(nowMs).index}`;
}

function tooManyFailures(endsAtMs: number, nowMs: number): Failure {
  return new Failure('rate_limited', 'Too many failed sign-ins from this address. Please wait.', {
    reason: 'too_many_failed_sign_ins',
    retryAfterSeconds: secondsUntil(endsAtMs, nowMs),
  });
}
