import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStart } from './process-start.ts';

interface Holder {
  readonly pid: number;
  readonly port: number;
  /** What the holder's gateway answers in `LOCK_HEADER`. */
  readonly token: string;
  /** When the process began, as the operating system tells; `null` where it does not tell. */
  readonly startedAt: string | null;
}

/** `/healthz` of a gateway names the lock that the gateway's local cloud holds. */
export const LOCK_HEADER = 'x-state-lock';

/** How long a holder that is on its way out is waited for. */
const LEAVING_MS = 2_000;
const POLL_MS = 50;
/** How long a gateway may take to answer `/healthz`: it is on the same machine. */
const ANSWER_MS = 1_000;

/** Another local cloud serves this state folder. */
export class StateInUse extends Error {
  override readonly name = 'StateInUse';
}

/**
 * Lets one local cloud at a time use a state folder. A lock outlives a killed process, and the number of a process is used
 * again; so a lock counts only while the gateway at its port answers with the lock's own token, or while the process that
 * wrote it can be told from any other and has not ended. Any other lock is taken over.
 */
export class StateLock {
  /** Names this holder. */
  readonly token = randomUUID();
  readonly #file: string;

  constructor(stateFolder: string) {
    mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
    this.#file = join(stateFolder, 'lock.json');
  }

  /** Throws `StateInUse` when another process serves the folder and has not ended within two seconds. */
  async refuseIfHeld(): Promise<void> {
    const waitUntilMs = performance.now() + LEAVING_MS;
    for (;;) {
      const holder = this.#holder();
      if (holder === undefined || holder.token === this.token) return;
      const state = await stateOf(holder);
      if (state === 'gone') return;
      if (performance.now() >= waitUntilMs) throw inUse(holder, state);
      await sleep(POLL_MS);
    }
  }

  /** To be called with the gateway's port, once it listens. */
  async acquire(port: number): Promise<void> {
    await this.refuseIfHeld();
    await this.#removeStale();
    const holder: Holder = { pid: process.pid, port, token: this.token, startedAt: processStart(process.pid) ?? null };
    try {
      // Of two that start at the same moment only one creates the file.
      writeFileSync(this.#file, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
    } catch {
      throw new StateInUse('Another one is just starting with the same --state-dir.');
    }
  }

  release(): void {
    if (this.#holder()?.token === this.token) rmSync(this.#file, { force: true });
  }

  /** Moves the lock aside before removing it: of two that found the same stale lock only one can move it. */
  async #removeStale(): Promise<void> {
    const aside = `${this.#file}.${this.token}`;
    try {
      renameSync(this.#file, aside);
    } catch {
      return;
    }
    const moved = this.#holder(aside);
    if (moved !== undefined && (await stateOf(moved)) !== 'gone') {
      // Another start was faster, and this is its lock.
      renameSync(aside, this.#file);
      throw new StateInUse('Another one is just starting with the same --state-dir.');
    }
    rmSync(aside, { force: true });
  }

  #holder(file = this.#file): Holder | undefined {
    try {
      const { pid, port, token, startedAt } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Holder>;
      if (typeof pid !== 'number' || typeof port !== 'number') return undefined;
      return { pid, port, token: token ?? '', startedAt: startedAt ?? null };
    } catch {
      // Absent, or cut short by a crash: there is no holder.
      return undefined;
    }
  }
}

/**
 * - `serving`: the gateway at its port answers with the lock's token.
 * - `leaving`: the process that wrote the lock still runs, and its gateway does not answer (yet, or any more).
 */
async function stateOf(holder: Holder): Promise<'serving' | 'leaving' | 'gone'> {
  if (holder.token !== '' && (await tokenAt(holder.port)) === holder.token) return 'serving';
  return holder.startedAt !== null && processStart(holder.pid) === holder.startedAt ? 'leaving' : 'gone';
}

function inUse({ pid, port }: Holder, state: 'serving' | 'leaving'): StateInUse {
  return new StateInUse(
    state === 'serving'
      ? `It runs already at http://127.0.0.1:${port} (process ${pid}). Stop that one, or use another --state-dir.`
      : `Process ${pid} still uses this --state-dir and has not ended. Wait for its end, or use another --state-dir.`,
  );
}

/** Which lock the gateway at a port holds; `undefined` when there is none, or something else listens there. */
async function tokenAt(port: number): Promise<string | undefined> {
  try {
    const health = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) });
    await health.body?.cancel();
    return health.headers.get(LOCK_HEADER) ?? undefined;
  } catch {
    return undefined;
  }
}
