import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { Faults } from '#scripts/emulators/faults.ts';
import { COMPOSITE_INDEXES } from '#shared/datastore/indexes.ts';
import type { Kind, Properties } from '#shared/datastore/kind.ts';
import { EVENT, INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put } from '#shared/datastore/write.ts';
import { nextEvent } from '#shared/domain/history.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { usageOf } from './datastore-usage.ts';
import { localStore } from '#test/support/local-store.ts';

export interface EntriesOfKind {
  readonly kind: string;
  readonly now: number;
  /** With every property indexed, as Datastore does by itself. */
  readonly all: number;
}

/** Returns the index entries of a new row of the kinds that requests write most, as the embedded Datastore keeps them. */
export async function indexEntriesOfRows(): Promise<readonly EntriesOfKind[]> {
  let written = 0;
  const clock = new ShiftableClock();
  const datastore = new DatastoreEmulator({
    clock,
    faults: new Faults(),
    compositeIndexes: COMPOSITE_INDEXES,
    onAnswered: (call) => (written = usageOf(call).indexEntries),
  });
  await datastore.start();
  const store = localStore(datastore.address);
  const entriesOf = async <T>(kind: Kind<T>, row: T): Promise<EntriesOfKind> => {
    await store.write([put(kind, 'now', row)]);
    const now = written;
    await store.write([put({ ...kind, encode: (value) => whollyIndexed(kind.encode(value)) }, 'all', row)]);
    return { kind: kind.name, now, all: written };
  };
  try {
    const instance = anInstance();
    const actor = { type: 'user' as const, id: instance.userId };
    const made = { id: 'op', actor, requestId: 'r', atMs: instance.createdAtMs };
    const change = {
      status: 'RUNNING' as const,
      atMs: made.atMs,
      cause: 'operation' as const,
      actor,
      operationId: 'op',
    };
    return [
      await entriesOf(INSTANCE, instance),
      await entriesOf(OPERATION, pendingOperation('stop', instance, made)),
      await entriesOf(EVENT, nextEvent(instance, change)),
    ];
  } finally {
    await store.close();
    await datastore.stop();
    clock.stop();
  }
}

function whollyIndexed(properties: Properties): Properties {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name, { ...value, excludeFromIndexes: false }]),
  );
}
