import { Worker } from 'node:worker_threads';

/** What both threads see: how often the world went on, and the seed of the history that is played. */
export const BEATS = 0;
export const SEED = 1;

export interface WatchdogData {
  readonly shared: SharedArrayBuffer;
  readonly stallMs: number;
}

/**
 * Ends this process when the world stands still in real time: code that never yields to the event loop cannot be stopped
 * from within its own thread. The seed of the history is printed first.
 */
export class Watchdog {
  readonly #view: Int32Array;
  readonly #thread: Worker;

  /** @param stallMs Real time without an iteration of the event loop, ms. */
  constructor(stallMs: number) {
    const shared = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
    this.#view = new Int32Array(shared);
    const workerData: WatchdogData = { shared, stallMs };
    this.#thread = new Worker(new URL('./watchdog-thread.ts', import.meta.url), { workerData, execArgv: [] });
    this.#thread.unref();
  }

  /** The history of this seed begins. */
  watch(seed: number): void {
    Atomics.store(this.#view, SEED, seed);
    this.beat();
  }

  /** The event loop has run once more. */
  beat(): void {
    Atomics.add(this.#view, BEATS, 1);
  }
}
