import { Failure } from './failure.ts';
import type { MachineSpec } from './instance.ts';
import type { Login } from './login.ts';
import type { Actor } from './principal.ts';
import { known, type Stored } from './stored-word.ts';

/** Status words of the fleet family. Lists are sorted and filtered by them, so the domain needs them. */
export const BID_STATUSES = ['Open', 'Allocated', 'Preempting', 'Terminated', 'Paused'] as const;
export type BidStatus = (typeof BID_STATUSES)[number];

/**
 * The phase of a bid.
 *
 * - `waiting`: the bid has no instances; the platform tries to launch them when the bid is due.
 * - `launching`: its instances have records, but not all of them have been created.
 * - `held`: the bid has its instances.
 * - `losing`: some of its instances were pre-empted and are still stopping.
 * - `regaining`: the pre-empted instances have stopped; the platform tries to start them when the bid is due.
 */
export const BID_PHASES = ['waiting', 'launching', 'held', 'losing', 'regaining', 'paused', 'ended'] as const;
export type BidPhase = (typeof BID_PHASES)[number];

const STATUS: Readonly<Record<BidPhase, BidStatus>> = {
  waiting: 'Open',
  launching: 'Open',
  held: 'Allocated',
  losing: 'Preempting',
  regaining: 'Open',
  paused: 'Paused',
  ended: 'Terminated',
};

export const BID_EVENTS = [
  'Placed',
  'Paused',
  'Resumed',
  'Terminated',
  'Allocated',
  'Preempted',
  'Limit Price Changed',
  'Memory Adjusted',
  'Volumes Attached',
  'Volumes Removed',
] as const;
export type BidEventType = (typeof BID_EVENTS)[number];

export interface BidEvent {
  readonly atMs: number;
  readonly type: BidEventType;
  /** The user or administrator who made the request; `system` for the platform itself. */
  readonly actor: Actor;
  /** Cents per instance-hour; `null` unless the event is about a limit. */
  readonly limitCents: number | null;
  /** Ids of the volumes that the event is about, if any. */
  readonly volumes: readonly string[];
}

/** The launch settings of a bid's instances as requested: ids, in the order of the request. */
export interface LaunchSpecification {
  readonly volumes: readonly string[];
  /** fids. */
  readonly sshKeys: readonly string[];
  readonly startupScript: string | null;
  readonly imageVersion: string | null;
  readonly memoryGb: number | null;
}

/** An offer to pay up to a price for a number of Spot VMs; it gets all of them or none. */
export interface Bid {
  /** `bid_…` */
  readonly id: string;
  /** Chosen by the owner; not unique. The instances are named `<name>-1`, `<name>-2`, … */
  readonly name: string;
  readonly project: string;
  readonly userId: string;
  readonly customerId: string;
  /** The creator's groups at creation; members of these groups may see the bid. */
  readonly visibleBy: readonly string[];
  /** Tier of the creator, for the quota of later launch attempts. */
  readonly tier: string;
  readonly zone: string;
  /** Fid as requested. */
  readonly instanceType: string;
  readonly quantity: number;
  /** Maximum price of an instance-hour, in cents. */
  readonly limitCents: number;
  readonly launch: LaunchSpecification;
  /** The machine of each instance, without the volumes. */
  readonly machine: MachineSpec;
  readonly login: Login;
  readonly idPrefix: string;
  readonly phase: Stored<BidPhase>;
  /** Ids of the instances in the order of their names; kept after the bid has ended. */
  readonly instances: readonly string[];
  /** True once all `instances` have been created. */
  readonly launched: boolean;
  /** Those of `instances` that were pre-empted and have to be started again. */
  readonly lost: readonly string[];
  /** Why the bid does not have its instances; `null` while it has. `reason` is a stable word. */
  readonly reason: BidReason | null;
  /** Number of consecutive failed launches and starts. */
  readonly attempts: number;
  /** Number of consecutive launches for which Compute Engine refused the machine as impossible. */
  readonly refusals: number;
  readonly createdAtMs: number;
  readonly deactivatedAtMs: number | null;
  /** When the bid is checked next; `null`: only after an event. */
  readonly checkAtMs: number | null;
  /** Oldest first; beyond the maximum, only the first and the newest are kept. */
  readonly events: readonly BidEvent[];
}

/** Why a bid waits for room in its customer's quota. */
export const QUOTA_EXCEEDED = 'quota_exceeded';

export interface BidReason {
  readonly reason: string;
  readonly message: string;
}

/** Maximum number of instances that one commit can create: three writes each, of the 500 that Datastore allows. */
export const BID_QUANTITY_MAX = 128;

/** Maximum number of events kept, so that months of pre-emptions do not make the row too large to write. */
const EVENTS_MAX = 400;

/** Returns the status word. A phase that only a newer version knows is shown as Open. */
export function bidStatus({ phase }: Pick<Bid, 'phase'>): BidStatus {
  const word = known(BID_PHASES, phase);
  return word === undefined ? 'Open' : STATUS[word];
}

/** Returns the instances that the bid has; none while they are being created. */
export function allocatedInstances({ instances, launched }: Pick<Bid, 'instances' | 'launched'>): readonly string[] {
  return launched ? instances : [];
}

/** Returns the name of a bid's n-th instance, counted from 1. */
export function bidInstanceName({ name }: Pick<Bid, 'name'>, n: number): string {
  return `${name}-${n}`;
}

/** Returns the bid with one more event. */
export function withBidEvent(bid: Bid, event: Pick<BidEvent, 'type' | 'atMs' | 'actor'> & Partial<BidEvent>): Bid {
  const events = [...bid.events, { limitCents: null, volumes: [], ...event }];
  const [first] = events;
  if (events.length <= EVENTS_MAX || first === undefined) return { ...bid, events };
  return { ...bid, events: [first, ...events.slice(events.length - EVENTS_MAX + 1)] };
}

/** Returns the bid after its owner has ended it or all its instances were deleted. */
export function endedBid(bid: Bid, actor: Actor, atMs: number): Bid {
  const ended: Bid = {
    ...bid,
    phase: 'ended',
    // Instances that were still being created were never shown to callers.
    instances: allocatedInstances(bid),
    lost: [],
    reason: null,
    deactivatedAtMs: atMs,
    checkAtMs: null,
  };
  return withBidEvent(ended, { type: 'Terminated', atMs, actor });
}

/** Returns a bid that the platform ends because it can never be launched. `reason` stays, so that the owner learns why. */
export function impossibleBid(bid: Bid, { reason, message }: BidReason, end: Pick<BidEvent, 'atMs' | 'actor'>): Bid {
  const text = `${message} The bid has ended, because this was so at every attempt. Place another one.`;
  return { ...endedBid(bid, end.actor, end.atMs), reason: { reason, message: text } };
}

/** Returns the same failure for a bid that does not exist and for one that is not the caller's. */
export function bidNotFound(): Failure {
  return new Failure('not_found', 'Bid not found.', { reason: 'bid_not_found' });
}

/** `$15.60`: a sign, dollars without separators, two digits of cents. */
export function dollars(cents: number): string {
  return `$${Math.trunc(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}

/** Pattern of an amount of money in a request. */
export const DOLLARS_PATTERN = '^\\$?[0-9]{1,7}(\\.[0-9]{1,2})?$';

/** Returns the cents of an amount that matches `DOLLARS_PATTERN`. */
export function centsOf(text: string): number {
  const [whole = '0', fraction = ''] = text.replace('$', '').split('.');
  return Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
}
