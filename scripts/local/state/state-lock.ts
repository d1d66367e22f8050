import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { takesConnections } from './ports.ts';

interface Holder {
  readonly pid: number;
  readonly port: number;
}

/** Somebody else serves this state folder. */
export class StateInUse extends Error {
  override readonly name = 'StateInUse';
}

/**
 * Lets one local cloud at a time use a state folder. A lock outlives a killed process, so one counts only while its process
 * lives and its gateway's port takes connections; any other is taken over.
 */
export class StateLock {
  readonly #file: string;

  constructor(stateFolder: string) {
    mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
    this.#file = join(stateFolder, 'lock.json');
  }

  /** Throws `StateInUse` when the folder is served by another process. */
  async refuseIfHeld(): Promise<void> {
    const holder = this.#holder();
    if (holder === undefined || holder.pid === process.pid) return;
    if (isAlive(holder.pid) && (await takesConnections(holder.port))) {
      throw new StateInUse(
        `It runs already at http://127.0.0.1:${holder.port} (process ${holder.pid}). Stop that one, or use another --state-dir.`,
      );
    }
  }

  /** To be called with the gateway's port, once it listens. */
  async acquire(port: number): Promise<void> {
    await this.refuseIfHeld();
    rmSync(this.#file, { force: true });
    const holder: Holder = { pid: process.pid, port };
    try {
      // Of two that start at the same moment only one creates the file.
      writeFileSync(this.#file, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
    } catch {
      throw new StateInUse('Another one is just starting with the same --state-dir.');
    }
  }

  release(): void {
    if (this.#holder()?.pid === process.pid) rmSync(this.#file, { force: true });
  }

  #holder(): Holder | undefined {
    try {
      const { pid, port } = JSON.parse(readFileSync(this.#file, 'utf8')) as Partial<Holder>;
      return typeof pid === 'number' && typeof port === 'number' ? { pid, port } : undefined;
    } catch {
      // Absent, or cut short by a crash: nobody holds it.
      return undefined;
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // A process of another user exists although it may not be signalled.
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
