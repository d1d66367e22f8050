import { ORDERS } from '#shared/datastore/account-rows.ts';
import { BID } from '#shared/datastore/bid-rows.ts';
import { time } from '#shared/datastore/field.ts';
import { PRICE, SPOT_PRICE } from '#shared/datastore/catalog-rows.ts';
import { EVENT, INSTANCE, PRICE_PERIOD } from '#shared/datastore/rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { insert, put, ref, remove, replace, type Row, touch, type Write } from '#shared/datastore/write.ts';
import { PREEMPTED_REASON } from '#shared/domain/fleet-status.ts';
import { eventId, type InstanceEvent, VM_REPLACED } from '#shared/domain/history.ts';
import type { Instance } from '#shared/domain/instance.ts';
import {
  isRunning,
  meterChanges,
  meterNewType,
  METERS,
  type MovedPeriod,
  periodId,
  type PriceSource,
} from '#shared/domain/metering.ts';
import { eventsOf, type Observed } from '#shared/domain/observe.ts';
import { type Price, priceAt, priceChanges } from '#shared/domain/price.ts';
import { priceOf } from '#shared/domain/spot-price.ts';
import { isStopped } from '#shared/domain/status.ts';

/*
 * The only module that converts status changes to writes. All families and workers change instances through it, so that
 * every change, its event and the change of the price periods are in one commit.
 */

type Reader = Pick<Store, 'getAll'>;

/** An instance after a change, and the status changes that led to it, oldest first. */
export interface InstanceChange {
  readonly instance: Instance;
  readonly events: readonly InstanceEvent[];
  /** Present if the last recorded status had begun by this time, earlier than recorded; epoch ms. */
  readonly begunByMs?: number;
  /** True if the last recorded status is a stop that proves to have been a pre-emption. */
  readonly wasPreempted?: boolean;
}

/** Returns the writes of a new instance and its first event. */
export function firstWrites({
  instance,
  event,
}: {
  readonly instance: Instance;
  readonly event: InstanceEvent;
}): readonly Write[] {
  // Charging begins when the VM runs, so there is no price period yet.
  return [insert(INSTANCE, instance.id, instance), insertEvent(event)];
}

/**
 * Returns the writes of a changed instance. Reads the price when a period begins, and earlier events when a change
 * predates them.
 */
export async function changeWrites(
  row: Row<Instance>,
  change: InstanceChange,
  store: Reader,
): Promise<readonly Write[]> {
  const { instance, periods } = await metered(row.value, change, store);
  const { events, moved, corrected } = await toldBy(row.value, change, store);
  const last = events.at(-1)?.atMs ?? 0;
  return [
    replace(row, { ...instance, lastEventAtMs: moved > 0 ? last : Math.max(row.value.lastEventAtMs, last) }),
    ...events.map((event, index) => (index < moved ? putEvent(event) : insertEvent(event))),
    ...(corrected === undefined ? [] : [putEvent(corrected)]),
    ...periods.map((period) => putPeriod(typedAs(period, { before: row.value, after: instance }), period)),
  ];
}

/** The events of a change that are written, and an earlier one that is corrected besides. */
interface Told {
  readonly events: readonly InstanceEvent[];
  /** How many of the first events replace rows. */
  readonly moved: number;
  readonly corrected?: InstanceEvent | undefined;
}

async function toldBy(before: Instance, change: InstanceChange, store: Reader): Promise<Told> {
  const ordered = await inOrder(before, change, store);
  if (change.wasPreempted !== true) return ordered;
  const { events, moved } = ordered;
  const stop = events.slice(0, moved).findLast(({ note }) => !note);
  if (stop !== undefined) return { moved, events: events.map((event) => (event === stop ? asPreempted(stop) : event)) };
  const earlier = (await lastEvents(before, store)).findLast((event) => event?.note === false);
  return { ...ordered, corrected: earlier === undefined ? undefined : asPreempted(earlier) };
}

function asPreempted(stop: InstanceEvent): InstanceEvent {
  return isStopped(stop.status) ? { ...stop, cause: 'cloud event', reason: PREEMPTED_REASON } : stop;
}

/** Returns the last events that are on record, oldest first; `undefined` for one that is not there. */
async function lastEvents(
  { id, eventCount }: Instance,
  store: Reader,
): Promise<readonly (InstanceEvent | undefined)[]> {
  const count = Math.min(eventCount, BEHIND_MAX);
  const numbers = Array.from({ length: count }, (_, index) => eventCount - count + 1 + index);
  const rows = await store.getAll(numbers.map((sequence) => ref(EVENT, eventId(id, sequence))));
  return rows.map((row) => row?.value);
}

