import { Worker } from 'node:worker_threads';

/**
 * Indices of the memory shared by both threads: the count of event loop iterations, and the seed of the history being
 * played.
 */
export const BEATS = 0;
export const SEED = 1;

export interface WatchdogData {
  readonly shared: SharedArrayBuffer;
  readonly stallMs: number;
}

/**
 * Ends this process if its event loop stands still in real time, because code that never yields cannot be stopped
 * within its own thread. Prints the seed of the history first.
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

  /** Starts watching the history of this seed. */
  watch(seed: number): void {
    Atomics.store(this.#view, SEED, seed);
    this.beat();
  }

  /** Reports an iteration of the event loop. */
  beat(): void {
    Atomics.add(this.#view, BEATS, 1);
  }
}
