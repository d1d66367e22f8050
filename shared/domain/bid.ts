import { Failure } from './failure.ts';
import type { MachineSpec } from './instance.ts';
import type { Login } from './login.ts';
import type { Actor } from './principal.ts';
import { known, type Stored } from './stored-word.ts';

/** Status words of the fleet family, a closed list. Lists are sorted and filtered by them, so the domain knows them. */
export const BID_STATUSES = ['Open', 'Allocated', 'Preempting', 'Terminated', 'Paused'] as const;
export type BidStatus = (typeof BID_STATUSES)[number];

/**
 * Where a bid is on its way.
 *
 * - `waiting`: it has no instances; the platform tries to make them when the bid is due.
 * - `launching`: its instances are on record, and not all of them were made yet.
 * - `held`: it has its instances.
 * - `losing`: some of its instances were taken away, and are still stopping.
 * - `regaining`: the instances that were taken away rest; the platform tries to start them when the bid is due.
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
  /** The user or administrator who asked; the platform itself is `system`. */
  readonly actor: Actor;
  /** Cents per instance-hour, where the event says one. */
  readonly limitCents: number | null;
  /** Ids of volumes, where the event is about some. */
  readonly volumes: readonly string[];
}

/** What the instances of a bid are launched with, as it was asked for: ids, in the order of the request. */
export interface LaunchSpecification {
  readonly volumes: readonly string[];
  /** fids. */
  readonly sshKeys: readonly string[];
  readonly startupScript: string | null;
  readonly imageVersion: string | null;
  readonly memoryGb: number | null;
}

/** An offer to pay up to a price for a number of Spot VMs, which it gets all or none of. */
export interface Bid {
  /** `bid_…` */
  readonly id: string;
  /** Chosen by its owner, and not unique. Its instances are called `<name>-1`, `<name>-2`, … */
  readonly name: string;
  readonly project: string;
  readonly userId: string;
  readonly customerId: string;
  /** The creator's groups at creation: who may see it. */
  readonly visibleBy: readonly string[];
  /** Tier of its creator, for the quota of a launch that the platform tries again. */
  readonly tier: string;
  readonly zone: string;
  /** fid, as it was asked for. */
  readonly instanceType: string;
  readonly quantity: number;
  /** Most that it pays for an instance-hour, in cents. */
  readonly limitCents: number;
  readonly launch: LaunchSpecification;
  /** What each instance is made of; volumes apart. */
  readonly machine: MachineSpec;
  readonly login: Login;
  readonly idPrefix: string;
  readonly phase: Stored<BidPhase>;
  /** Ids of its instances in the order of their names. They stay after the bid's end. */
  readonly instances: readonly string[];
  /** All of `instances` have been made. */
  readonly launched: boolean;
  /** Those of `instances` that were taken away and are to run again. */
  readonly lost: readonly string[];
  /** Why it does not have what it asks for; `null` while it has. `reason` is a stable word. */
  readonly reason: BidReason | null;
  /** Launches and starts in a row that came to nothing. */
  readonly attempts: number;
  readonly createdAtMs: number;
  readonly deactivatedAtMs: number | null;
  /** When the platform looks at it next; `null`: only when something happens. */
  readonly checkAtMs: number | null;
  /** Oldest first; of a long life the first and the newest. */
  readonly events: readonly BidEvent[];
}

export interface BidReason {
  readonly reason: string;
  readonly message: string;
}

/** Instances that one commit can make: three writes each, of the 500 that Datastore takes. */
export const BID_QUANTITY_MAX = 128;

/** Far more than a life has; what a spot market does for months must not make the row too large to write. */
const EVENTS_MAX = 400;

/** A phase of a newer version is shown as Open: what it means, that version knows. */
export function bidStatus({ phase }: Pick<Bid, 'phase'>): BidStatus {
  const word = known(BID_PHASES, phase);
  return word === undefined ? 'Open' : STATUS[word];
}

/** The instances that the bid has been given; while they are being made it has none yet. */
export function allocatedInstances({ instances, launched }: Pick<Bid, 'instances' | 'launched'>): readonly string[] {
  return launched ? instances : [];
}

/** The name of a bid's n-th instance, n from 1. */
export function bidInstanceName({ name }: Pick<Bid, 'name'>, n: number): string {
  return `${name}-${n}`;
}

/** The bid with one event more. */
export function withBidEvent(bid: Bid, event: Pick<BidEvent, 'type' | 'atMs' | 'actor'> & Partial<BidEvent>): Bid {
  const events = [...bid.events, { limitCents: null, volumes: [], ...event }];
  const [first] = events;
  if (events.length <= EVENTS_MAX || first === undefined) return { ...bid, events };
  return { ...bid, events: [first, ...events.slice(events.length - EVENTS_MAX + 1)] };
}

/** The bid after its owner has ended it, or nothing of it is left. */
export function endedBid(bid: Bid, actor: Actor, atMs: number): Bid {
  const ended: Bid = {
    ...bid,
    phase: 'ended',
    // Nobody was ever told of instances that were still being made.
    instances: allocatedInstances(bid),
    lost: [],
    reason: null,
    deactivatedAtMs: atMs,
    checkAtMs: null,
  };
  return withBidEvent(ended, { type: 'Terminated', atMs, actor });
}

/** The same text for a bid that does not exist and for one that is not the caller's. */
export function bidNotFound(): Failure {
  return new Failure('not_found', 'Bid not found.', { reason: 'bid_not_found' });
}

/** `$15.60`: a sign, dollars without separators, two digits of cents. */
export function dollars(cents: number): string {
  return `$${Math.trunc(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}

/** Pattern of an amount of money in a request. */
export const DOLLARS_PATTERN = '^\\$?[0-9]{1,7}(\\.[0-9]{1,2})?$';

/** Cents of an amount that matches `DOLLARS_PATTERN`. */
export function centsOf(text: string): number {
  const [whole = '0', fraction = ''] = text.replace('$', '').split('.');
  return Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
}