/** Maximum number of earlier events that are read to sort an event in before them, or to correct them. */
const BEHIND_MAX = 20;

/**
 * Sorts the new events by time together with the notes before them, and numbers them. An administrator's note is
 * written at once, while an earlier status change may be observed only later. Status changes that are dated after
 * `begunByMs` are corrected to that time. The first `moved` events replace the rows of the notes and status changes.
 */
async function inOrder(
  before: Instance,
  { events, begunByMs = Number.POSITIVE_INFINITY }: Pick<InstanceChange, 'events' | 'begunByMs'>,
  store: Reader,
): Promise<Told> {
  const { eventCount, lastEventAtMs } = before;
  const firstAtMs = Math.min(events[0]?.atMs ?? lastEventAtMs, begunByMs);
  if (firstAtMs >= lastEventAtMs) return { events, moved: 0 };
  const earlier = await lastEvents(before, store);
  const isLater = ({ note, atMs }: InstanceEvent) => atMs > (note ? firstAtMs : begunByMs);
  const firstLater = earlier.findLastIndex((event) => event === undefined || !isLater(event)) + 1;
  const later = earlier.slice(firstLater).filter((event) => event !== undefined);
  let { status } = later[0] ?? { status: events[0]?.status };
  const corrected = later.filter(({ note }) => !note).map((event) => ({ ...event, atMs: begunByMs }));
  const ordered = [...corrected, ...events, ...later.filter(({ note }) => note)].sort((a, b) => a.atMs - b.atMs);
  return {
    events: ordered.map((event, index) => {
      // A note repeats the status at its time.
      status = event.note && status !== undefined ? status : event.status;
      return { ...event, status, sequence: eventCount - later.length + 1 + index };
    }),
    moved: later.length,
  };
}

/** Returns the writes for an observation of a VM. */
export async function observedWrites(row: Row<Instance>, observed: Observed, store: Reader): Promise<readonly Write[]> {
  const { instance, begunByMs } = observed;
  const taken = instance.preempted && !row.value.preempted;
  const change = {
    instance,
    events: eventsOf(observed),
    ...(begunByMs === undefined ? {} : { begunByMs }),
    wasPreempted: taken && observed.event === undefined && isStopped(instance.status),
  };
  const [writes, ofBid] = await Promise.all([changeWrites(row, change, store), taken ? tellBid(instance, store) : []]);
  return [...writes, ...ofBid];
}

/** Makes the instance's bid due, because a change of the instance may require a step of the bid. */
async function tellBid({ id, bid, statusSyncedAtMs }: Instance, store: Reader): Promise<readonly Write[]> {
  if (bid === null) return [];
  const [row] = await store.getAll([ref(BID, bid)]);
  // Instances of earlier versions of this software name bids without a row.
  if (row === undefined || row.value.phase === 'ended' || row.value.phase === 'paused') return [];
  // An instance that the bid has given up does not concern it any more.
  if (!row.value.instances.includes(id)) return [];
  return [touch(row, 'checkAtMs', statusSyncedAtMs, time)];
}

/**
 * Returns the writes of a changed instance with an event that affects no price period: a note, or an accepted delete.
 */
export function stillWrites(row: Row<Instance>, instance: Instance, event: InstanceEvent): readonly Write[] {
  // Earlier events may have times of the cloud's clock, and this process's clock may be behind it.
  const atMs = Math.max(event.atMs, row.value.lastEventAtMs);
  const since = event.note ? {} : { statusSinceMs: atMs };
  return [replace(row, { ...instance, ...since, lastEventAtMs: atMs }), insertEvent({ ...event, atMs })];
}

/** An instance that is taken off the record, with its last event. `giveBack` frees its places in the same commit. */
export async function removalWrites(row: Row<Instance>, end: InstanceEvent, store: Reader): Promise<readonly Write[]> {
  const { value: instance } = row;
  const event = { ...end, atMs: Math.max(end.atMs, instance.lastEventAtMs) };
  const [{ periods }, ofBid] = await Promise.all([
    metered(instance, { instance, events: [event] }, store),
    tellBid(instance, store),
  ]);
  return [insertEvent(event), remove(row), ...periods.map((period) => putPeriod(instance, period)), ...ofBid];
}

/**
 * Returns the writes for a changed price: the open period ends at the time of the change and the next one begins. If a
 * running instance has no period because its machine type had no price, one begins now. Returns nothing when the price
 * is unchanged.
 */
