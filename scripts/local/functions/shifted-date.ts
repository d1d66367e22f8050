/**
 * Makes this process use the local cloud's time: `Date.now()`, `new Date()` and `Date()` show real time plus the
 * offset. Deployed code reads the time only through `Date`, so this moves its clock without changing the code. Timers
 * keep real time, as in a process that was suspended.
 */
export class ShiftedDate {
  #offsetMs = 0;

  /** Takes effect at once, also for code that was loaded before. Call it once per process. */
  install(): void {
    const realNow = Date.now.bind(Date);
    const now = (): number => realNow() + this.#offsetMs;
    const shifted = new Proxy(Date, {
      construct: (target, given: unknown[], newTarget: NewableFunction) =>
        Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget) as Date,
      apply: (target) => new target(now()).toString(),
    });
    Object.defineProperty(Date, 'now', { value: now, writable: true, configurable: true });
    Object.defineProperty(Date.prototype, 'constructor', { value: shifted, writable: true, configurable: true });
    globalThis.Date = shifted;
  }

  /** Offset of this process's clock from real time. */
  set offsetMs(offsetMs: number) {
    this.#offsetMs = offsetMs;
  }
}
