import { ORDERS } from '#shared/datastore/account-rows.ts';
import { PRICE } from '#shared/datastore/catalog-rows.ts';
import { EVENT, INSTANCE, PRICE_PERIOD } from '#shared/datastore/rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { insert, put, ref, remove, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { eventId, type InstanceEvent } from '#shared/domain/history.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { isRunning, meterChanges, METERS, type MovedPeriod, periodId } from '#shared/domain/metering.ts';
import { eventsOf, type Observed } from '#shared/domain/observe.ts';
import { withPlaces } from '#shared/domain/orders.ts';
import { type Price, priceAt, priceChanges } from '#shared/domain/price.ts';

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

/** A changed instance. Reads a price when a period begins. */
export async function changeWrites(
  row: Row<Instance>,
  change: InstanceChange,
  store: Reader,
): Promise<readonly Write[]> {
  const { instance, periods } = await metered(change, store);
  return [
    replace(row, instance),
    ...change.events.map(insertEvent),
    ...periods.map((period) => putPeriod(instance, period)),
  ];
}

/** What a look at a VM has shown. */
export function observedWrites(row: Row<Instance>, observed: Observed, store: Reader): Promise<readonly Write[]> {
  return changeWrites(row, { instance: observed.instance, events: eventsOf(observed) }, store);
}

/** A changed instance with an event that no price period follows from: a note, or a delete that was asked for. */
export function stillWrites(row: Row<Instance>, instance: Instance, event: InstanceEvent): readonly Write[] {
  return [replace(row, instance), insertEvent(event)];
}

/** An instance that is taken off the record, with its last event; its place in a reservation is free again. */
export async function removalWrites(
  row: Row<Instance>,
  event: InstanceEvent,
  store: Reader,
): Promise<readonly Write[]> {
  const { value: instance } = row;
  const { periods } = await metered({ instance, events: [event] }, store);
  const writes = [insertEvent(event), remove(row), ...periods.map((period) => putPeriod(instance, period))];
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
  { instance, events }: InstanceChange,
  store: Reader,
): Promise<{ readonly instance: Instance; readonly periods: readonly MovedPeriod[] }> {
  const changes = events.filter(({ note }) => !note);
  const reserved = instance.reservation !== null;
  const before = instance.metering;
  // A period that is open now may end and another begin within one change: a restart that nobody looked at.
  const begins = changes.some(({ status }) =>
    METERS.some((meter) => isRunning(meter, { status, reserved, before: false })),
  );
  const [price, orders] = begins
    ? await store.getAll([ref(PRICE, instance.machine.machineType), ref(ORDERS, instance.project || 'none')])
    : [];
  const buybackCents = orders?.value.reservations.find(({ id }) => id === instance.reservation)?.buybackCents;
  const { metering, periods } = meterChanges(before, changes, {
    reserved,
    prices: {
      charge: (atMs) => (price === undefined ? undefined : priceAt(price.value, atMs)),
      credit: () => buybackCents,
    },
  });
  return { instance: periods.length === 0 ? instance : { ...instance, metering }, periods };
}
