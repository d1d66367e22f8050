import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { Faults } from '#scripts/emulators/faults.ts';
import { COMPOSITE_INDEXES } from '#shared/datastore/indexes.ts';
import type { CompositeIndex } from '#shared/datastore/query.ts';
import { Store } from '#shared/datastore/store.ts';

export const TEST_PROJECT = 'demo-project';

/**
 * Starts an empty Datastore emulator with the declared indexes, and a store that uses it through Google's client. Both
 * are closed when the test ends.
 */
export async function testDatastore(compositeIndexes: readonly CompositeIndex[] = COMPOSITE_INDEXES) {
  const clock = new ShiftableClock();
  const faults = new Faults();
  const emulator = new DatastoreEmulator({ clock, faults, compositeIndexes });
  await emulator.start();
  const store = new Store({
    project: TEST_PROJECT,
    database: '',
    emulatorHost: emulator.address,
    random: () => 0,
    sleep: async () => undefined,
  });
  onTestFinished(async () => {
    await store.close();
    await emulator.stop();
    clock.stop();
  });
  return { store, faults, emulator, address: emulator.address };
}

/** Returns a source of bytes that look random and are the same in every run. */
export function countedBytes(): (bytes: number) => Buffer {
  let count = 0;
  return (bytes) => {
    count += 1;
    const blocks = Array.from({ length: Math.ceil(bytes / 32) }, (_, i) =>
      createHash('sha256').update(`${count}/${i}`).digest(),
    );
    return Buffer.concat(blocks).subarray(0, bytes);
  };
}
