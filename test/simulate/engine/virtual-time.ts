import { syncBuiltinESMExports } from 'node:module';
import timersPromises from 'node:timers/promises';
import type { Cancel, Clock } from '#scripts/emulators/clock.ts';

interface Event {
  readonly dueMs: number;
  /** Order among events that are due at the same time: the one planned first happens first. */
  readonly sequence: number;
  readonly task: () => void;
  cancelled: boolean;
}

/** Node's own setImmediate, kept before timers are replaced. */
const nextIteration = setImmediate;

/**
 * Most events at one point of virtual time. A busy world has some hundred; more means a loop that waits for time to
 * pass without sleeping.
 */
const EVENTS_AT_ONCE_MAX = 20_000;

/** Limits of one history. A regular one takes up to four hours until everything is idle, and some thousand events. */
const HOURS_MAX = 12;
const EVENTS_MAX = 500_000;

export interface VirtualTimeOptions {
  /** Most events between two restarts; more count as a world that never ends. */
  readonly eventsMax?: number;
  /** Called after each iteration of this process's event loop. */
  readonly onIteration?: () => void;
}

/**
 * The awaited promise will never settle: no event is planned, virtual time does not advance, or a limit is exceeded.
 */
export class Endless extends Error {
  override readonly name = 'Endless';
}

/**
 * The virtual time of a simulated world. When all promises have settled, the clock jumps to the next planned event, so
 * nothing waits in real time. `install` replaces the clock and timers of this process for Google's clients and the
 * emulators. All code of the world must use promises, immediates and timers only; then the order of events is
 * reproducible.
 */
export class VirtualTime implements Clock {
  #nowMs: number;
  #sequence = 0;
  /** A binary heap, earliest first. */
  readonly #heap: Event[] = [];
  #immediates: Event[] = [];
  /** Events since the last restart, and since the clock last moved. */
  #events = 0;
  #atOnce = 0;
  #movedAtMs = 0;
  #untilMs = Number.POSITIVE_INFINITY;

  readonly #eventsMax: number;
  readonly #onIteration: () => void;

  constructor(nowMs: number, { eventsMax = EVENTS_MAX, onIteration = () => undefined }: VirtualTimeOptions = {}) {
    this.#nowMs = nowMs;
    this.#eventsMax = eventsMax;
    this.#onIteration = onIteration;
  }

