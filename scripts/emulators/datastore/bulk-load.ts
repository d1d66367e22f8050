import type { Clock } from '../clock.ts';
import { checkProperties, checkSize, indexedValues } from './entities.ts';
import { checkKey, encodePath } from './keys.ts';
import type { IndexEntry } from './index-table.ts';
import type { Store } from './store.ts';
import { encodeEntity, entityFromObject } from './wire.ts';

const BATCH = 20_000;

/**
 * Upserts entities in big transactions and returns their number. Open transactions of callers do not conflict with
 * them.
 */
export function bulkLoad(store: Store, entities: Iterable<Readonly<Record<string, unknown>>>, clock: Clock): number {
  let count = 0;
  let batch: Readonly<Record<string, unknown>>[] = [];
  const flush = (): void => {
    loadBatch(store, batch, clock.nowMs());
    count += batch.length;
    batch = [];
  };
  for (const entity of entities) {
    batch.push(entity);
    if (batch.length === BATCH) flush();
  }
  flush();
  return count;
}

function loadBatch(store: Store, batch: readonly Readonly<Record<string, unknown>>[], nowMs: number): void {
  store.write(() => {
    const version = store.nextVersion(nowMs);
    const entries: (IndexEntry & { readonly key: Buffer })[] = [];
    for (const object of batch) {
      const { key, properties } = entityFromObject(object);
      const partition = key?.partitionId;
      if (key === undefined || key === null || partition === undefined || partition === null) {
        throw new Error('An entity to load needs a key with its partition.');
      }
      checkKey(key, { forWrite: true, incomplete: false });
      checkProperties(properties);
      const partitionId = store.partitionId(partition);
      const keyBytes = encodePath(key.path);
      const before = store.entity(partitionId, keyBytes);
      const data = encodeEntity({ key, properties });
      const values = indexedValues({ key, properties });
      checkSize(data, values);
      const after = { version, createdMicros: before?.createdMicros ?? version, data, values };
      if (before === undefined) {
        store.insertEntity(partitionId, keyBytes, after);
        for (const entry of store.indexes.entries(partitionId, keyBytes, values))
          entries.push({ ...entry, key: keyBytes });
      } else {
        store.put(partitionId, keyBytes, after, before);
      }
    }
    store.indexes.insertEntries(entries);
  });
}
