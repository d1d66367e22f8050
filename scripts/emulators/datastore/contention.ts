import { status } from '@grpc/grpc-js';

import type { Clock } from '../clock.ts';
import type { PreparedMutation } from './commits.ts';
import { StatusError } from './status-error.ts';
import { entityId } from './transactions.ts';

/** The rate of writes that one entity allows. */
export interface ContentionOptions {
  /**
   * Sustained writes per second. The real service recommends at most 1:
   * https://docs.cloud.google.com/datastore/docs/best-practices#entities
   */
  readonly writesPerSecond: number;
  /** Writes allowed at once after a pause. */
  readonly burst: number;
}

/** Maximum number of tracked entities; those with a full burst allowance are dropped first. */
const ENTITIES_MAX = 10_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

/**
 * Refuses too frequent writes of one entity, as the real service does under contention: with ABORTED, for plain writes
 * too, and without applying anything (google-cloud-datastore#175, python-ndb#383).
 */
export class Contention {
  readonly #options: ContentionOptions;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: ContentionOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Counts a write of each entity. Throws, and counts none, if one of them was written too often. */
  take(mutations: readonly Pick<PreparedMutation, 'partitionId' | 'keyBytes'>[]): void {
    const nowMs = this.#clock.nowMs();
    const ids = new Set(mutations.map(({ partitionId, keyBytes }) => entityId(partitionId, keyBytes)));
    const buckets = [...ids].map((id) => this.#bucket(id, nowMs));
    if (buckets.some(({ tokens }) => tokens < 1)) throw contended();
    for (const bucket of buckets) bucket.tokens -= 1;
  }

  clear(): void {
    this.#buckets.clear();
  }

  #bucket(id: string, nowMs: number): Bucket {
    const { writesPerSecond, burst } = this.#options;
    const bucket = this.#buckets.get(id) ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * writesPerSecond);
    bucket.atMs = nowMs;
    this.#buckets.set(id, bucket);
    if (this.#buckets.size > ENTITIES_MAX) this.#forget(nowMs);
    return bucket;
  }

  #forget(nowMs: number): void {
    const { writesPerSecond, burst } = this.#options;
    for (const [id, { tokens, atMs }] of this.#buckets) {
      if (tokens + ((nowMs - atMs) / 1000) * writesPerSecond >= burst) this.#buckets.delete(id);
    }
  }
}

export function contended(): StatusError {
  return new StatusError(status.ABORTED, 'too much contention on these datastore entities. please try again.');
}
