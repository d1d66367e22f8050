import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { clearMachinesAndRecords, SQLITE_STATE, stateFile } from '#scripts/local/state/state-folder.ts';

/** Letters, digits, dots, dashes and underscores, so that a name cannot lead out of the folder. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const CLOCK = 'clock.json';
const PRINCIPALS = 'principals.json';

export interface SnapshotEntry {
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly madeAt: string;
}

/** An invalid or unknown name of a snapshot; the message says which. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}

/** Copies of a local cloud's whole state by name, in `snapshots/` of the state folder. */
export class Snapshots {
  readonly #stateFolder: string;
  readonly #folder: string;

  constructor(stateFolder: string) {
    this.#stateFolder = stateFolder;
    this.#folder = join(stateFolder, 'snapshots');
  }

  /** Returns the snapshots, newest first. */
  list(): readonly SnapshotEntry[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder)
      .filter((name) => NAME.test(name))
      .map((name) => ({ name, madeAt: statSync(join(this.#folder, name)).mtime.toISOString() }))
      .sort((a, b) => b.madeAt.localeCompare(a.madeAt));
  }

  /**
   * Saves the present state, also while the cloud runs, and replaces a snapshot of the same name. Each database is
   * consistent in itself; a request in progress may be in one of them and not yet in another, as after a crash.
   */
  save(name: string): void {
    requireName(name);
    const folder = join(this.#folder, name);
    const unfinished = join(this.#folder, `.${name}.unfinished`);
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true, mode: 0o700 });
    for (const state of SQLITE_STATE) {
      const file = stateFile(this.#stateFolder, state);
      if (existsSync(file)) copyDatabase(file, stateFile(unfinished, state));
    }
    for (const file of [CLOCK, PRINCIPALS]) copyIfThere(join(this.#stateFolder, file), join(unfinished, file));
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
  }

  /** Replaces the state by a snapshot. Only allowed while no cloud uses the state. */
  restore(name: string): void {
    this.require(name);
    const folder = join(this.#folder, name);
    clearMachinesAndRecords(this.#stateFolder);
    for (const state of SQLITE_STATE) copyIfThere(stateFile(folder, state), stateFile(this.#stateFolder, state));
    for (const file of [CLOCK, PRINCIPALS]) copyIfThere(join(folder, file), join(this.#stateFolder, file));
  }

  /** Throws a SnapshotError unless a snapshot of this name exists. */
  require(name: string): void {
    requireName(name);
    if (existsSync(join(this.#folder, name))) return;
    const names = this.list().map((entry) => entry.name);
    throw new SnapshotError(
      `There is no snapshot ${name}. ${names.length === 0 ? 'There is none yet.' : `There are: ${names.join(', ')}.`}`,
    );
  }
}

function requireName(name: string): void {
  if (!NAME.test(name)) {
    throw new SnapshotError(
      'The name must be 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first.',
    );
  }
}

/**
 * Copies a database that may be in use, with SQLite's own command: https://www.sqlite.org/lang_vacuum.html#vacuuminto.
 */
function copyDatabase(from: string, to: string): void {
  const database = new DatabaseSync(from, { readOnly: true });
  try {
    database.prepare('VACUUM INTO ?').run(to);
  } finally {
    database.close();
  }
}

function copyIfThere(from: string, to: string): void {
  if (existsSync(from)) copyFileSync(from, to);
}
