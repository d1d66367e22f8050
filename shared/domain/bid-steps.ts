import {
  BID_PHASES,
  type Bid,
  type BidReason,
  dollars,
  endedBid,
  impossibleBid,
  QUOTA_EXCEEDED,
  withBidEvent,
} from './bid.ts';
import type { Instance } from './instance.ts';
import { fits, isLeaving, projectedStatus } from './power.ts';
import type { Actor } from './principal.ts';
import { isTransitional } from './status.ts';
import { known } from './stored-word.ts';

/** The actor of changes that the platform makes for a bid. */
export const SPOT_MARKET: Actor = { type: 'system', id: 'spot-market' };

/** The facts that determine the next step of a bid. */
export interface BidView {
  /** The bid's instances that have a record, in the bid's order. */
  readonly instances: readonly Instance[];
  /** Present cents per instance-hour of the machine type in the zone; `undefined`: the type has no price. */
  readonly spotCents: number | undefined;
  readonly nowMs: number;
  /** The operator's reason if the customer is suspended. */
  readonly suspendedBecause?: string;
  /** Why an operation of one of the bid's instances has just failed, if the step follows such a failure. */
  readonly failure?: BidReason;
  /** An instance of its customer has just gone, and that is why the bid is looked at. */
  readonly hasRoom?: boolean;
}

/** The next step of a bid. `bid` is the new row; `null`: unchanged. */
export type BidStep =
  | { readonly do: 'nothing'; readonly bid: Bid | null }
  /** Create all instances of the bid, if the quota has room. */
  | { readonly do: 'launch'; readonly bid: Bid }
  /** Delete the instances of a launch that failed. */
  | { readonly do: 'withdraw'; readonly bid: Bid; readonly instances: readonly Instance[] }
  | { readonly do: 'stop' | 'start'; readonly bid: Bid; readonly instances: readonly Instance[] };

/** Interval at which a bid that waits for a price is checked: the sweep's interval. */
const PRICE_LOOK_MS = 60_000;
/** A bid whose instances are in transition is checked after this time, unless one of their operations ends before. */
const WAY_LOOK_MS = 60_000;
/** Pause between two attempts: doubles from one to ten minutes. */
const BACKOFF_MS = { first: 60_000, most: 10 * 60_000 };

export function bidBackoffMs(attempts: number): number {
  return Math.min(BACKOFF_MS.first * 2 ** Math.max(attempts - 1, 0), BACKOFF_MS.most);
}

/** Returns the next step of a bid from the stored rows. Pure: the same input gives the same step. */
export function nextBidStep(bid: Bid, view: BidView): BidStep {
  const step = wantedStep(bid, view);
  const makesOrStarts = step.do === 'launch' || step.do === 'start';
  return makesOrStarts && view.suspendedBecause !== undefined
    ? waitForResume(bid, view.suspendedBecause, view.nowMs)
    : step;
}

