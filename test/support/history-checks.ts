import type { StatusChange } from '#scripts/emulators/compute/journal.ts';
import type { InstanceEvent } from '#shared/domain/history.ts';
import type { PricePeriod } from '#shared/domain/metering.ts';
import type { Operation } from '#shared/domain/operation.ts';
import { isFinal } from '#shared/domain/operation.ts';
import { statusFromCloud } from '#shared/domain/status.ts';
import type { CloudCall } from './local-cloud.ts';

/*
 * Compares what the API reports about VMs (histories, the ends of operations, price periods) with the cloud's own log
 * of their statuses. Pure checks over a snapshot, taken while nothing is in progress.
 */

export interface Told {
  /** Every status that every VM had, oldest first, as the cloud logged it. */
  readonly log: readonly StatusChange[];
  readonly calls: readonly CloudCall[];
  readonly events: readonly InstanceEvent[];
  readonly operations: readonly Operation[];
  readonly periods: readonly PricePeriod[];
  readonly nowMs: number;
  /** The longest time between two sweeps. A change that sends no event is observed only by a sweep. */
  readonly blindMs: number;
  /**
   * How far the clock of any process was behind, at most. A status without a timestamp of Compute Engine gets the time
   * at which a process read it, by that process's clock, and can therefore be dated this much too early.
   */
  readonly behindMs: number;
  /**
   * How far the clock of any process was ahead, at most: a status without a timestamp of Compute Engine, and a request
   * that made no call, can be dated this much too late.
   */
  readonly aheadMs: number;
}

/** Statuses whose begin a VM reports itself (lastStartTimestamp, lastStopTimestamp). */
const STAMPED: ReadonlySet<string> = new Set(['STAGING', 'TERMINATED', 'STOPPED']);

