import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Everything a local cloud writes; nothing else in the folder is ever removed. */
const STATE_NAMES = ['datastore', 'pubsub', 'compute'] as const;
const SQLITE_ENDINGS = ['', '-wal', '-shm', '-journal'] as const;
const OTHER_FILES = ['clock.json', 'principals.json', 'connection.json', 'processes.json'] as const;

export type StateName = (typeof STATE_NAMES)[number];

/** Where an emulator keeps its state. */
export function stateFile(stateFolder: string, name: StateName): string {
  return join(stateFolder, `${name}.sqlite`);
}

export function createStateFolder(stateFolder: string): void {
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
}

/** Forgets everything, credentials and logs too. Not for a folder that is in use. */
export function clearState(stateFolder: string): void {
  for (const name of STATE_NAMES) {
    for (const ending of SQLITE_ENDINGS) rmSync(stateFile(stateFolder, name) + ending, { force: true });
  }
  for (const name of OTHER_FILES) rmSync(join(stateFolder, name), { force: true });
  rmSync(join(stateFolder, 'logs'), { recursive: true, force: true });
}
