import { CloudError } from './cloud-error.ts';

/** After the first refusal; doubles with each one that follows, up to the most. Compute Engine counts by the minute. */
const PAUSE_MS = { first: 1_000, most: 16_000 };

/**
 * Looks at VMs for callers that have the record to fall back on. Compute Engine limits the reads of the whole platform
 * together, so:
 *
 * - Looks at one VM that meet share a call. A key holds the version of the record, so a call is shared only by callers who
 *   have read the same record: what it says is as true for each of them as for the one who made it, and is never compared
 *   with a record that was written since. Each caller has been allowed to see the record before they ask.
 * - After `rate_limited` no caller's look is sent for a while. Then one is, and the others wait for nothing: they are
 *   refused until that one was answered.
 */
export class Looks {
  readonly #nowMs: () => number;
  readonly #underWay = new Map<string, Promise<unknown>>();
  #refusals = 0;
  #pausedUntilMs = 0;
  #trying = false;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Throws `rate_limited` without having asked while the process backs off. */
  async share<T>(key: string, look: () => Promise<T>): Promise<T> {
    const known = this.#underWay.get(key);
    // Only a look of this type is kept under this key.
    if (known !== undefined) return known as Promise<T>;
    const asked = this.#ask(look);
    this.#underWay.set(key, asked);
    try {
      return await asked;
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #ask<T>(look: () => Promise<T>): Promise<T> {
    if (this.#nowMs() < this.#pausedUntilMs || this.#trying) {
      throw new CloudError('rate_limited', 'Not asked: Compute Engine has told this process to slow down.');
    }
    const isTrial = this.#refusals > 0;
    this.#trying = isTrial;
    try {
      const found = await look();
      this.#refusals = 0;
      return found;
    } catch (thrown) {
      if (thrown instanceof CloudError && thrown.reason === 'rate_limited') this.#backOff();
      throw thrown;
    } finally {
      if (isTrial) this.#trying = false;
    }
  }

  #backOff(): void {
    // Looks that were under way when the first was refused get the same refusal, which adds nothing.
    if (this.#nowMs() < this.#pausedUntilMs) return;
    this.#refusals += 1;
    this.#pausedUntilMs = this.#nowMs() + Math.min(PAUSE_MS.first * 2 ** (this.#refusals - 1), PAUSE_MS.most);
  }
}
