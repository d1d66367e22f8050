/**
 * How many tokens a process takes in advance. A counter is one entity, which takes about one write a second; so a process
 * that meets a counter often takes a block of tokens with a write, and spends it from memory.
 *
 * Tokens that a process holds and does not spend before the minute ends are lost to the customer. So all blocks together are
 * bounded by a share of the limit: each write first claims, in the counter's row, the size of the block that the *next* write
 * may take, and the row answers the sum of all claims. What exceeds the bound is not permitted. Claims are added one after
 * the other, so what is permitted to all processes together never exceeds the bound, however many they are.
 */

/** All blocks together hold at most this share of a limit. */
const AHEAD_SHARE = 0.05;

/** How much of the bound claims may come to before each gives way. */
const SHARED = 0.8;

/** A block that lasted less was too small; one that lasted more than four times as long was too large. */
const BLOCK_MS = 1_000;

/** Most tokens of a limit that all processes together may hold in advance; 0 for limits below 20. */
export function aheadMax(limit: number): number {
  return Math.floor(limit * AHEAD_SHARE);
}

/** What a process knows of its blocks on one counter. */
export interface BlockState {
  /** Size that its demand calls for. */
  readonly wanted: number;
  /** What it has claimed in the counter's row. */
  readonly claimed: number;
  /** What its next write may take in advance. */
  readonly permitted: number;
  /** The sum of all claims, as the row answered last. */
  readonly allClaimed: number;
  /** The block that the last write took. */
  readonly block: number;
}

/** A new minute: claims end with their counter, demand goes on. */
export function newBlocks(wanted: number): BlockState {
  return { wanted, claimed: 0, permitted: 0, allClaimed: 0, block: 0 };
}

/** The block that a write takes now, and the claim that it makes for the next; `sinceLastMs` is since the last write. */
export function planBlock(
  state: BlockState,
  limit: number,
  sinceLastMs: number,
): { readonly block: number; readonly wanted: number; readonly claim: number } {
  const max = aheadMax(limit);
  const wanted = Math.min(wantedAfter(state, sinceLastMs), max);
  // Some of the bound is left free for newcomers: beyond that each gives way in proportion, below it a claim may grow.
  const shared = max * SHARED;
  const fair =
    state.allClaimed > shared
      ? Math.floor((state.claimed * shared) / state.allClaimed)
      : state.claimed + Math.ceil((max - state.allClaimed) / 2);
  const claim = Math.min(wanted, fair);
  // A claim is at least the block that is held, so a block is no larger than the claim that is made with it.
  return { block: Math.min(state.permitted, claim), wanted, claim };
}

/** After a write that the row has answered with the sum of all claims. */
export function afterClaim(
  plan: { readonly block: number; readonly wanted: number; readonly claim: number },
  allClaimed: number,
  limit: number,
): BlockState {
  const excess = Math.max(0, allClaimed - aheadMax(limit));
  return {
    wanted: plan.wanted,
    claimed: plan.claim,
    permitted: Math.max(0, plan.claim - excess),
    allClaimed,
    block: plan.block,
  };
}

/** A block that was smaller than wanted says nothing about how long the wanted one would have lasted. */
function wantedAfter({ wanted, block }: BlockState, sinceLastMs: number): number {
  if (sinceLastMs < BLOCK_MS) return block < wanted ? wanted : Math.max(1, wanted * 2);
  return sinceLastMs > 4 * BLOCK_MS ? Math.floor(wanted / 2) : wanted;
}