/** Returns the next step without regard to a suspension. */
function wantedStep(bid: Bid, view: BidView): BidStep {
  switch (known(BID_PHASES, bid.phase)) {
    // A phase of a newer version is left to that version.
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

/** Returns the bid after a failed attempt: it stays open, and the next attempt follows after a pause. */
export function putOff(bid: Bid, reason: BidReason, nowMs: number): Bid {
  const attempts = bid.attempts + 1;
  return { ...bid, attempts, reason, checkAtMs: nowMs + bidBackoffMs(attempts) };
}

/** Returns the bid waiting until instances that are being deleted are gone: they still count. Their removal launches it. */
export function waitForRoom(bid: Bid, nowMs: number): Bid {
  const message =
    'Instances that are being deleted still count against the quota. The bid is launched when they are gone.';
  return { ...bid, reason: { reason: QUOTA_EXCEEDED, message }, checkAtMs: nowMs + WAY_LOOK_MS };
}

function waitingStep(bid: Bid, { spotCents, nowMs, hasRoom = false }: BidView): BidStep {
  if (isTooLow(bid, spotCents)) return waitForPrice(bid, spotCents, nowMs);
  const reason = bid.reason?.reason;
  const isOver = reason === PRICE_ABOVE_LIMIT || (hasRoom && reason === QUOTA_EXCEEDED);
  if (bid.checkAtMs !== null && bid.checkAtMs > nowMs && !isOver) return NOTHING;
  return { do: 'launch', bid };
}

function launchingStep(bid: Bid, { instances, nowMs, failure }: BidView): BidStep {
  const broken = instances.find((instance) => instance.status === 'ERROR' || isLeaving(instance));
  if (broken !== undefined || instances.length < bid.instances.length) {
    const reason = failure ?? broken?.statusReason ?? INSTANCE_GONE;
    if (instances.some(isShielded)) return waitForDeletable(bid, { instances, reason, nowMs });
    return { do: 'withdraw', bid: withdrawn(bid, reason, nowMs), instances };
  }
  if (instances.some(isBeingMade)) return look(bid, nowMs);
  const allocated = { phase: 'held', launched: true, attempts: 0, refusals: 0, reason: null } as const;
  const held: Bid = { ...bid, ...allocated, checkAtMs: nowMs };
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
  // A failed stop is requested again, because the price is still above the limit.
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
  // For an instance that is still stopping, the start is queued behind the stop.
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

/** A launch that was paused before it was complete still creates all instances or none. */
function pausedStep(bid: Bid, { instances, nowMs, failure }: BidView): BidStep {
  if (!bid.launched && bid.instances.length > 0) {
    const broken = instances.find((instance) => instance.status === 'ERROR' || isLeaving(instance));
    if (broken !== undefined || instances.length < bid.instances.length) {
      const reason = failure ?? broken?.statusReason ?? INSTANCE_GONE;
      if (instances.some(isShielded)) return waitForDeletable(bid, { instances, reason, nowMs });
      return { do: 'withdraw', bid: { ...undone(bid, reason, nowMs), phase: 'paused', checkAtMs: null }, instances };
    }
    if (instances.some(isBeingMade)) return look(bid, nowMs);
    const launched: Bid = { ...bid, launched: true, reason: null, checkAtMs: null };
    return { do: 'nothing', bid: withBidEvent(launched, { type: 'Allocated', atMs: nowMs, actor: SPOT_MARKET }) };
  }
  return { do: 'nothing', bid: bid.checkAtMs === null ? null : { ...bid, checkAtMs: null } };
}

const NOTHING: BidStep = { do: 'nothing', bid: null };

export const PRICE_ABOVE_LIMIT = 'price_above_limit';
const DELETION_PROTECTED = 'deletion_protected';
/** Refusals by Compute Engine that a repeat of the same launch does not change. */
const IMPOSSIBLE: ReadonlySet<string> = new Set(['cloud_invalid_argument', 'cloud_not_found']);
/** Number of such refusals in a row, within about a quarter of an hour, after which the bid ends. */
const REFUSALS_MAX = 5;
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

/** Keeps the bid of a suspended customer open: no instance is created or started until the customer is resumed. */
function waitForResume(bid: Bid, suspendedBecause: string, nowMs: number): BidStep {
  const reason = { reason: 'customer_suspended', message: `This customer is suspended: ${suspendedBecause}` } as const;
  return { do: 'nothing', bid: { ...bid, reason, checkAtMs: nowMs + PRICE_LOOK_MS } };
}

/** Schedules the next check; the row is written only if the bid would otherwise be due at once. */
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
    // The next check determines whether the instances have stopped already.
    checkAtMs: nowMs,
  };
  return withBidEvent(lost, { type: 'Preempted', atMs: nowMs, actor: SPOT_MARKET });
}

/**
 * Returns the bid after its launch was undone: it waits for the next attempt, or has ended if the machine is not
 * possible.
 */
function withdrawn(bid: Bid, reason: BidReason, nowMs: number): Bid {
  const waiting: Bid = { ...undone(bid, reason, nowMs), phase: 'waiting' };
  if (waiting.refusals < REFUSALS_MAX) return waiting;
  return impossibleBid(waiting, reason, { atMs: nowMs, actor: SPOT_MARKET });
}

function undone(bid: Bid, reason: BidReason, nowMs: number): Bid {
  const refusals = IMPOSSIBLE.has(reason.reason) ? bid.refusals + 1 : 0;
  return { ...putOff(bid, reason, nowMs), instances: [], launched: false, lost: [], refusals };
}

/**
 * Returns the bid with a failed launch that cannot be undone yet: an instance is protected from deletion, and the
 * platform deletes no protected VM. The end of the edit that removes the protection continues the bid.
 */
function waitForDeletable(
  bid: Bid,
  {
    instances,
    reason: { message: cause },
    nowMs,
  }: { readonly instances: readonly Instance[]; readonly reason: BidReason; readonly nowMs: number },
): BidStep {
  if (bid.reason?.reason === DELETION_PROTECTED && bid.checkAtMs !== null && bid.checkAtMs > nowMs) return NOTHING;
  const names = instances.filter(isShielded).map(({ displayName }) => displayName);
  const message = `The launch failed, and is undone once ${names.join(', ')} can be deleted: take the protection off. ${cause}`;
  const reason = bid.reason?.reason === DELETION_PROTECTED ? bid.reason : { reason: DELETION_PROTECTED, message };
  return { do: 'nothing', bid: { ...bid, reason, checkAtMs: nowMs + WAY_LOOK_MS } };
}

function isShielded(instance: Instance): boolean {
  return instance.deletionProtection && !isLeaving(instance);
}

function isBeingMade({ queue }: Instance): boolean {
  return queue.some(({ kind }) => kind === 'create');
}

function isMoving({ queue, status }: Instance): boolean {
  return queue.length > 0 || isTransitional(status);
}
