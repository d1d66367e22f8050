import { afterClaim, type BlockState, newBlocks, planBlock } from '#shared/domain/token-blocks.ts';

export interface TokenCounterOptions {
  readonly windowIndex: number;
  /** The counter of the same customer and operation for an earlier minute; its demand predicts this minute's. */
  readonly last: TokenCounter | undefined;
  /** Adds to the counter's row, and resolves to the new values of `count` and `ahead`. */
  readonly increment: (amounts: { readonly count: number; readonly ahead: number }) => Promise<readonly number[]>;
  readonly nowMs: () => number;
}

interface Waiting {
  readonly resolve: (count: number) => void;
  readonly reject: (thrown: unknown) => void;
}

/**
 * The tokens of one customer, operation and minute in one process. At most one write is in progress: requests that
 * arrive meanwhile take tokens of the block that the process holds, or share the next write.
 */
export class TokenCounter {
  readonly windowIndex: number;
  readonly #options: TokenCounterOptions;
  #blocks: BlockState;
  #writtenAtMs: number;
  /**
   * The block of tokens that this process holds: `end` is the minute's count up to its last token, `left` how many of its
   * tokens remain.
   */
  #block = { end: 0, left: 0 };
  /**
   * The highest count seen. Counts only grow within a minute, so once the limit is reached, more writes would only load
   * the row.
   */
  #count = 0;
  #waiting: Waiting[] = [];
  #writing = false;

  constructor(options: TokenCounterOptions) {
    this.#options = options;
    this.windowIndex = options.windowIndex;
    this.#blocks = newBlocks(options.last?.wanted ?? 0);
    this.#writtenAtMs = options.last?.writtenAtMs ?? Number.NEGATIVE_INFINITY;
  }

  /** The block size that the recent demand requires. */
  get wanted(): number {
    return this.#blocks.wanted;
  }

  get writtenAtMs(): number {
    return this.#writtenAtMs;
  }

  /** Takes one token and resolves to its place in the count. It is granted if its place is at most `limit`. */
  take(limit: number): Promise<number> {
    if (this.#block.left > 0) return Promise.resolve(this.#fromBlock());
    if (this.#count >= limit) return Promise.resolve(limit + 1);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#writing) return;
      this.#writing = true;
      // Writes at the end of the tick, so that requests of the same tick share one write.
      setImmediate(() => {
        this.#serve(limit).catch(reject);
      });
    });
  }

  #fromBlock(): number {
    const left = this.#block.left - 1;
    this.#block = { ...this.#block, left };
    return this.#block.end - left;
  }

  async #serve(limit: number): Promise<void> {
    while (this.#waiting.length > 0) {
      const served = this.#waiting;
      this.#waiting = [];
      try {
        const first = await this.#write(served.length, limit);
        for (const [index, { resolve }] of served.entries()) resolve(first + index);
      } catch (thrown) {
        for (const { reject } of served) reject(thrown);
      }
      while (this.#waiting.length > 0 && this.#block.left > 0) this.#waiting.shift()?.resolve(this.#fromBlock());
    }
    this.#writing = false;
  }

  /** Takes tokens for the waiting requests and a block for later ones; returns the place of the first token. */
  async #write(needed: number, limit: number): Promise<number> {
    const nowMs = this.#options.nowMs();
    const before = this.#blocks;
    const plan = planBlock(before, limit, nowMs - this.#writtenAtMs);
    this.#writtenAtMs = nowMs;
    const delta = plan.claim - before.claimed;
    let answered: readonly number[];
    try {
      answered = await this.#options.increment({ count: needed + plan.block, ahead: delta });
    } catch (thrown) {
      // Whether the claim was written is unknown. Assuming the smaller value means that the row's sum can only be too
      // high.
      const claimed = Math.min(before.claimed, plan.claim);
      this.#blocks = { ...before, claimed, permitted: Math.min(before.permitted, claimed) };
      throw thrown;
    }
    const [count = 0, allClaimed = 0] = answered;
    this.#blocks = afterClaim(plan, allClaimed, limit);
    this.#count = Math.max(this.#count, count);
    const end = Math.min(count, limit);
    this.#block = { end, left: Math.max(0, end - (count - plan.block)) };
    return count - plan.block - needed + 1;
  }
}
