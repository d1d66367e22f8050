import { DATABASE_MARKER, type DatabaseMarker, MARKER } from '#shared/datastore/bookkeeping-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { Conflict, insert, ref } from '#shared/datastore/write.ts';

/** Identifies the database that this deployment works on, from its configuration. */
export type DatabaseIdentity = Pick<DatabaseMarker, 'database' | 'epochMs'>;

/**
 * Returns whether the database is this deployment's own. The marker of a backup restored elsewhere names another
 * database; the marker of one restored into a recreated database has an older epoch. Such records no longer describe
 * the VMs that exist. `unmarked`: the database has no marker.
 */
export async function databaseState(
  { database, epochMs }: DatabaseIdentity,
  store: Pick<Store, 'get'>,
): Promise<'ours' | 'foreign' | 'unmarked'> {
  const marker = await store.get(ref(DATABASE_MARKER, MARKER));
  if (marker === undefined) return 'unmarked';
  return marker.value.database === database && marker.value.epochMs >= epochMs ? 'ours' : 'foreign';
}

/** Marks a database that has no marker; an existing marker is kept. */
export async function markDatabase(
  identity: DatabaseIdentity,
  { store, nowMs }: { readonly store: Pick<Store, 'commitOnce'>; readonly nowMs: () => number },
): Promise<void> {
  try {
    await store.commitOnce([insert(DATABASE_MARKER, MARKER, { ...identity, madeAtMs: nowMs() })]);
  } catch (thrown) {
    if (!(thrown instanceof Conflict)) throw thrown;
  }
}
