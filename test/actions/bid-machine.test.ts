import { expect, test } from 'vitest';
import { bidMachine, type BidMachineRequest } from '#shared/actions/bid-machine.ts';
import { CatalogReader } from '#shared/actions/catalog-reader.ts';
import { readAvailability } from '#shared/actions/read-offers.ts';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import type { Catalog } from '#shared/catalog/catalog.ts';
import { IMAGE, NO_EXTRAS, SERVER_TYPE, TEMPLATE } from '#shared/datastore/catalog-rows.ts';
import { put } from '#shared/datastore/write.ts';
import { completeLimits } from '#shared/domain/tier.ts';
import catalog from '#scripts/local/catalog.json' with { type: 'json' };
import { aBid } from '#test/support/a-bid.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { testAuditor } from '#test/support/test-auditor.ts';

/** Opens the local catalogue and returns a function that resolves a bid's machine with it. */
async function harness() {
  const { store } = await testDatastore();
  await applyCatalog(store, catalog satisfies Catalog, { auditor: testAuditor(), prune: false });
  const nowMs = () => 1_780_000_000_000;
  const { launch, login } = aBid();
  const reader = () => new CatalogReader({ store, nowMs });
  return {
    store,
    launch,
    made: (wish: Partial<BidMachineRequest> = {}) =>
      bidMachine(
        {
          customerId: 'acme',
          instanceType: 'it_n1-standard-2',
          zone: 'us-central1-a',
          launch,
          kubernetesCluster: null,
          login: async () => ({ login, metadata: { 'ssh-keys': 'ubuntu:key' } }),
          ...wish,
        },
        reader(),
      ),
    offered: () => {
      const tier = { name: 'pro', maxInstances: 3, maxVolumeGb: 0, perMinute: completeLimits({ get: 10 }) };
      return readAvailability({ caller: { customerId: 'acme' }, tier }, { store, nowMs, catalog: reader() });
    },
  };
}

test('a bid can be placed for every row of the availability list, and for no other zone', async () => {
  const h = await harness();

  const rows = await h.offered();
  expect(rows.length).toBeGreaterThan(5);
  for (const { offer, zone } of rows) {
    const { machine } = await h.made({ instanceType: `it_${offer.machineType}`, zone });
    expect(machine).toMatchObject({ machineType: offer.machineType, spot: true });
  }
  const zones = rows.filter(({ offer }) => offer.machineType === 'n1-standard-2').map(({ zone }) => zone);
  await expect(h.made({ zone: 'asia-east1-a' })).rejects.toMatchObject({
    kind: 'invalid_request',
    fields: [{ pointer: '/region', message: `must be one of ${zones.join(', ')}` }],
  });
});

test('a machine type that only a template names, and one of another customer, are not offered', async () => {
  const h = await harness();
  const template = catalog.templates['ubuntu-22-standard'];
  const foreign = { ...catalog.serverTypes.cx21, id: 'own', customerId: 'umbrella', ...NO_EXTRAS };
  const traits = { loginUser: '', architecture: '' as const, diskGbMin: 0, ...NO_EXTRAS };
  await h.store.write([
    put(SERVER_TYPE, 'own', { ...foreign, machineType: 'n1-standard-1' }),
    put(TEMPLATE, 'odd', { ...traits, ...template, id: 'odd', machineType: 'e2-standard-32' }),
  ]);

  for (const type of ['it_n1-standard-1', 'it_e2-standard-32', 'it_', 'n1-standard-2']) {
    await expect(h.made({ instanceType: type })).rejects.toMatchObject({ reason: 'instance_type_not_found' });
  }
  await expect(h.made({ instanceType: 'it_n1-standard-1', customerId: 'umbrella' })).resolves.toBeDefined();
});

test('the boot disk has room for the image, which runs on the machine', async () => {
  const h = await harness();
  const traits = { customerId: '', loginUser: '', diskGbMin: 0 } as const;
  const image = (id: string, name: string) => ({ ...traits, id, name: id, image: name, architecture: '' as const });
  await h.store.write([
    put(IMAGE, 'windows', image('windows', 'projects/windows-cloud/global/images/family/windows-2022')),
    put(IMAGE, 'zz-arm', image('zz-arm', 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-arm64')),
  ]);
  const withImage = (imageVersion: string) => h.made({ launch: { ...h.launch, imageVersion } });

  const { machine } = await withImage('imgver_windows');
  const plain = await h.made();

  expect(machine.diskSizeGb).toBeGreaterThanOrEqual(50);
  expect(plain.machine.image).toBe(catalog.images['ubuntu-24.04'].image);
  await expect(withImage('imgver_zz-arm')).rejects.toMatchObject({ kind: 'invalid_request' });
  await expect(withImage('imgver_none')).rejects.toMatchObject({ reason: 'image_version_not_found' });
});

test('machines of bids have the network tag by which they reach each other', async () => {
  const h = await harness();

  expect((await h.made()).machine.tags).toContain('bid');
});
