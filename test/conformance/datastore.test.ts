import { afterAll, beforeAll, describe } from 'vitest';

import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { Faults } from '#scripts/emulators/faults.ts';
import type { DatastoreTarget } from '#test/support/datastore-target.ts';
import { findFirestoreEmulator, startFirestoreEmulator } from '#test/support/google-emulators.ts';
import { handwrittenClientCases } from './datastore-handwritten-cases.ts';
import { queryCases } from './datastore-query-cases.ts';
import { transactionCases } from './datastore-transaction-cases.ts';
import { writeCases } from './datastore-write-cases.ts';

// Both emulators run the same cases, so that the embedded one does not differ from Google's. Cases that Google's
// emulator lacks or decides otherwise than production, and cases that need a clock to be moved, are in
// datastore-embedded.test.ts with the reason.

describe('embedded Datastore emulator', () => {
  conformance(async () => {
    const emulator = new DatastoreEmulator({ clock: new ShiftableClock(), faults: new Faults() });
    await emulator.start();
    return emulator;
  });
});

const googles = findFirestoreEmulator();
if (googles === undefined)
  console.log("Google's Firestore emulator is not installed: its half of the Datastore suite is skipped.");

describe.skipIf(googles === undefined)("Google's Firestore emulator in Datastore mode", { timeout: 30_000 }, () => {
  conformance(async () => {
    const emulator = await startFirestoreEmulator();
    if (emulator === undefined) throw new Error('The emulator has gone since it was found.');
    return emulator;
  });
});

function conformance(start: () => Promise<DatastoreTarget>): void {
  let target: DatastoreTarget;
  beforeAll(async () => {
    target = await start();
  });
  afterAll(() => target.stop());

  writeCases(() => target);
  transactionCases(() => target);
  queryCases(() => target);
  handwrittenClientCases(() => target);
}
