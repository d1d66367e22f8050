import { expect, test } from 'vitest';
import { CatalogReader } from '#shared/actions/catalog-reader.ts';
import { readAvailability, readCurrentPrice } from '#shared/actions/read-offers.ts';
import { readPriceSeries } from '#shared/actions/read-price-series.ts';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import type { Catalog } from '#shared/catalog/catalog.ts';
import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { NO_EXTRAS, SERVER_TYPE } from '#shared/datastore/catalog-rows.ts';
import { STOCKOUT } from '#shared/datastore/volume-rows.ts';
import { put } from '#shared/datastore/write.ts';
import { sampleTimes } from '#shared/domain/price-samples.ts';
import { completeLimits, UNLIMITED } from '#shared/domain/tier.ts';
import { presentAvailability, presentInstanceType } from '#shared/families/fleet/present-offers.ts';
import { recordStockout } from '#shared/lifecycle/record-stockout.ts';
import catalog from '#scripts/local/catalog.json' with { type: 'json' };
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';

const NOW_MS = Date.parse('2026-06-01T00:00:00Z');
const TIER = { name: 'pro', maxInstances: 3, maxVolumeGb: 100, perMinute: completeLimits({ get: 10 }) };
const REQUEST = { caller: { customerId: 'acme' }, tier: TIER };

/** Opens the local catalogue and a clock that tests can move. */
async function harness() {
  const { store } = await testDatastore();
  const actor = { type: 'system' as const, id: 'test' };
  const auditor = { actor, requestId: 'request-1', nowMs: () => NOW_MS, hex: (bytes: number) => '0'.repeat(bytes * 2) };
  await applyCatalog(store, catalog satisfies Catalog, { auditor, prune: false });
  let nowMs = NOW_MS;
  const clock = { nowMs: () => nowMs };
  const reader = () => new CatalogReader({ store, ...clock });
  const tools = () => ({ store, catalog: reader(), ...clock });
  return {
    store,
    tools,
    clock,
    pass: (ms: number) => void (nowMs += ms),
    place: async (machineType: string, zone: string) =>
      (await readAvailability(REQUEST, tools())).find(
        (row) => row.offer.machineType === machineType && row.zone === zone,
      ),
  };
}

test('every machine type of a server type is offered once in each zone, with its spot price and what the quota leaves', async () => {
  const h = await harness();
  await h.store.write([put(USAGE, 'acme', { instances: 1 })]);

  const rows = await readAvailability(REQUEST, h.tools());

  const places = rows.map(({ offer, zone }) => `${offer.machineType} ${zone}`);
  expect(new Set(places).size).toBe(places.length);
  expect(places).toContain('n1-standard-2 us-central1-a');
  expect(rows.every(({ capacity }) => capacity === 2)).toBe(true);
  expect(rows.every(({ spotCents }) => Number.isInteger(spotCents) && spotCents >= 0)).toBe(true);
});

test("another customer's server type is not offered", async () => {
  const h = await harness();
  const foreign = {
    ...catalog.serverTypes.cx21,
    id: 'own',
    customerId: 'umbrella',
    machineType: 'n1-standard-1',
    ...NO_EXTRAS,
  };
  await h.store.write([put(SERVER_TYPE, 'own', { ...foreign })]);

  const acme = await readAvailability(REQUEST, h.tools());
  const umbrella = await readAvailability({ ...REQUEST, caller: { customerId: 'umbrella' } }, h.tools());

  expect(acme.some(({ offer }) => offer.machineType === 'n1-standard-1')).toBe(false);
  expect(umbrella.some(({ offer }) => offer.machineType === 'n1-standard-1')).toBe(true);
});

