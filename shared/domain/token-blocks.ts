/**
 * How many tokens a process takes in advance. A counter is one entity, which sustains about one write per second, so a
 * process that uses a counter often takes a block of tokens with one write and spends it from memory.
 *
 * Tokens that a process holds but does not spend within the minute are lost to the customer, so all blocks together are
 * limited to a share of the rate limit. Each write first claims, in the counter's row, the size of the block that the
 * *next* write may take, and the row returns the sum of all claims. A claim that exceeds the bound is not permitted.
 * Because claims are added one after another, the permitted blocks of any number of processes never exceed the bound.
 */

/** Maximum share of a limit that all blocks together may hold. */
const AHEAD_SHARE = 0.05;

/** Share of the bound above which existing claims shrink, to leave room for other processes. */
const SHARED = 0.8;

/** A block that was used up faster was too small; one that lasted more than four times as long was too large. */
const BLOCK_MS = 1_000;

/** Returns the maximum number of tokens that all processes together may hold in advance; 0 for limits below 20. */
function aheadMax(limit: number): number {
  return Math.floor(limit * AHEAD_SHARE);
}

/** The state of a process's blocks on one counter. */
export interface BlockState {
  /** Block size that the demand requires. */
  readonly wanted: number;
  /** Block size claimed in the counter's row. */
  readonly claimed: number;
  /** Number of tokens that the next write may take in advance. */
  readonly permitted: number;
  /** Sum of all claims, as returned by the last write. */
  readonly allClaimed: number;
  /** Size of the block that the last write took. */
  readonly block: number;
}

/** Returns the state for a new minute: claims end with their counter, the wanted size is kept. */
export function newBlocks(wanted: number): BlockState {
  return { wanted, claimed: 0, permitted: 0, allClaimed: 0, block: 0 };
}

/**
 * Returns the block that the present write takes and its claim for the next write. `sinceLastMs` is the time since the
 * last write.
 */
export function planBlock(
  state: BlockState,
  limit: number,
  sinceLastMs: number,
): { readonly block: number; readonly wanted: number; readonly claim: number } {
  const max = aheadMax(limit);
  const wanted = Math.min(wantedAfter(state, sinceLastMs), max);
  // Above the shared part of the bound, every claim shrinks in proportion, which leaves room for other processes; below
  // it, claims may grow.
  const shared = max * SHARED;
  const fair =
    state.allClaimed > shared
      ? Math.floor((state.claimed * shared) / state.allClaimed)
      : state.claimed + Math.ceil((max - state.allClaimed) / 2);
  const claim = Math.min(wanted, fair);
  // The row always covers the block that is held, so a block must not exceed the claim that is made with it.
  return { block: Math.min(state.permitted, claim), wanted, claim };
}

/** Returns the state after a write, from the sum of all claims that it returned. */
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

/**
 * Returns the new wanted size. A block smaller than wanted does not show how long a block of the wanted size would
 * last.
 */
function wantedAfter({ wanted, block }: BlockState, sinceLastMs: number): number {
  if (sinceLastMs < BLOCK_MS) return block < wanted ? wanted : Math.max(1, wanted * 2);
  return sinceLastMs > 4 * BLOCK_MS ? Math.floor(wanted / 2) : wanted;
}
