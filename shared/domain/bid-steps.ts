import { BID_PHASES, type Bid, type BidReason, dollars, endedBid, withBidEvent } from './bid.ts';
import type { Instance } from './instance.ts';
import { fits, isLeaving, projectedStatus } from './power.ts';
import type { Actor } from './principal.ts';
import { isTransitional } from './status.ts';
import { known } from './stored-word.ts';

/** The platform, as history and operations name it when it acts for a bid. */
export const SPOT_MARKET: Actor = { type: 'system', id: 'spot-market' };

/** What the next step of a bid is decided by. */
export interface BidView {
  /** The instances of the bid that are on record, in its order. */
  readonly instances: readonly Instance[];
  /** Cents per instance-hour of the machine type in the zone; `undefined`: it costs nothing that is known of. */
  readonly spotCents: number | undefined;
  readonly nowMs: number;
  /** The operator's words, where the bid's customer is suspended. */
  readonly suspendedBecause?: string;
  /** Why an operation of one of its instances has just failed, where that is why the bid is looked at. */
  readonly failure?: BidReason;
}

/** What to do for a bid. `bid` is how it is written; `null`: as it was. */
export type BidStep =
  | { readonly do: 'nothing'; readonly bid: Bid | null }
  /** Make all its instances, if the quota allows it. */
  | { readonly do: 'launch'; readonly bid: Bid }
  /** Remove what was made of it. */
  | { readonly do: 'withdraw'; readonly bid: Bid; readonly instances: readonly Instance[] }
  | { readonly do: 'stop' | 'start'; readonly bid: Bid; readonly instances: readonly Instance[] };

/** A bid that waits for a price is looked at this often: the sweep's beat. */
const PRICE_LOOK_MS = 60_000;
/** A bid whose instances are on their way is looked at again after this, should nothing of theirs tell before. */
const WAY_LOOK_MS = 60_000;
/** Between two attempts: doubles, up to ten minutes. */
const BACKOFF_MS = { first: 60_000, most: 10 * 60_000 };

export function bidBackoffMs(attempts: number): number {
  return Math.min(BACKOFF_MS.first * 2 ** Math.max(attempts - 1, 0), BACKOFF_MS.most);
}

/** The next step of a bid, from what is on record of it and its instances. Pure: asked again, it answers the same. */
export function nextBidStep(bid: Bid, view: BidView): BidStep {
  const step = wantedStep(bid, view);
  const makesOrStarts = step.do === 'launch' || step.do === 'start';
  return makesOrStarts && view.suspendedBecause !== undefined
    ? waitForResume(bid, view.suspendedBecause, view.nowMs)
    : step;
}

/** The next step, were the bid's customer not suspended. */
function wantedStep(bid: Bid, view: BidView): BidStep {
  switch (known(BID_PHASES, bid.phase)) {
    // A newer version's: left to that version.
    case undefined:
      return NOTHING;
    case 'waiting':
      return waitingStep(bid, view);
    case 'launching':
      return launchingStep(bid, view);
    case 'held':
      return heldStep(bid, view);
    case 'losing':
      return losingStep(bid, view);
    case 'regaining':
      return regainingStep(bid, view);
    case 'paused':
      return pausedStep(bid, view);
    case 'ended':
      return { do: 'nothing', bid: bid.checkAtMs === null ? null : { ...bid, checkAtMs: null } };
  }
}

/** A bid whose attempt came to nothing: it stays open, and is tried again after a pause. */
export function putOff(bid: Bid, reason: BidReason, nowMs: number): Bid {
  const attempts = bid.attempts + 1;
  return { ...bid, attempts, reason, checkAtMs: nowMs + bidBackoffMs(attempts) };
}

function waitingStep(bid: Bid, { spotCents, nowMs }: BidView): BidStep {
  if (isTooLow(bid, spotCents)) return waitForPrice(bid, spotCents, nowMs);
  if (bid.checkAtMs !== null && bid.checkAtMs > nowMs && bid.reason?.reason !== PRICE_ABOVE_LIMIT) return NOTHING;
  return { do: 'launch', bid };
}

