import { DATABASE_MARKER, type DatabaseMarker, MARKER } from '#shared/datastore/bookkeeping-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { Conflict, insert, ref } from '#shared/datastore/write.ts';

/** Which database this deployment works on, as its configuration says. */
export type DatabaseIdentity = Pick<DatabaseMarker, 'database' | 'epochMs'>;

/**
 * Whether the database is the one that this deployment was made with. A backup that was restored elsewhere names another
 * database, and one that was brought back into a database made anew has an older epoch: what such records say of VMs is
 * not true any more. `unmarked`: nothing says.
 */
export async function databaseState(
  { database, epochMs }: DatabaseIdentity,
  store: Pick<Store, 'get'>,
): Promise<'ours' | 'foreign' | 'unmarked'> {
  const marker = await store.get(ref(DATABASE_MARKER, MARKER));
  if (marker === undefined) return 'unmarked';
  return marker.value.database === database && marker.value.epochMs >= epochMs ? 'ours' : 'foreign';
}

/** Marks a database that has no marker. A marker that is there stays. */
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
