import { createHash } from 'node:crypto';

import { kindOf } from './keys.ts';
import { blob } from './rows.ts';
import type { Store } from './store.ts';
import type { Change } from './transactions.ts';
import type { WireEntity } from './wire.ts';
import { microsOf } from './wire.ts';

/** A TTL policy: rows of these kinds go some time after what their property says. */
export interface TtlPolicy {
  readonly kinds: readonly string[];
  /** Of type timestamp, indexed or not. Rows without it stay. */
  readonly property: string;
}

/** "Typically within 24 hours after its expiration date": https://docs.cloud.google.com/datastore/docs/ttl */
const LAG_MICROS_MAX = 24 * 3600 * 1_000_000;

const BATCH = 500;

/**
 * When which row is removed for its TTL: at its own moment within the lag, the same one each time. Until then lookups and
 * queries show it, as they do on the real service.
 */
export class Expiry {
  readonly #store: Store;
  readonly #property: string;
  readonly #kinds: ReadonlySet<string>;

  constructor(store: Store, { kinds, property }: TtlPolicy) {
    this.#store = store;
    this.#property = property;
    this.#kinds = new Set(kinds);
  }

  /** To be called with every entity that is written. */
  note(partitionId: number, key: Buffer, entity: WireEntity): void {
    const value = entity.properties[this.#property];
    const kind = entity.key === undefined || entity.key === null ? undefined : kindOf(entity.key.path);
    if (kind === undefined || !this.#kinds.has(kind) || value?.valueType !== 'timestampValue') {
      this.forget(partitionId, key);
      return;
    }
    const due = Number(microsOf(value.timestampValue)) + lagMicros(key);
    this.#store.run('INSERT OR REPLACE INTO expiry (partition_id, key, due) VALUES (?, ?, ?)', [partitionId, key, due]);
  }

  forget(partitionId: number, key: Buffer): void {
    this.#store.run('DELETE FROM expiry WHERE partition_id = ? AND key = ?', [partitionId, key]);
  }

  /** Removes what is due; answers what that has changed. */
  sweep(nowMs: number): readonly Change[] {
    const changes: Change[] = [];
    for (;;) {
      const removed = this.#store.write(() => this.#sweepBatch(nowMs));
      changes.push(...removed.changes);
      if (removed.rows < BATCH) return changes;
    }
  }

  #sweepBatch(nowMs: number): { readonly rows: number; readonly changes: readonly Change[] } {
    const store = this.#store;
    const rows = store.all(`SELECT partition_id, key FROM expiry WHERE due <= ? ORDER BY due LIMIT ${BATCH}`, [
      Math.floor(nowMs * 1000),
    ]);
    if (rows.length === 0) return { rows: 0, changes: [] };
    const version = store.nextVersion(nowMs);
    const changes: Change[] = [];
    for (const row of rows) {
      const partitionId = Number(row['partition_id']);
      const key = blob(row['key']);
      const before = store.entity(partitionId, key);
      this.forget(partitionId, key);
      if (before === undefined) continue;
      store.remove(partitionId, key, before, version);
      changes.push({ version, partitionId, key, before, after: undefined });
    }
    return { rows: rows.length, changes };
  }
}

function lagMicros(key: Buffer): number {
  const fraction = createHash('sha256').update(key).digest().readUInt32BE(0) / 2 ** 32;
  return Math.floor(fraction * LAG_MICROS_MAX);
}
