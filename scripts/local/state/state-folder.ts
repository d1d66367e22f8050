import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Everything that a local cloud writes, except for `snapshots/`; nothing else in the folder is ever removed. */
export const SQLITE_STATE = ['datastore', 'pubsub', 'compute'] as const;
const SQLITE_ENDINGS = ['', '-wal', '-shm', '-journal'] as const;
const OTHER_FILES = ['clock.json', 'principals.json', 'connection.json', 'processes.json'] as const;

export type StateName = (typeof SQLITE_STATE)[number];

/** Returns the path of an emulator's state file. */
export function stateFile(stateFolder: string, name: StateName): string {
  return join(stateFolder, `${name}.sqlite`);
}

export function createStateFolder(stateFolder: string): void {
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
}

/** Removes all state, including credentials and logs. Not for a folder that is in use. */
export function clearState(stateFolder: string): void {
  clearMachinesAndRecords(stateFolder);
  for (const name of OTHER_FILES) rmSync(join(stateFolder, name), { force: true });
  rmSync(join(stateFolder, 'logs'), { recursive: true, force: true });
}

/** Removes the emulators' state only. Not for a folder that is in use. */
export function clearMachinesAndRecords(stateFolder: string): void {
  for (const name of SQLITE_STATE) {
    for (const ending of SQLITE_ENDINGS) rmSync(stateFile(stateFolder, name) + ending, { force: true });
  }
}
