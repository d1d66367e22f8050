/** A cache with a time to live and a maximum size, beyond which the oldest entries are evicted. */
export class TtlCache<T> {
  readonly #entries = new Map<string, { readonly value: T; readonly untilMs: number }>();
  readonly #ttlMs: number;
  readonly #sizeMax: number;

  constructor(options: { readonly ttlMs: number; readonly sizeMax: number }) {
    this.#ttlMs = options.ttlMs;
    this.#sizeMax = options.sizeMax;
  }

  get(key: string, nowMs: number): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.untilMs > nowMs) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, value: T, nowMs: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, untilMs: nowMs + this.#ttlMs });
    if (this.#entries.size <= this.#sizeMax) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