  nowMs(): number {
    return Math.floor(this.#nowMs);
  }

  /** Rounded up, because `nowMs` shows whole milliseconds: at a fraction it would show a time before `atMs`. */
  at(atMs: number, task: () => void): Cancel {
    const event = this.#plan(Math.max(Math.ceil(atMs), this.#nowMs), task);
    return () => {
      event.cancelled = true;
    };
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#plan(this.#nowMs + Math.max(0, ms), resolve));
  }

  /** Drops every planned event and moves to a later time, for the next world. */
  restart(nowMs: number): void {
    this.#heap.length = 0;
    this.#immediates = [];
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    this.#events = 0;
    this.#atOnce = 0;
    this.#untilMs = this.#nowMs + HOURS_MAX * 3_600_000;
  }

  /**
   * Advances virtual time until the promise has settled, and returns its result. Throws Endless if it will not settle.
   */
  async run<T>(work: Promise<T>): Promise<T> {
    const state = { settled: false };
    const mark = (): void => {
      state.settled = true;
    };
    work.then(mark, mark);
    for (;;) {
      await new Promise((resolve) => nextIteration(resolve));
      this.#onIteration();
      if (state.settled) return work;
      this.#step();
      this.#requireEnd();
    }
  }

  #requireEnd(): void {
    this.#events += 1;
    this.#atOnce = this.#nowMs === this.#movedAtMs ? this.#atOnce + 1 : 0;
    this.#movedAtMs = this.#nowMs;
    if (this.#atOnce > EVENTS_AT_ONCE_MAX) throw new Endless('Time stands still: something repeats without waiting.');
    if (this.#events > this.#eventsMax) throw new Endless(`It has not ended after ${this.#eventsMax} events.`);
    if (this.#nowMs > this.#untilMs) throw new Endless(`It has not ended after ${HOURS_MAX} hours.`);
  }

  #step(): void {
    if (this.#immediates.length > 0) {
      const due = this.#immediates;
      this.#immediates = [];
      for (const event of due) if (!event.cancelled) event.task();
      return;
    }
    for (;;) {
      const event = this.#pop();
      if (event === undefined) throw new Endless('Nothing is left to happen.');
      if (event.cancelled) continue;
      this.#nowMs = Math.max(this.#nowMs, event.dueMs);
      event.task();
      return;
    }
  }

  /** Replaces the clock and the timers of this process. Call it once. */
  install(): void {
    this.#installDate();
    this.#installDeadlines();
    const timer = (task: (...args: unknown[]) => void, ms: unknown, args: unknown[]): Event =>
      this.#plan(this.#nowMs + Math.max(1, Number(ms ?? 1) || 1), () => task(...args));
    const replaced = {
      setTimeout: (task: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) =>
        new Timer(timer(task, ms, args)),
      // Intervals never fire: a periodic task would keep an idle world busy for ever, and no code of the world needs
      // one.
      setInterval: () => new Timer(undefined),
      setImmediate: (task: (...args: unknown[]) => void, ...args: unknown[]) => {
        const event: Event = { dueMs: 0, sequence: 0, task: () => task(...args), cancelled: false };
        this.#immediates.push(event);
        return new Timer(event);
      },
      clearTimeout: cancel,
      clearInterval: cancel,
      clearImmediate: cancel,
    };
    Object.assign(globalThis, replaced);
    Object.assign(timersPromises, {
      setTimeout: (ms?: number, value?: unknown, options?: { readonly signal?: AbortSignal }) =>
        new Promise((resolve, reject) => {
          const { signal } = options ?? {};
          const abort = (): void => reject(new DOMException('The wait was aborted.', 'AbortError'));
          if (signal?.aborted === true) {
            abort();
            return;
          }
          signal?.addEventListener('abort', abort, { once: true });
          timer(() => resolve(value), ms, []);
        }),
    });
    syncBuiltinESMExports();
  }

  #installDate(): void {
    const now = (): number => this.nowMs();
    const virtual = new Proxy(Date, {
      construct: (target, given: unknown[], newTarget: NewableFunction) =>
        Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget) as Date,
      apply: (target) => new target(now()).toString(),
    });
    Object.defineProperty(Date, 'now', { value: now, writable: true, configurable: true });
    globalThis.Date = virtual;
  }

  /**
   * Replaces AbortSignal.timeout, whose deadlines run in real time: when a busy machine simulates slowly, they would abort
   * calls that are in time by the world's own clock.
   */
  #installDeadlines(): void {
    AbortSignal.timeout = (ms) => {
      const controller = new AbortController();
      this.#plan(this.#nowMs + ms, () =>
        controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
      );
      return controller.signal;
    };
  }

  #plan(dueMs: number, task: () => void): Event {
    this.#sequence += 1;
    const event: Event = { dueMs, sequence: this.#sequence, task, cancelled: false };
    this.#heap.push(event);
    let at = this.#heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfEarlier(at, parent)) break;
      at = parent;
    }
    return event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      if (left >= heap.length) return first;
      const child = left + 1 < heap.length && isEarlier(heap[left + 1], heap[left]) ? left + 1 : left;
      if (!this.#swapIfEarlier(child, at)) return first;
      at = child;
    }
  }

  #swapIfEarlier(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined || !isEarlier(one, other)) return false;
    this.#heap[a] = other;
    this.#heap[b] = one;
    return true;
  }
}

function isEarlier(one: Event | undefined, other: Event | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.sequence < other.sequence);
}

function cancel(timer: unknown): void {
  if (timer instanceof Timer) timer.close();
}

/** The timer object that the replaced functions return, with the members that callers use. */
class Timer {
  readonly #event: Event | undefined;

  constructor(event: Event | undefined) {
    this.#event = event;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  close(): void {
    if (this.#event !== undefined) this.#event.cancelled = true;
  }
}
