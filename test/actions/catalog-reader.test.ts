import { expect, test } from 'vitest';
import { CatalogReader } from '#shared/actions/catalog-reader.ts';
import { TIER } from '#shared/datastore/catalog-rows.ts';
import { put } from '#shared/datastore/write.ts';
import { completeLimits } from '#shared/domain/tier.ts';
import { testDatastore } from '#test/support/datastore.ts';

async function harness() {
  const { store, faults } = await testDatastore();
  const calls: string[] = [];
  const take = faults.take.bind(faults);
  faults.take = (service, method, ...rest) => {
    calls.push(method);
    return take(service, method, ...rest);
  };
  let nowMs = 1_700_000_000_000;
  const tier = (name: string) =>
    put(TIER, name, { name, maxInstances: 1, maxVolumeGb: 1, perMinute: completeLimits({ create: 1 }) });
  await store.write([tier('free'), tier('pro')]);
  calls.length = 0;
  const catalog = new CatalogReader({ store, nowMs: () => nowMs });
  return { store, faults, catalog, calls, tier, pass: (ms: number) => void (nowMs += ms) };
}

test('tiers that are read beside a sign-in are there after it: one call for all callers, and none for the tier', async () => {
  const { catalog, calls } = await harness();

  const remembered = [catalog.rememberTiers(), catalog.rememberTiers()];
  const tiers = await Promise.all([catalog.tier('free'), catalog.tier('pro'), catalog.tier('free')]);
  await Promise.all(remembered);

  expect(tiers.map(({ name }) => name)).toEqual(['free', 'pro', 'free']);
  expect(calls).toEqual(['runQuery']);
});

test('a tier that is made afterwards is found, and a change shows within half a minute', async () => {
  const { catalog, store, tier, pass } = await harness();
  await catalog.rememberTiers();

  await store.write([tier('new'), put(TIER, 'free', { ...(await catalog.tier('free')), maxInstances: 9 })]);
  expect(await catalog.tier('new')).toMatchObject({ name: 'new' });
  pass(30_000);
  await catalog.rememberTiers();

  expect(await catalog.tier('free')).toMatchObject({ maxInstances: 9 });
});

test('tiers that cannot be read beside a sign-in fail nobody: the one that is needed is looked up', async () => {
  const { catalog, faults } = await harness();
  faults.add([{ service: 'datastore', method: 'runQuery', kind: 'error', count: 1, status: 7 }]);

  await catalog.rememberTiers();

  expect(await catalog.tier('pro')).toMatchObject({ name: 'pro' });
});