function launchingStep(bid: Bid, { instances, nowMs, failure }: BidView): BidStep {
  const broken = instances.find((instance) => instance.status === 'ERROR' || isLeaving(instance));
  if (broken !== undefined || instances.length < bid.instances.length) {
    const reason = failure ?? broken?.statusReason ?? INSTANCE_GONE;
    return { do: 'withdraw', bid: withdrawn(bid, reason, nowMs), instances };
  }
  if (instances.some(isBeingMade)) return look(bid, nowMs);
  const held: Bid = { ...bid, phase: 'held', launched: true, attempts: 0, reason: null, checkAtMs: nowMs };
  return { do: 'nothing', bid: withBidEvent(held, { type: 'Allocated', atMs: nowMs, actor: SPOT_MARKET }) };
}

function heldStep(bid: Bid, { instances, spotCents, nowMs }: BidView): BidStep {
  const present = instances.filter((instance) => !isLeaving(instance));
  if (present.length === 0) return { do: 'nothing', bid: endedBid(bid, SPOT_MARKET, nowMs) };
  if (isTooLow(bid, spotCents)) {
    const running = present.filter((instance) => fits('stop', projectedStatus(instance), 'strict'));
    const lost = lose(bid, [...running, ...present.filter(({ preempted }) => preempted)], nowMs);
    return { do: 'stop', bid: { ...lost, reason: priceReason(bid, spotCents) }, instances: running };
  }
  const taken = present.filter(({ preempted, status }) => preempted && status !== 'RUNNING');
  if (taken.length > 0) return { do: 'nothing', bid: { ...lose(bid, taken, nowMs), reason: PREEMPTED } };
  return { do: 'nothing', bid: bid.checkAtMs === null ? null : { ...bid, checkAtMs: null } };
}

function losingStep(bid: Bid, { instances, spotCents, nowMs }: BidView): BidStep {
  const lost = instances.filter(({ id }) => bid.lost.includes(id));
  if (lost.some(isMoving)) return look(bid, nowMs);
  // A stop that failed is asked for again: the price has not come back.
  const running = lost.filter(({ status }) => status === 'RUNNING');
  if (running.length > 0 && isTooLow(bid, spotCents)) {
    return { do: 'stop', bid: { ...bid, checkAtMs: nowMs + WAY_LOOK_MS }, instances: running };
  }
  const checkAtMs = nowMs + bidBackoffMs(bid.attempts + 1);
  return { do: 'nothing', bid: { ...bid, phase: 'regaining', checkAtMs } };
}

function regainingStep(bid: Bid, { instances, spotCents, nowMs, failure }: BidView): BidStep {
  const lost = instances.filter(({ id }) => bid.lost.includes(id));
  const present = instances.filter((instance) => !isLeaving(instance));
  if (present.length === 0) return { do: 'nothing', bid: endedBid(bid, SPOT_MARKET, nowMs) };
  // One that still stops is started behind that.
  const resting = lost.filter((instance) => fits('start', projectedStatus(instance), 'strict'));
  if (resting.length === 0) {
    if (lost.some(isMoving)) return look(bid, nowMs);
    const held: Bid = { ...bid, phase: 'held', lost: [], attempts: 0, reason: null, checkAtMs: nowMs };
    return { do: 'nothing', bid: withBidEvent(held, { type: 'Allocated', atMs: nowMs, actor: SPOT_MARKET }) };
  }
  if (isTooLow(bid, spotCents)) return waitForPrice(bid, spotCents, nowMs);
  const waits = bid.checkAtMs !== null && bid.checkAtMs > nowMs && bid.reason?.reason !== PRICE_ABOVE_LIMIT;
  if (waits) return failure === undefined ? NOTHING : { do: 'nothing', bid: { ...bid, reason: failure } };
  const attempts = bid.attempts + 1;
  const checkAtMs = nowMs + bidBackoffMs(attempts);
  return { do: 'start', bid: { ...bid, attempts, checkAtMs, reason: failure ?? bid.reason }, instances: resting };
}

