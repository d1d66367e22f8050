import { afterClaim, type BlockState, newBlocks, planBlock } from '#shared/domain/token-blocks.ts';

export interface TokenCounterOptions {
  readonly windowIndex: number;
  /** The same customer's and operation's counter of an earlier minute: its demand is expected again. */
  readonly last: TokenCounter | undefined;
  /** Adds to the counter's row, and answers the new values of `count` and `ahead`. */
  readonly increment: (amounts: { readonly count: number; readonly ahead: number }) => Promise<readonly number[]>;
  readonly nowMs: () => number;
}

interface Waiting {
  readonly resolve: (count: number) => void;
  readonly reject: (thrown: unknown) => void;
}

/**
 * The tokens of one customer, operation and minute, as one process sees them. At most one write is under way: who asks
 * meanwhile is served from its block, or together by the next write.
 */
export class TokenCounter {
  readonly windowIndex: number;
  readonly #options: TokenCounterOptions;
  #blocks: BlockState;
  #writtenAtMs: number;
  /** The last token of the block that this process holds, and how many it has not spent. */
  #block = { end: 0, left: 0 };
  /** The highest count seen. It never falls within its minute: once it is at the limit, asking again would only heat the row. */
  #count = 0;
  #waiting: Waiting[] = [];
  #writing = false;

  constructor(options: TokenCounterOptions) {
    this.#options = options;
    this.windowIndex = options.windowIndex;
    this.#blocks = newBlocks(options.last?.wanted ?? 0);
    this.#writtenAtMs = options.last?.writtenAtMs ?? Number.NEGATIVE_INFINITY;
  }

  /** The block size that the demand calls for. */
  get wanted(): number {
    return this.#blocks.wanted;
  }

  get writtenAtMs(): number {
    return this.#writtenAtMs;
  }

  /** The place of one more token in the count. The token is granted when its place is within the limit. */
  take(limit: number): Promise<number> {
    if (this.#block.left > 0) return Promise.resolve(this.#fromBlock());
    if (this.#count >= limit) return Promise.resolve(limit + 1);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#writing) return;
      this.#writing = true;
      // At the end of the tick, so that requests that meet share the write.
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

  /** Takes tokens for those who wait and a block; answers the place of the first. */
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
      // Whether the claim was changed is not known: the smaller one is taken for true, so that claims err upwards.
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
