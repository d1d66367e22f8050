/** https://docs.cloud.google.com/pubsub/docs/push#push_backoff: "100 milliseconds to 60 seconds". */
const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 60_000;

/**
 * The two examples of the documentation, as one curve: with a refusal for every four successes up to about 500 ms between
 * two deliveries, with five refusals a second 30 to 60 s. The pressure is one more with each refusal and a quarter less
 * with each success, and each step of it makes the pause 4.5 times as long.
 */
const PAUSE_GROWTH = 4.5;
const RELIEF = 0.25;
const PRESSURE_MAX = Math.log(PAUSE_MS_MAX / PAUSE_MS_MIN) / Math.log(PAUSE_GROWTH);

/** Not documented: what is forgotten while nothing is delivered, so that an old refusal does not delay for ever. */
const FORGOTTEN_PER_MS = 1 / 60_000;

/** "The system starts with a small single-digit window size", and "decreases on any failure". */
const WINDOW_MIN = 1;
const WINDOW_START = 4;

/** The service goes up to 3,000 exponentially; more than this at once says nothing more about one endpoint on one machine. */
const WINDOW_MAX = 64;

/**
 * How many push requests of one subscription may be open, and when the next may begin: the window grows with each success
 * and shrinks with each failure, and after failures the whole subscription waits, whichever message failed.
 */
export class PushFlow {
  #window = WINDOW_START;
  #pressure = 0;
  #changedAtMs = 0;
  #openFromMs = 0;

  /** When the next request may begin; in the past: now. */
  get openFromMs(): number {
    return this.#openFromMs;
  }

  hasRoom(inFlight: number, nowMs: number): boolean {
    if (nowMs < this.#openFromMs) return false;
    // Under back-off "Pub/Sub delivers messages every …": one at a time.
    return inFlight < (this.#pressureAt(nowMs) > 0 ? WINDOW_MIN : this.#window);
  }

  /** A request begins. */
  begun(nowMs: number): void {
    this.#pauseFrom(nowMs);
  }

  succeeded(nowMs: number): void {
    this.#window = Math.min(WINDOW_MAX, this.#window + 1);
    this.#change(nowMs, -RELIEF);
    if (this.#pressure === 0) this.#openFromMs = nowMs;
  }

  failed(nowMs: number): void {
    this.#window = Math.max(WINDOW_MIN, Math.floor(this.#window / 2));
    this.#change(nowMs, 1);
    this.#pauseFrom(nowMs);
  }

  #change(nowMs: number, by: number): void {
    this.#pressure = Math.max(0, Math.min(PRESSURE_MAX, this.#pressureAt(nowMs) + by));
    this.#changedAtMs = nowMs;
  }

  #pressureAt(nowMs: number): number {
    return Math.max(0, this.#pressure - (nowMs - this.#changedAtMs) * FORGOTTEN_PER_MS);
  }

  #pauseFrom(nowMs: number): void {
    const pressure = this.#pressureAt(nowMs);
    if (pressure > 0) this.#openFromMs = nowMs + PAUSE_MS_MIN * PAUSE_GROWTH ** pressure;
  }
}