test('a zone that had no room shows a capacity of 0 for ten minutes, for that machine type alone', async () => {
  const h = await harness();
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const tools = { store: h.store, nowMs: h.clock.nowMs, log } as never;
  await recordStockout('zone_exhausted', anInstance(), tools);
  await recordStockout('vm_missing', anInstance({ zone: 'us-central1-b' }), tools);

  const during = await h.place('n1-standard-2', 'us-central1-a');
  const other = await h.place('n1-standard-4', 'us-central1-a');
  const elsewhere = await h.place('n1-standard-2', 'us-central1-b');
  h.pass(10 * 60_000);
  const after = await h.place('n1-standard-2', 'us-central1-a');

  expect([during?.capacity, other?.capacity, elsewhere?.capacity, after?.capacity]).toEqual([0, 3, 3, 3]);
  const stored = await h.store.query({ kind: STOCKOUT, equal: [], order: [] }, {}, { limit: 10 });
  expect(stored.rows.map(({ value }) => value.atMs)).toEqual([NOW_MS]);
});

test('an unlimited quota is a number too, and a used-up one is 0', async () => {
  const h = await harness();
  await h.store.write([put(USAGE, 'acme', { instances: 5 })]);

  const none = await readAvailability(REQUEST, h.tools());
  const many = await readAvailability({ ...REQUEST, tier: { ...TIER, maxInstances: UNLIMITED } }, h.tools());

  expect(new Set(none.map(({ capacity }) => capacity))).toEqual(new Set([0]));
  expect(many.every(({ capacity }) => capacity > 100)).toBe(true);
});

test('the price of now is the cheapest place, or that of the region; an unknown type or region is not there', async () => {
  const h = await harness();
  const ask = (instanceType: string, zone?: string) => readCurrentPrice({ ...REQUEST, instanceType, zone }, h.tools());

  expect(await ask('it_n1-standard-2', 'us-central1-a')).toMatchObject({ totalCapacity: 3 });
  await expect(ask('it_nothing')).rejects.toMatchObject({ kind: 'not_found' });
  await expect(ask('n1-standard-2')).rejects.toMatchObject({ kind: 'not_found' });
  await expect(ask('it_n1-standard-2', 'mars-1-a')).rejects.toMatchObject({ kind: 'not_found' });
});

test('prices over time have as many samples as were asked for, at the same times in each list', async () => {
  const h = await harness();
  const window = { startMs: NOW_MS - 86_400_000, endMs: NOW_MS, samples: 5 };

  const series = await readPriceSeries(
    { ...REQUEST, instanceTypes: ['it_n1-standard-2'], zone: 'us-central1-a', window },
    h.tools(),
  );

  expect(series).toHaveLength(1);
  expect(series[0]?.samples.map(({ atMs }) => atMs)).toEqual(sampleTimes(window, []));
  await expect(
    readPriceSeries({ ...REQUEST, instanceTypes: ['it_nothing'], zone: undefined, window }, h.tools()),
  ).rejects.toMatchObject({ reason: 'instance_type_not_found' });
});

test.each([
  [{ startMs: 0, endMs: 100, samples: 3 }, [0, 50, 100]],
  [{ startMs: 0, endMs: 100, samples: 1 }, [100]],
  [{ startMs: 0, endMs: 100, samples: 0 }, []],
  [{ startMs: 0, endMs: 100, samples: -1 }, [0, 30, 100]],
  [{ startMs: 100, endMs: 0, samples: 3 }, []],
])('the times of %j are %j', (window, times) => {
  expect(sampleTimes(window, [30, 30, 200])).toEqual(times);
});

test('what clients compute with is a number or a text, never null', async () => {
  const h = await harness();
  const [row] = await readAvailability(REQUEST, h.tools());
  if (row === undefined) throw new Error('The catalogue offers something.');

  const type = presentInstanceType(row.offer);
  const shown = presentAvailability(row, null);

  expect(type).toMatchObject({ num_gpus: 0, gpu_type: '', gpu_memory_gb: 0, network_type: null });
  expect(Number.isInteger(type.ram_gb)).toBe(true);
  expect(Object.keys(type)).toHaveLength(13);
  expect(shown.last_instance_price).toMatch(/^\$\d+\.\d\d$/);
  expect(Object.keys(shown)).toHaveLength(8);
});
