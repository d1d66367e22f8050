import { setTimeout as sleep } from 'node:timers/promises';
import { LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { Store } from '#shared/datastore/store.ts';

/** Opens the records of a local cloud. `datastore` is the address of its emulator; the caller closes the store. */
export function localStore(datastore: string): Store {
  return new Store({
    project: LOCAL_PROJECT,
    database: '',
    emulatorHost: datastore,
    random: Math.random,
    sleep: (ms) => sleep(ms),
  });
}
