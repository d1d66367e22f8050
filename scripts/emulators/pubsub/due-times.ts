import type { Cancel, Clock } from '../clock.ts';

/** Items that become due at times of the clock, with one timer for all of them. */
export class DueTimes<T extends { dueMs: number }> {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  readonly #items = new Set<T>();
  #alarm: { readonly atMs: number; readonly cancel: Cancel } | undefined;
  #isClosed = false;

  /** `onDue` is called when items may be due; it then calls `due`. */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  set(item: T, dueMs: number): void {
    item.dueMs = dueMs;
    this.#items.add(item);
    this.wakeAt(dueMs);
  }

  delete(item: T): void {
    this.#items.delete(item);
  }

  /** Returns the items that are due, in no particular order; they stay until they are deleted or set again. */
  due(nowMs: number): readonly T[] {
    return [...this.#items].filter(({ dueMs }) => dueMs <= nowMs);
  }

  wakeAt(atMs: number): void {
    if (this.#isClosed || (this.#alarm !== undefined && this.#alarm.atMs <= atMs)) return;
    this.#alarm?.cancel();
    const cancel = this.#clock.at(atMs, () => {
      this.#alarm = undefined;
      this.#onDue();
    });
    this.#alarm = { atMs, cancel };
  }

  /** Must be called after due items were handled. */
  wakeForRest(): void {
    for (const { dueMs } of this.#items) this.wakeAt(dueMs);
  }

  close(): void {
    this.#isClosed = true;
    this.#alarm?.cancel();
  }
}