/** A span of time in which a VM had one status. */
interface Stay {
  readonly status: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Returns every contradiction of the cloud's log, one line each, beginning with a letter: H (history), O (operation), P
 * (price), L (lost machine).
 */
export function untruths(told: Told): readonly string[] {
  const stays = staysOf(told.log);
  return [
    ...historyInOrder(told),
    ...historyTrue(told, stays),
    ...historyWhole(told, stays),
    ...endsSeen(told, stays),
    ...chargesTrue(told, stays),
    ...onlyAskedDeletes(told),
  ];
}

function staysOf(log: readonly StatusChange[]): ReadonlyMap<string, readonly Stay[]> {
  const byInstance = Map.groupBy(log, ({ instance }) => instance);
  return new Map(
    [...byInstance].map(([name, changes]) => [
      name,
      changes.map(({ status, time }, index) => ({
        status,
        fromMs: Date.parse(time),
        toMs: index + 1 < changes.length ? Date.parse(changes[index + 1]?.time ?? '') : Number.POSITIVE_INFINITY,
      })),
    ]),
  );
}

function eventsByInstance({ events }: Told): ReadonlyMap<string, readonly InstanceEvent[]> {
  const groups = Map.groupBy(events, ({ instanceId }) => instanceId);
  for (const group of groups.values()) group.sort((a, b) => a.sequence - b.sequence);
  return groups;
}

/** H. Times never decrease from one event of an instance to the next. */
function historyInOrder(told: Told): readonly string[] {
  return [...eventsByInstance(told)].flatMap(([id, events]) =>
    events.flatMap((event, index) => {
      const before = events[index - 1];
      if (before === undefined || before.atMs <= event.atMs) return [];
      return [`H: ${id} was ${event.status} ${before.atMs - event.atMs} ms before its earlier event ${before.status}`];
    }),
  );
}

/**
 * H. At the time that an event names, the VM had the status that the event names. The first event is left out: it is
 * written before the VM exists.
 */
function historyTrue(told: Told, stays: ReadonlyMap<string, readonly Stay[]>): readonly string[] {
  return told.events.flatMap(({ instanceId, sequence, status, atMs, note }) => {
    if (note || sequence === 1 || statusFromCloud(status) === undefined) return [];
    const own = stays.get(instanceId) ?? [];
    const leadMs = STAMPED.has(status) ? 0 : told.aheadMs;
    if (own.some((stay) => stay.status === status && stay.fromMs <= atMs + told.behindMs && atMs - leadMs <= stay.toMs))
      return [];
    const then = own.findLast((stay) => stay.fromMs <= atMs)?.status ?? 'nothing yet';
    const since = own.find((stay) => stay.status === status && stay.fromMs > atMs);
    const late = since === undefined ? '' : `, ${since.fromMs - atMs} ms early`;
    return [`H: ${instanceId} is said to be ${status} from when it was ${then}${late}`];
  });
}

/** H. A status that a VM had for longer than the time between two sweeps is in its history. */
function historyWhole(told: Told, stays: ReadonlyMap<string, readonly Stay[]>): readonly string[] {
  const events = eventsByInstance(told);
  return [...stays].flatMap(([id, own]) => {
    const ownEvents = events.get(id) ?? [];
    if (ownEvents.length === 0) return [];
    // From the delete on, the instance's history is complete; the VM may exist for longer.
    const endMs = ownEvents.find(({ status }) => status === 'DELETING' || status === 'DELETED')?.atMs ?? told.nowMs;
    return own.flatMap(({ status, fromMs, toMs }) => {
      const lastedMs = Math.min(toMs, endMs) - fromMs;
      if (statusFromCloud(status) === undefined || lastedMs <= told.blindMs) return [];
      const shown = ownEvents.some(
        (event) => event.status === status && event.atMs >= fromMs - told.behindMs && event.atMs <= toMs,
      );
      return shown
        ? []
        : [`H: ${id} was ${status} for ${Math.round(lastedMs / 1000)} s, which its history does not say`];
    });
  });
}

const LEADS_TO: Readonly<Record<Operation['kind'], readonly string[] | undefined>> = {
  create: ['RUNNING'],
  start: ['RUNNING'],
  stop: ['TERMINATED', 'STOPPED'],
  restart: ['RUNNING'],
  reset: ['RUNNING'],
  update: undefined,
  resize: undefined,
  delete: undefined,
};

/** O. A completed operation reached the status that its kind leads to, between its request and its recorded end. */
function endsSeen(
  { operations, behindMs, aheadMs }: Told,
  stays: ReadonlyMap<string, readonly Stay[]>,
): readonly string[] {
  return operations.flatMap(({ id, kind, instanceId, state, createdAtMs, startedAtMs, completedAtMs }) => {
    if (isFinal(state) && completedAtMs === null) return [`O: ${kind} ${id} has ended at no time`];
    if ((startedAtMs ?? createdAtMs) < createdAtMs || (completedAtMs ?? createdAtMs) < createdAtMs)
      return [`O: ${kind} ${id} began or ended before it was asked for`];
    // An edit leads to no status; the record's agreement with the VM is checked by the invariants.
    if (state !== 'completed' || completedAtMs === null || kind === 'update' || kind === 'resize') return [];
    const own = stays.get(instanceId) ?? [];
    const wanted = LEADS_TO[kind];
    if (wanted === undefined) {
      const present = own.findLast(({ fromMs }) => fromMs <= completedAtMs + behindMs);
      return present === undefined || present.status === 'DELETED'
        ? []
        : [`O: delete ${id} of ${instanceId} is completed while the VM is ${present.status}`];
    }
    // Compute Engine says when it made a VM, and so by when the create was requested.
    const sinceMs = createdAtMs - (kind === 'create' ? 0 : aheadMs);
    const seen = own.some(
      (stay) => wanted.includes(stay.status) && stay.fromMs <= completedAtMs + behindMs && stay.toMs >= sinceMs,
    );
    return seen ? [] : [`O: ${kind} ${id} of ${instanceId} is completed and the VM was never ${wanted[0] ?? ''}`];
  });
}

/** Returns the spans for which a VM is charged: from RUNNING until it is stopped, suspended or deleted. */
function chargedStays(own: readonly Stay[]): readonly Stay[] {
  const charged: Stay[] = [];
  let sinceMs: number | undefined;
  for (const { status, fromMs } of own) {
    if (status === 'RUNNING') sinceMs ??= fromMs;
    if (sinceMs === undefined || !['TERMINATED', 'SUSPENDED', 'DELETED'].includes(status)) continue;
    charged.push({ status: 'charged', fromMs: sinceMs, toMs: fromMs });
    sinceMs = undefined;
  }
  if (sinceMs !== undefined) charged.push({ status: 'charged', fromMs: sinceMs, toMs: Number.POSITIVE_INFINITY });
  return charged;
}

/**
 * P. Price periods do not overlap, and cover the time that the VM was charged for, as far as that could be observed.
 */
function chargesTrue(told: Told, stays: ReadonlyMap<string, readonly Stay[]>) {
  const { periods, events, nowMs, blindMs, behindMs, aheadMs } = told;
  const byInstance = Map.groupBy(
    periods.filter(({ meter }) => meter === 'charge'),
    ({ instanceId }) => instanceId,
  );
  const known = new Set(events.map(({ instanceId }) => instanceId));
  return [...known].flatMap((id) => {
    const own = (byInstance.get(id) ?? []).toSorted((a, b) => a.sequence - b.sequence);
    const found: string[] = [];
    own.forEach(({ startMs, endMs }, index) => {
      const next = own[index + 1];
      if (endMs !== null && endMs < startMs) found.push(`P: a period of ${id} ends before it begins`);
      if (next !== undefined && (endMs === null || endMs > next.startMs)) found.push(`P: periods of ${id} overlap`);
    });
    const charged = chargedStays(stays.get(id) ?? []);
    // A customer whose instance is shown as deleted does not pay while Compute Engine refuses to delete the VM.
    const goneMs = events.find(({ instanceId, status }) => instanceId === id && status === 'DELETED')?.atMs ?? nowMs;
    const spans = own.map(({ startMs, endMs }) => ({ fromMs: startMs, toMs: endMs ?? nowMs }));
    const overMs = lengthOf(spans, nowMs) - commonMs(spans, charged, nowMs);
    const underMs = lengthOf(charged, goneMs) - commonMs(spans, charged, goneMs);
    // A change that is undone between two sweeps is not observed, so each span may be off by that time.
    const slackMs = (blindMs + behindMs + aheadMs) * Math.max(1, charged.length);
    if (overMs > slackMs) found.push(`P: ${id} is charged ${Math.round(overMs / 1000)} s too much`);
    if (underMs > slackMs) found.push(`P: ${id} is charged ${Math.round(underMs / 1000)} s too little`);
    return found;
  });
}

type Span = Pick<Stay, 'fromMs' | 'toMs'>;

function lengthOf(spans: readonly Span[], nowMs: number): number {
  return spans.reduce((sum, { fromMs, toMs }) => sum + Math.max(0, Math.min(toMs, nowMs) - fromMs), 0);
}

function commonMs(spans: readonly Span[], others: readonly Span[], nowMs: number): number {
  return spans.reduce(
    (sum, one) =>
      sum +
      others.reduce((inner, other) => {
        const fromMs = Math.max(one.fromMs, other.fromMs);
        return inner + Math.max(0, Math.min(one.toMs, other.toMs, nowMs) - fromMs);
      }, 0),
    0,
  );
}

/** L. A VM is deleted only if its deletion was requested or its create failed. */
function onlyAskedDeletes({ calls, operations }: Told): readonly string[] {
  const mayGo = new Set(
    operations
      .filter(({ kind, state }) => kind === 'delete' || (kind === 'create' && state === 'failed'))
      .map(({ instanceId }) => instanceId),
  );
  const known = new Set(operations.map(({ instanceId }) => instanceId));
  return calls
    .filter(
      ({ method, outcome, instance }) => method === 'instances.delete' && outcome === 'applied' && known.has(instance),
    )
    .filter(({ instance }) => !mayGo.has(instance))
    .map(({ instance }) => `L: ${instance} was deleted and nobody had asked for it`);
}
