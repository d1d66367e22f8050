import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStart } from './process-start.ts';

interface Holder {
  readonly pid: number;
  readonly port: number;
  /** The token that the holder's gateway returns in `LOCK_HEADER`. */
  readonly token: string;
  /** Start time of the process, from the operating system; `null` if the system does not say. */
  readonly startedAt: string | null;
}

/** Header of a gateway's `/healthz` with the token of the lock that its local cloud holds. */
export const LOCK_HEADER = 'x-state-lock';

/** How long to wait for a holder that is ending. */
const LEAVING_MS = 2_000;
const POLL_MS = 50;
/** How long a gateway on the same machine may take to answer `/healthz`. */
const ANSWER_MS = 1_000;

/** Another local cloud uses this state folder. */
export class StateInUse extends Error {
  override readonly name = 'StateInUse';
}

/**
 * Lets one local cloud at a time use a state folder. A lock file outlives a killed process, and pids are reused. So a
 * lock counts only while the gateway at its port returns the lock's token, or while the process that wrote it,
 * identified by pid and start time, still runs. Any other lock is replaced.
 */
export class StateLock {
  /** Identifies this holder. */
  readonly token = randomUUID();
  readonly #file: string;

  constructor(stateFolder: string) {
    mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
    this.#file = join(stateFolder, 'lock.json');
  }

  /** Throws `StateInUse` if another process uses the folder and does not end within two seconds. */
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

  /** Takes the lock; must be called with the gateway's port once it listens. */
  async acquire(port: number): Promise<void> {
    await this.refuseIfHeld();
    await this.#removeStale();
    const holder: Holder = { pid: process.pid, port, token: this.token, startedAt: processStart(process.pid) ?? null };
    try {
      // Of two processes that start at the same moment, only one creates the file.
      writeFileSync(this.#file, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
    } catch {
      throw new StateInUse('Another one is just starting with the same --state-dir.');
    }
  }

  release(): void {
    if (this.#holder()?.token === this.token) rmSync(this.#file, { force: true });
  }

  /** Renames the lock before removing it: of two processes that found the same stale lock, only one can rename it. */
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
      // An absent or incomplete file (after a crash) means that there is no holder.
      return undefined;
    }
  }
}

/**
 * Returns the holder's state:
 *
 * - `serving`: the gateway at its port returns the lock's token.
 * - `leaving`: the process that wrote the lock still runs, but its gateway does not answer (yet, or any more).
 * - `gone`: neither.
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

/** Returns the lock token of the gateway at a port; `undefined` if nothing or something else listens there. */
async function tokenAt(port: number): Promise<string | undefined> {
  try {
    const health = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) });
    await health.body?.cancel();
    return health.headers.get(LOCK_HEADER) ?? undefined;
  } catch {
    return undefined;
  }
}
