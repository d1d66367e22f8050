/** Cancels a timer that has not fired. */
export type Cancel = () => void;

/**
 * The clock that all parts of the local cloud share, so that moving it moves all of them: emulators, scheduler and,
 * through the function host, the functions.
 */
export interface Clock {
  /** Epoch milliseconds. */
  nowMs(): number;
  /** Runs `task` once when the clock shows `atMs` or later; never synchronously. */
  at(atMs: number, task: () => void): Cancel;
}

interface Timer {
  readonly atMs: number;
  readonly task: () => void;
}

/** setTimeout fires at once for delays above 2^31 - 1 ms, so a longer wait is divided. */
const TIMEOUT_MS_MAX = 2_147_483_647;

/**
 * Real time plus an offset that only grows. Moving the clock fires every timer that becomes due, in order, so a test
 * waits for nothing: a VM that boots in 2 s runs as soon as the clock has been moved by 2 s. If the time source does
 * not advance, only moving the clock counts, however slow the machine is.
 */
export class ShiftableClock implements Clock {
  #offsetMs: number;
  readonly #realNowMs: () => number;
  readonly #timers = new Set<Timer>();
  #alarm: NodeJS.Timeout | undefined;

  constructor(offsetMs = 0, realNowMs: () => number = Date.now) {
    this.#offsetMs = offsetMs;
    this.#realNowMs = realNowMs;
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }

  nowMs(): number {
    return this.#realNowMs() + this.#offsetMs;
  }

  at(atMs: number, task: () => void): Cancel {
    const timer = { atMs, task };
    this.#timers.add(timer);
    this.#setAlarm();
    return () => {
      this.#timers.delete(timer);
      this.#setAlarm();
    };
  }

  advance(seconds: number): void {
    this.#offsetMs += seconds * 1000;
    this.#setAlarm();
  }

  /** Drops all timers, so that the process can end. */
  stop(): void {
    this.#timers.clear();
    clearTimeout(this.#alarm);
  }

  #setAlarm(): void {
    clearTimeout(this.#alarm);
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const timer of this.#timers) earliestMs = Math.min(earliestMs, timer.atMs);
    if (earliestMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(Math.max(0, earliestMs - this.nowMs()), TIMEOUT_MS_MAX);
    this.#alarm = setTimeout(() => this.#fireDue(), delayMs);
  }

  #fireDue(): void {
    const nowMs = this.nowMs();
    const due = [...this.#timers].filter((timer) => timer.atMs <= nowMs).sort((a, b) => a.atMs - b.atMs);
    for (const timer of due) {
      if (this.#timers.delete(timer)) timer.task();
    }
    this.#setAlarm();
  }
}