/** A launch that was paused half-way still has all or nothing. */
function pausedStep(bid: Bid, { instances, nowMs, failure }: BidView): BidStep {
  if (!bid.launched && bid.instances.length > 0) {
    const broken = instances.find((instance) => instance.status === 'ERROR' || isLeaving(instance));
    if (broken !== undefined || instances.length < bid.instances.length) {
      const reason = failure ?? broken?.statusReason ?? INSTANCE_GONE;
      return { do: 'withdraw', bid: { ...withdrawn(bid, reason, nowMs), phase: 'paused', checkAtMs: null }, instances };
    }
    if (instances.some(isBeingMade)) return look(bid, nowMs);
    const launched: Bid = { ...bid, launched: true, reason: null, checkAtMs: null };
    return { do: 'nothing', bid: withBidEvent(launched, { type: 'Allocated', atMs: nowMs, actor: SPOT_MARKET }) };
  }
  return { do: 'nothing', bid: bid.checkAtMs === null ? null : { ...bid, checkAtMs: null } };
}

const NOTHING: BidStep = { do: 'nothing', bid: null };

export const PRICE_ABOVE_LIMIT = 'price_above_limit';
const PREEMPTED: BidReason = { reason: 'vm_preempted', message: 'Compute Engine took instances of the bid away.' };
const INSTANCE_GONE: BidReason = {
  reason: 'instance_deleted',
  message: 'An instance of the bid was deleted before all of them were made.',
};

function isTooLow(bid: Bid, spotCents: number | undefined): boolean {
  return spotCents !== undefined && bid.limitCents < spotCents;
}

function priceReason(bid: Bid, spotCents = 0): BidReason {
  return {
    reason: PRICE_ABOVE_LIMIT,
    message: `The spot price is ${dollars(spotCents)}, above the limit of ${dollars(bid.limitCents)}.`,
  };
}

function waitForPrice(bid: Bid, spotCents: number | undefined, nowMs: number): BidStep {
  return {
    do: 'nothing',
    bid: { ...bid, reason: priceReason(bid, spotCents), checkAtMs: nowMs + PRICE_LOOK_MS },
  };
}

/** A bid of a suspended customer stays open: nothing is made or started for it until the customer is resumed. */
function waitForResume(bid: Bid, suspendedBecause: string, nowMs: number): BidStep {
  const reason = { reason: 'customer_suspended', message: `This customer is suspended: ${suspendedBecause}` } as const;
  return { do: 'nothing', bid: { ...bid, reason, checkAtMs: nowMs + PRICE_LOOK_MS } };
}

/** Looked at later; written only when it would otherwise be due at once. */
function look(bid: Bid, nowMs: number): BidStep {
  if (bid.checkAtMs !== null && bid.checkAtMs > nowMs) return NOTHING;
  return { do: 'nothing', bid: { ...bid, checkAtMs: nowMs + WAY_LOOK_MS } };
}

function lose(bid: Bid, taken: readonly Instance[], nowMs: number): Bid {
  const ids = new Set(taken.map(({ id }) => id));
  const lost: Bid = {
    ...bid,
    phase: 'losing',
    lost: bid.instances.filter((id) => ids.has(id)),
    // The next look decides whether they rest already.
    checkAtMs: nowMs,
  };
  return withBidEvent(lost, { type: 'Preempted', atMs: nowMs, actor: SPOT_MARKET });
}

function withdrawn(bid: Bid, reason: BidReason, nowMs: number): Bid {
  return { ...putOff(bid, reason, nowMs), phase: 'waiting', instances: [], launched: false, lost: [] };
}

function isBeingMade({ queue }: Instance): boolean {
  return queue.some(({ kind }) => kind === 'create');
}

function isMoving({ queue, status }: Instance): boolean {
  return queue.length > 0 || isTransitional(status);
}
