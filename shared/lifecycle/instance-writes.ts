import { ORDERS } from '#shared/datastore/account-rows.ts';
import { BID } from '#shared/datastore/bid-rows.ts';
import { PRICE, SPOT_PRICE } from '#shared/datastore/catalog-rows.ts';
import { EVENT, INSTANCE, PRICE_PERIOD } from '#shared/datastore/rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { insert, put, ref, remove, replace, type Row, touch, type Write } from '#shared/datastore/write.ts';
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
import { withPlaces } from '#shared/domain/orders.ts';
import { type Price, priceAt, priceChanges } from '#shared/domain/price.ts';
import { priceOf } from '#shared/domain/spot-price.ts';

/*
 * The one place where a change of status becomes writes. Every family and every worker changes instances through here,
 * so that each change has its event, and each event moves the price periods, in the same commit.
 */

type Reader = Pick<Store, 'getAll'>;

/** An instance as it will be, and the changes of status that brought it there, oldest first. */
export interface InstanceChange {
  readonly instance: Instance;
  readonly events: readonly InstanceEvent[];
}

/** A new instance with its first event. */
export function firstWrites({
  instance,
  event,
}: {
  readonly instance: Instance;
  readonly event: InstanceEvent;
}): readonly Write[] {
  // It is charged from when it runs, so there is no period yet.
  return [insert(INSTANCE, instance.id, instance), insertEvent(event)];
}

/** A changed instance. Reads a price when a period begins, and the last events when a change was before them. */
export async function changeWrites(
  row: Row<Instance>,
  change: InstanceChange,
  store: Reader,
): Promise<readonly Write[]> {
  const { instance, periods } = await metered(row.value, change, store);
  const { events, moved } = await inOrder(row.value, change.events, store);
  const lastEventAtMs = Math.max(row.value.lastEventAtMs, ...change.events.map(({ atMs }) => atMs));
  return [
    replace(row, { ...instance, lastEventAtMs }),
    ...events.map((event, index) => (index < moved ? putEvent(event) : insertEvent(event))),
    ...periods.map((period) => putPeriod(typedAs(period, { before: row.value, after: instance }), period)),
  ];
}

/** Notes that may stand behind a change which the cloud dates before them; so many are read back at most. */
const NOTES_BEHIND_MAX = 20;

/**
 * The new events, in the order of their times with the notes before them. An administrator's note is written when it is
 * made; what the VM had done by then is sometimes seen only after that. The first `moved` take the numbers of those notes.
 */
async function inOrder(
  { id, eventCount, lastEventAtMs }: Instance,
  events: readonly InstanceEvent[],
  store: Reader,
): Promise<{ readonly events: readonly InstanceEvent[]; readonly moved: number }> {
  const firstAtMs = events[0]?.atMs ?? lastEventAtMs;
  if (firstAtMs >= lastEventAtMs) return { events, moved: 0 };
  const count = Math.min(eventCount, NOTES_BEHIND_MAX);
  const numbers = Array.from({ length: count }, (_, index) => eventCount - count + 1 + index);
  const rows = await store.getAll(numbers.map((sequence) => ref(EVENT, eventId(id, sequence))));
  const earlier = rows.map((row) => row?.value);
  const firstLater = earlier.findLastIndex((event) => !(event?.note === true && event.atMs > firstAtMs)) + 1;
  const later = earlier.slice(firstLater).filter((event) => event !== undefined);
  let { status } = later[0] ?? { status: events[0]?.status };
  const ordered = [...events, ...later].sort((a, b) => a.atMs - b.atMs);
  return {
    events: ordered.map((event, index) => {
      // A note names the status that there was.
      status = event.note && status !== undefined ? status : event.status;
      return { ...event, status, sequence: eventCount - later.length + 1 + index };
    }),
    moved: later.length,
  };
}

/** What a look at a VM has shown. */
export async function observedWrites(row: Row<Instance>, observed: Observed, store: Reader): Promise<readonly Write[]> {
  const { instance } = observed;
  const taken = instance.preempted && !row.value.preempted;
  const [writes, told] = await Promise.all([
    changeWrites(row, { instance, events: eventsOf(observed) }, store),
    taken ? tellBid(instance, store) : [],
  ]);
  return [...writes, ...told];
}

/** Makes the bid of an instance due: what became of the instance may decide what the bid does. */
async function tellBid({ id, bid, statusSyncedAtMs }: Instance, store: Reader): Promise<readonly Write[]> {
  if (bid === null) return [];
  const [row] = await store.getAll([ref(BID, bid)]);
  // Instances of earlier versions name bids that have no row.
  if (row === undefined || row.value.phase === 'ended' || row.value.phase === 'paused') return [];
  // One that the bid has given up says nothing about it any more.
  if (!row.value.instances.includes(id)) return [];
  return [touch(row, 'checkAtMs', statusSyncedAtMs)];
}

/** A changed instance with an event that no price period follows from: a note, or a delete that was asked for. */
export function stillWrites(row: Row<Instance>, instance: Instance, event: InstanceEvent): readonly Write[] {
  // Our clock may be behind the cloud's, which dates what was seen.
  const atMs = Math.max(event.atMs, row.value.lastEventAtMs);
  const since = event.note ? {} : { statusSinceMs: atMs };
  return [replace(row, { ...instance, ...since, lastEventAtMs: atMs }), insertEvent({ ...event, atMs })];
}

/** An instance that is taken off the record, with its last event; its place in a reservation is free again. */
export async function removalWrites(row: Row<Instance>, end: InstanceEvent, store: Reader): Promise<readonly Write[]> {
  const { value: instance } = row;
  const event = { ...end, atMs: Math.max(end.atMs, instance.lastEventAtMs) };
  const [{ periods }, told] = await Promise.all([
    metered(instance, { instance, events: [event] }, store),
    tellBid(instance, store),
  ]);
  const writes = [insertEvent(event), remove(row), ...periods.map((period) => putPeriod(instance, period)), ...told];
  if (instance.reservation === null) return writes;
  const [orders] = await store.getAll([ref(ORDERS, instance.project)]);
  if (orders === undefined) return writes;
  return [...writes, replace(orders, withPlaces(orders.value, instance.reservation, -1))];
}

/**
 * A price that changed: the period that runs ends when it did, and the next one begins. An instance that runs without a
 * period, because its machine type had no price, gets one from now on. Nothing to write when the prices agree.
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

/** Writes over the number that a note has left. */
function putEvent(event: InstanceEvent): Write {
  return put(EVENT, eventId(event.instanceId, event.sequence), event);
}

/** The instance with the machine type that a period is of: one that was open before is of the former type. */
function typedAs(
  { sequence }: MovedPeriod,
  { before, after }: { readonly before: Instance; readonly after: Instance },
): Instance {
  return sequence <= before.metering.count ? { ...after, machine: before.machine } : after;
}

/** The row of a period. The instance says all about it, so it is written whole and never read for that. */
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
  // A period that is open now may end and another begin within one change: a restart that nobody looked at.
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
