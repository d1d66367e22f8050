import { expect, test } from 'vitest';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { UNMETERED } from '#shared/domain/metering.ts';
import { priceAt } from '#shared/domain/price.ts';
import { priceOf, spotPriceIn } from '#shared/domain/spot-price.ts';
import { changeWrites } from '#shared/lifecycle/instance-writes.ts';
import { nextEvent } from '#shared/domain/history.ts';
import { readPrices, rollPrice } from '#shared/workers/roll-prices.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { aCatalog } from './a-catalog.ts';
import { testAuditor } from '#test/support/test-auditor.ts';

const auditor = testAuditor();

const NOW_MS = Date.parse('2026-03-01T00:00:00Z');
const onDemand = { machineType: 'n1-standard-2', steps: [{ priceCents: 10, fromMs: 0 }] };
const spot = {
  machineType: 'n1-standard-2',
  steps: [
    { priceCents: 4, fromMs: 0 },
    { priceCents: 6, fromMs: 100 },
  ],
  zones: { 'us-central1-b': [{ priceCents: 5, fromMs: 0 }] },
};

function cents(prices: Parameters<typeof spotPriceIn>[0], zone: string, atMs: number): number | undefined {
  const price = spotPriceIn(prices, zone);
  return price === undefined ? undefined : priceAt(price, atMs);
}

test('a zone with a spot price of its own has that one, the others have the general one', () => {
  const prices = { onDemand, spot };

  expect([cents(prices, 'us-central1-a', 50), cents(prices, 'us-central1-a', 100)]).toEqual([4, 6]);
  expect([cents(prices, 'us-central1-b', 50), cents(prices, 'us-central1-b', 100)]).toEqual([5, 5]);
});

test('a machine type without a spot price costs what it costs on demand; one without any price has none', () => {
  expect(cents({ onDemand, spot: undefined }, 'us-central1-a', 50)).toBe(10);
  expect(cents({ onDemand: undefined, spot: undefined }, 'us-central1-a', 50)).toBeUndefined();
});

test('only a spot machine is charged the spot price', () => {
  const machine = (isSpot: boolean) => ({ zone: 'us-central1-b', machine: { spot: isSpot } });

  expect(priceOf(machine(true), { onDemand, spot })?.steps[0]?.priceCents).toBe(5);
  expect(priceOf(machine(false), { onDemand, spot })?.steps[0]?.priceCents).toBe(10);
});

test('the catalogue’s new spot price moves the period of a spot machine, and of no other', async () => {
  const { store } = await testDatastore();
  await applyCatalog(store, aCatalog(), { auditor });
  const { machine } = anInstance();
  for (const isSpot of [true, false]) {
    const id = isSpot ? 'tw-spot' : 'tw-plain';
    const stopped = anInstance({ id, status: 'STAGING', machine: { ...machine, spot: isSpot }, metering: UNMETERED });
    await store.write([put(INSTANCE, id, stopped)]);
    const row = await store.get(ref(INSTANCE, id));
    if (row === undefined) throw new Error('The instance is not on record.');
    const event = nextEvent(stopped, {
      status: 'RUNNING',
      atMs: NOW_MS,
      cause: 'operation',
      actor: { type: 'system', id: 'test' },
      operationId: null,
    });
    const runs = { ...stopped, status: 'RUNNING' as const, eventCount: 1 };
    await store.write(await changeWrites(row, { instance: runs, events: [event] }, store));
  }
  const charges = async () => {
    const rows = await store.getAll([ref(INSTANCE, 'tw-spot'), ref(INSTANCE, 'tw-plain')]);
    return rows.map((row) => row?.value.metering.charge?.priceCents);
  };
  expect(await charges()).toEqual([4, 10]);

  const steps = [{ priceCents: 3, from: '2026-01-01T00:00:00Z' }];
  await applyCatalog(store, { spotPrices: { 'n1-standard-2': { steps } } }, { auditor, nowMs: () => NOW_MS + 1000 });
  expect(await charges()).toEqual([3, 10]);

  const later = [...steps, { priceCents: 2, from: '2026-03-02T00:00:00Z' }];
  await applyCatalog(
    store,
    { spotPrices: { 'n1-standard-2': { steps: later } } },
    { auditor, nowMs: () => NOW_MS + 2000 },
  );
  const tools = { store, nowMs: () => Date.parse('2026-03-03T00:00:00Z') };
  for (const id of ['tw-spot', 'tw-plain']) {
    const row = await store.get(ref(INSTANCE, id));
    if (row !== undefined) await rollPrice(row, await readPrices(tools), tools);
  }
  expect(await charges()).toEqual([2, 10]);
});
