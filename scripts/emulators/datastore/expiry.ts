import { createHash } from 'node:crypto';

import { kindOf } from './keys.ts';
import { blob } from './rows.ts';
import type { Store } from './store.ts';
import type { Change } from './transactions.ts';
import type { WireEntity } from './wire.ts';
import { microsOf } from './wire.ts';

/** A TTL policy: rows of these kinds are removed some time after the time in this property. */
export interface TtlPolicy {
  readonly kinds: readonly string[];
  /** Name of a property of type timestamp, indexed or not. Rows without it are kept. */
  readonly property: string;
}

/** Source: "Typically within 24 hours after its expiration date", https://docs.cloud.google.com/datastore/docs/ttl */
const LAG_MICROS_MAX = 24 * 3600 * 1_000_000;

const BATCH = 500;

/**
 * Removes rows whose TTL has expired. Each row has its own moment within the service's lag, the same one in every run.
 * Until then lookups and queries return the row, as on the real service.
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

  /** Records an entity's expiry; must be called for every entity that is written. */
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

  /** Removes due rows and returns the changes. */
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