export function priceWrites(row: Row<Instance>, price: Price, nowMs: number): readonly Write[] {
  const { value: instance } = row;
  const { charge, count } = instance.metering;
  const reserved = instance.reservation !== null;
  if (charge === null) {
    const runs = isRunning('charge', { status: instance.status, reserved, before: false });
    const priceCents = priceAt(price, nowMs);
    if (!runs || priceCents === undefined) return [];
    const opened = { sequence: count + 1, priceCents, sinceMs: nowMs };
    return [
      replace(row, { ...instance, metering: { ...instance.metering, count: opened.sequence, charge: opened } }),
      putPeriod(instance, { ...opened, meter: 'charge', endMs: null }),
    ];
  }
  const changes = priceChanges(price, charge, nowMs);
  if (changes.length === 0) return [];
  const periods: MovedPeriod[] = [];
  let open = charge;
  for (const [index, { priceCents, fromMs }] of changes.entries()) {
    periods.push({ ...open, meter: 'charge', endMs: fromMs });
    open = { sequence: count + index + 1, priceCents, sinceMs: fromMs };
  }
  periods.push({ ...open, meter: 'charge', endMs: null });
  return [
    replace(row, { ...instance, metering: { ...instance.metering, count: open.sequence, charge: open } }),
    ...periods.map((period) => putPeriod(instance, period)),
  ];
}

function insertEvent(event: InstanceEvent): Write {
  return insert(EVENT, eventId(event.instanceId, event.sequence), event);
}

/** Writes an event over the row of a note that had the same number. */
function putEvent(event: InstanceEvent): Write {
  return put(EVENT, eventId(event.instanceId, event.sequence), event);
}

/**
 * Returns the instance with the period's machine type: a period that was open before the change has the former type.
 */
function typedAs(
  { sequence }: MovedPeriod,
  { before, after }: { readonly before: Instance; readonly after: Instance },
): Instance {
  return sequence <= before.metering.count ? { ...after, machine: before.machine } : after;
}

/** Writes a whole period row. All values come from the instance, so the row need not be read first. */
function putPeriod(instance: Instance, { sequence, meter, priceCents, sinceMs, endMs }: MovedPeriod): Write {
  return put(PRICE_PERIOD, periodId(instance.id, sequence), {
    instanceId: instance.id,
    sequence,
    meter,
    machineType: instance.machine.machineType,
    priceCents,
    startMs: sinceMs,
    endMs,
    customerId: instance.customerId,
    visibleBy: instance.visibleBy,
    project: instance.project,
    bid: instance.bid,
    reservation: instance.reservation,
  });
}

async function metered(
  before: Instance,
  { instance, events }: InstanceChange,
  store: Reader,
): Promise<{ readonly instance: Instance; readonly periods: readonly MovedPeriod[] }> {
  const changes = events.filter(({ note }) => !note);
  const reserved = instance.reservation !== null;
  const { machineType } = instance.machine;
  const isNewType = machineType !== before.machine.machineType;
  // One change can end the open period and begin another: a restart that was not observed in between.
  const begins =
    isNewType ||
    changes.some(({ status }) => METERS.some((meter) => isRunning(meter, { status, reserved, before: false })));
  const [onDemand, spot, orders] = begins
    ? await store.getAll([
        ref(PRICE, machineType),
        instance.machine.spot ? ref(SPOT_PRICE, machineType) : undefined,
        instance.project === '' ? undefined : ref(ORDERS, instance.project),
      ])
    : [];
  const price = priceOf(instance, { onDemand: onDemand?.value, spot: spot?.value });
  const buybackCents = orders?.value.reservations.find(({ id }) => id === instance.reservation)?.buybackCents;
  const prices: PriceSource = {
    charge: (atMs) => (price === undefined ? undefined : priceAt(price, atMs)),
    credit: () => buybackCents,
  };
  const counted = meterChanges(
    instance.metering,
    changes.map(({ status, atMs, reason }) => ({ status, atMs, replaced: reason === VM_REPLACED })),
    { reserved, prices },
  );
  const { charge } = counted.metering;
  const goesOn = isNewType && charge !== null && charge.sequence <= before.metering.count;
  const { metering, periods } = goesOn
    ? meterNewType(counted, events.at(-1)?.atMs ?? instance.statusSyncedAtMs, prices)
    : counted;
  return { instance: periods.length === 0 ? instance : { ...instance, metering }, periods };
}
