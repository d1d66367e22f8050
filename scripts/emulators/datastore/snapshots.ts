import { indexedValues } from './entities.ts';
import type { Store } from './store.ts';
import type { Change } from './transactions.ts';
import { entityId } from './transactions.ts';
import { decodeEntity } from './wire.ts';

/** Thrown to roll back the temporarily restored state. */
const ROLLBACK = new Error('The snapshot has been read.');

/** Reads an earlier version: restores what `changes` (oldest first) have replaced, calls `read`, and rolls back. */
export function readAsOf<T>(store: Store, changes: readonly Change[], read: () => T): T {
  if (changes.length === 0) return read();
  const first = new Map<string, Change>();
  for (const change of changes) {
    const id = entityId(change.partitionId, change.key);
    if (!first.has(id)) first.set(id, change);
  }
  let result: { readonly value: T } | undefined;
  try {
    store.write(() => {
      for (const change of first.values()) restore(store, change);
      result = { value: read() };
      throw ROLLBACK;
    });
  } catch (thrown) {
    if (thrown !== ROLLBACK) throw thrown;
  }
  if (result === undefined) throw new Error('A snapshot was not read.');
  return result.value;
}

function restore(store: Store, { partitionId, key, before, version }: Change): void {
  const now = store.entity(partitionId, key);
  if (now !== undefined) store.remove(partitionId, key, now, version);
  if (before === undefined) return;
  const values = indexedValues(decodeEntity(before.data));
  store.put(partitionId, key, { ...before, values }, undefined);
}
