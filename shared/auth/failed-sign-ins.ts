import { Batcher } from '#shared/concurrency/batcher.ts';
import { TtlCache } from '#shared/concurrency/ttl-cache.ts';
import { RATE_COUNTER } from '#shared/datastore/bookkeeping-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import { secondsUntil, WINDOW_MS, windowAt } from '#shared/domain/rate-limit.ts';

/** Maximum number of addresses whose count is cached per process; an entry takes some hundred bytes. */
const REMEMBERED_MAX = 5_000;
/** Length of the longest IPv6 address with a zone; our proxies append nothing longer. */
const ADDRESS_LENGTH_MAX = 64;

interface CountedFailure {
  readonly address: string;
  readonly nowMs: number;
}

/**
 * Counts failed sign-ins per address and minute over all processes. The count decides whether an invalid credential
 * gets 401 or 429, never whether a valid one is accepted: secrets have 256 random bits, so the limit protects against
 * load, not against guessing. Beyond the limit a process stops counting, so an address causes only few writes per
 * minute.
 */
export class FailedSignIns {
  readonly #store: Store;
  readonly #perMinute: number;
  /** The last known count by address and minute. */
  readonly #known = new TtlCache<number>({ ttlMs: WINDOW_MS, sizeMax: REMEMBERED_MAX });
  /**
   * Datastore sustains about one write per second to one entity, so simultaneous failures of an address share a write.
   */
  readonly #counts = new Batcher<CountedFailure, number>((failures) => this.#count(failures));

  constructor(options: { readonly store: Store; readonly perMinute: number }) {
    this.#store = options.store;
    this.#perMinute = options.perMinute;
  }

  /**
   * Counts one failure: in the store if verifying the credential needed a look-up (`cheap` is false), otherwise in this
   * process only. Throws `rate_limited` when the address exceeds the limit.
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
