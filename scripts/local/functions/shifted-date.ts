/**
 * Makes this process live in the local cloud's time: `Date.now()`, `new Date()` and `Date()` show real time plus the
 * offset. Deployed code knows no clock but `Date`, so moving it is the only way to move that code without changing it.
 * Timers keep real time, as a process that was suspended would.
 */
export class ShiftedDate {
  #offsetMs = 0;

  /** Takes effect at once, for code that was loaded before too. Call it once in a process. */
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

  /** How far this process is ahead of real time. */
  set offsetMs(offsetMs: number) {
    this.#offsetMs = offsetMs;
  }
}
