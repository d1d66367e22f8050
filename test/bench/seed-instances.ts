import { Command } from 'commander';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { Faults } from '#scripts/emulators/faults.ts';
import { LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { COMPOSITE_INDEXES } from '#shared/datastore/indexes.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { seededInstances } from '#test/support/seeded-instances.ts';

/** Records written between two lines of progress. */
const PROGRESS_EVERY = 100_000;
const RECORDS_MAX = 5_000_000;

/**
 * Fills the store of an embedded Datastore with instance records: the same ones in every run, never all in memory.
 * Existing records are overwritten, so an interrupted seeding can be repeated.
 */
export function seedInstances(emulator: DatastoreEmulator, records: number, progress: (done: number) => void): void {
  let done = 0;
  emulator.bulkLoad(
    (function* () {
      for (const instance of seededInstances(records)) {
        yield {
          key: {
            partitionId: { projectId: LOCAL_PROJECT, databaseId: '', namespaceId: '' },
            path: [{ kind: INSTANCE.name, name: instance.id }],
          },
          properties: INSTANCE.encode(instance),
        };
        done += 1;
        if (done % PROGRESS_EVERY === 0) progress(done);
      }
    })(),
  );
}

/** Opens the embedded Datastore over its state file, as the local cloud does. */
export function embeddedDatastore(stateFile: string): DatastoreEmulator {
  return new DatastoreEmulator({
    stateFile,
    clock: new ShiftableClock(),
    faults: new Faults(),
    compositeIndexes: COMPOSITE_INDEXES,
  });
}

export function parsedRecords(text: string): number {
  const records = Number(text);
  if (!Number.isInteger(records) || records < 1 || records > RECORDS_MAX) {
    throw new Error(`The number of records is a whole one from 1 to ${RECORDS_MAX}.`);
  }
  return records;
}

if (import.meta.main) {
  const { records, file } = new Command('seed-instances')
    .description('Fills an embedded Datastore with instance records; the local cloud must not run on the file.')
    .requiredOption('--records <number>', 'how many', parsedRecords)
    .requiredOption('--file <path>', "the store's file: `datastore.sqlite` of the local cloud's state folder")
    .parse()
    .opts<{ records: number; file: string }>();
  const emulator = embeddedDatastore(file);
  seedInstances(emulator, records, (done) => console.log(`${done} of ${records}`));
  await emulator.stop();
}
