/** Source: https://docs.cloud.google.com/pubsub/docs/push#push_backoff: "100 milliseconds to 60 seconds". */
const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 60_000;

/**
 * Two examples of the documentation, fitted by one curve: one refusal per four successes pauses up to about 500 ms
 * between deliveries; five refusals a second pause 30 to 60 s. Each refusal raises the pressure by one, each success
 * lowers it by a quarter, and each unit of pressure makes the pause 4.5 times as long.
 */
const PAUSE_GROWTH = 4.5;
const RELIEF = 0.25;
const PRESSURE_MAX = Math.log(PAUSE_MS_MAX / PAUSE_MS_MIN) / Math.log(PAUSE_GROWTH);

/**
 * Not documented: pressure decays while nothing is delivered, so that an old refusal does not delay deliveries for
 * ever.
 */
const FORGOTTEN_PER_MS = 1 / 60_000;

/** Source: "The system starts with a small single-digit window size", and "decreases on any failure". */
const WINDOW_MIN = 1;
const WINDOW_START = 4;

/**
 * The real service grows exponentially up to 3,000; more than this would show nothing further about one endpoint on one
 * machine.
 */
const WINDOW_MAX = 64;

/**
 * Flow control of one subscription: how many push requests may be open, and when the next may begin. The window grows
 * with each success and shrinks with each failure; after failures the whole subscription pauses, whichever message
 * failed.
 */
export class PushFlow {
  #window = WINDOW_START;
  #pressure = 0;
  #changedAtMs = 0;
  #openFromMs = 0;

  /** When the next request may begin; a time in the past means at once. */
  get openFromMs(): number {
    return this.#openFromMs;
  }

  hasRoom(inFlight: number, nowMs: number): boolean {
    if (nowMs < this.#openFromMs) return false;
    // During a back-off "Pub/Sub delivers messages every …", that is one at a time.
    return inFlight < (this.#pressureAt(nowMs) > 0 ? WINDOW_MIN : this.#window);
  }

  /** Records the beginning of a request. */
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
