import { describe, expect, test } from 'vitest';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import type { Catalog, Entries } from '#shared/catalog/catalog.ts';
import { changeCount, planCatalog } from '#shared/catalog/plan-catalog.ts';
import { exportCatalog } from '#shared/catalog/stored-catalog.ts';
import { CUSTOMER } from '#shared/datastore/account-rows.ts';
import { PRICE, SSH_KEY, SUBNET, TEMPLATE, TIER, NO_EXTRAS, UNSAID_TRAITS } from '#shared/datastore/catalog-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { InUse } from '#shared/domain/in-use.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { aCatalog, aTier } from './a-catalog.ts';
import { testAuditor } from '#test/support/test-auditor.ts';

const auditor = testAuditor();

const MACHINE = anInstance().machine;

describe('applying', () => {
  test('every section becomes rows', async () => {
    const { store } = await testDatastore();

    await applyCatalog(store, aCatalog(), { auditor });

    const rows = await store.getAll([
      ref(TIER, 'pro'),
      ref(TEMPLATE, 'ubuntu-22-standard'),
      ref(SUBNET, 'subnet-def456'),
      ref(SSH_KEY, 'key-001'),
      ref(PRICE, 'n1-standard-2'),
    ]);
    expect(rows.map((row) => row?.value)).toEqual([
      { name: 'pro', ...aTier() },
      { ...NO_EXTRAS, ...UNSAID_TRAITS, id: 'ubuntu-22-standard', ...aCatalog().templates['ubuntu-22-standard'] },
      { id: 'subnet-def456', customerId: '', ...aCatalog().subnets['subnet-def456'] },
      { id: 'key-001', ...aCatalog().sshKeys['key-001'] },
      { machineType: 'n1-standard-2', steps: [{ priceCents: 10, fromMs: Date.UTC(2026, 0, 1) }] },
    ]);
  });

  test('a second time changes nothing', async () => {
    const { store } = await testDatastore();
    await applyCatalog(store, aCatalog(), { auditor });
    const before = await store.get(ref(TIER, 'pro'));
    let batches = 0;

    const plan = await applyCatalog(store, aCatalog(), { auditor, prune: true, onProgress: () => (batches += 1) });

    expect(plan.items).toEqual([]);
    expect(batches).toBe(0);
    expect(await store.get(ref(TIER, 'pro'))).toEqual(before);
  });

  test('hundreds of entries go in batches, with progress', async () => {
    const { store } = await testDatastore();
    const tiers = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`tier-${i}`, aTier()]));
    const progress: string[] = [];

    await applyCatalog(
      store,
      { tiers },
      { auditor, onProgress: ({ done, total }) => progress.push(`${done}/${total}`) },
    );

    expect(progress).toEqual(['100/250', '200/250', '250/250']);
    expect(Object.keys((await exportCatalog(store)).tiers ?? {})).toHaveLength(250);
  });

  test('one that stopped half-way is completed by the next', async () => {
    const { store, faults } = await testDatastore();
    const tiers = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`tier-${i}`, aTier()]));
    const stopped = applyCatalog(
      store,
      { tiers },
      {
        auditor,
        onProgress: () => faults.add([{ service: 'datastore', method: 'commit', kind: 'error', count: 1, status: 7 }]),
      },
    );
    await expect(stopped).rejects.toMatchObject({ cause: { code: 7 } });

    const plan = await applyCatalog(store, { tiers }, { auditor });

    expect(changeCount(plan)).toBe(50);
    expect(changeCount(await planCatalog(store, { tiers }))).toBe(0);
  });
});

describe('planning', () => {
  test('a change is shown member by member, old and new', async () => {
    const { store } = await testDatastore();
    await applyCatalog(store, aCatalog(), { auditor });
    const pro = aTier({ maxInstances: 5, perMinute: { ...aTier().perMinute, create: 30 } });

    const { items } = await planCatalog(store, { tiers: { pro } });

    expect(items.filter((item) => item.change === 'change')).toEqual([
      {
        section: 'tiers',
        what: 'tier pro',
        id: 'pro',
        change: 'change',
        uses: [],
        members: [
          { member: 'maxInstances', from: 3, to: 5 },
          { member: 'perMinute.create', from: 60, to: 30 },
        ],
      },
    ]);
  });

  test('planning writes nothing', async () => {
    const { store } = await testDatastore();

    expect(changeCount(await planCatalog(store, aCatalog()))).toBe(14);

    expect(changeCount(await planCatalog(store, aCatalog()))).toBe(14);
  });

  test('two spellings of one time are the same', async () => {
    const { store } = await testDatastore();
    await applyCatalog(store, aCatalog(), { auditor });

    const { items } = await planCatalog(store, {
      prices: { 'n1-standard-2': { steps: [{ priceCents: 10, from: '2026-01-01T01:00:00.000+01:00' }] } },
    });

    expect(items.filter((item) => item.section === 'prices')).toEqual([]);
  });

  test('an owner that is nobody yet and a machine without a price are warned of', async () => {
    const { store } = await testDatastore();
    const owned = { name: 'Own', network: 'global/networks/own' };
    await store.write([put(CUSTOMER, 'acme', { id: 'acme', name: 'Acme', tier: 'pro' })]);

    const { warnings } = await planCatalog(store, {
      networks: { 'vpc-a': { ...owned, customerId: 'acme' }, 'vpc-n': { ...owned, customerId: 'nobody' } },
      templates: aCatalog().templates,
    });

    expect(warnings).toEqual([
      '/templates/ubuntu-22-standard: n1-standard-2 has no price, so its instances have no price history.',
      '/networks/vpc-n/customerId: customer nobody does not exist (yet).',
    ]);
  });

  test('all references that lead nowhere are named', async () => {
    const { store } = await testDatastore();
    const { subnets, configs, prices } = aCatalog();
    const subnet = subnets['subnet-def456'];
    const config = configs['default-network'];
    const price = prices['n1-standard-2'];
    if (subnet === undefined || config === undefined || price === undefined) throw new Error('not an example');
    const catalog: Catalog = {
      networks: { 'vpc-own': { customerId: 'acme', name: 'Own', network: 'global/networks/own' } },
      subnets: {
        'subnet-1': { ...subnet, vpcId: 'vpc-none' },
        'subnet-2': { ...subnet, vpcId: 'vpc-own' },
        'subnet-3': { ...subnet, vpcId: 'vpc-own', customerId: 'acme', region: 'europe-west1', zone: 'us-central1-a' },
      },
      configs: { c: { ...config, zone: 'us-east1-b' } },
      prices: { 'n1-standard-2': { steps: [...price.steps, ...price.steps] } },
      spotPrices: {
        'n1-standard-2': { steps: price.steps, zones: { 'us-central1-a': [...price.steps, ...price.steps] } },
      },
    };

    const planned = planCatalog(store, catalog);

    await expect(planned).rejects.toMatchObject({
      kind: 'invalid_request',
      fields: [
        { pointer: '/configs/c/subnetwork', message: 'is in us-central1, but the zone us-east1-b is in us-east1' },
        { pointer: '/subnets/subnet-1/vpcId', message: 'names no network; there are vpc-own' },
        { pointer: '/subnets/subnet-2/customerId' },
        { pointer: '/subnets/subnet-3/subnetwork' },
        { pointer: '/subnets/subnet-3/zone' },
        { pointer: '/prices/n1-standard-2/steps/1/from' },
        { pointer: '/spotPrices/n1-standard-2/zones/us-central1-a/1/from' },
      ],
    });
  });

  test('a reference may lead to what is stored and not in the file', async () => {
    const { store } = await testDatastore();
    await applyCatalog(store, aCatalog(), { auditor });

    const { items } = await planCatalog(store, { subnets: aCatalog().subnets });

    expect(items.filter((item) => item.change !== 'keep')).toEqual([]);
  });
});

describe('removing', () => {
  test('what the file does not have is left alone and listed', async () => {
    const { store } = await testDatastore();
    await applyCatalog(store, aCatalog(), { auditor });

    const plan = await applyCatalog(store, { tiers: { pro: aTier() } }, { auditor });

    expect(plan.items.map(({ change, what }) => `${change} ${what}`)).toContain('keep tier free');
    expect(changeCount(plan)).toBe(0);
    expect(await exportCatalog(store)).toEqual(aCatalog());
  });

  test('--prune removes it, but only in the sections that the file has', async () => {
    const { store } = await testDatastore();
    await applyCatalog(store, aCatalog(), { auditor });

    await applyCatalog(store, { tiers: { pro: aTier() }, sshKeys: {} }, { auditor, prune: true });

    expect(await exportCatalog(store)).toEqual(aCatalog({ tiers: { pro: aTier() }, sshKeys: {} }));
  });

  test('a tier with customers stays, with ten of them named and all counted, and nothing else is done either', async () => {
    const { store } = await testDatastore();
    await applyCatalog(store, aCatalog(), { auditor });
    const ids = Array.from({ length: 23 }, (_, i) => `customer-${String(i).padStart(2, '0')}`);
    await store.write(ids.map((id) => put(CUSTOMER, id, { id, name: id, tier: 'free' })));

    const applied = applyCatalog(store, { tiers: { pro: aTier({ maxInstances: 9 }) } }, { auditor, prune: true });

    await expect(applied).rejects.toThrow(InUse);
    await expect(applied).rejects.toMatchObject({
      reason: 'in_use',
      uses: [{ what: 'tier free', by: 'customers', count: 23, first: ids.slice(0, 10) }],
    });
    expect(await exportCatalog(store)).toEqual(aCatalog());
  });

  const spec = {
    type: 'cx31',
    image: 'ubuntu-22.04',
    vpc_id: 'vpc-abc123',
    subnet_id: 'subnet-def456',
    security_groups: ['sg-web'],
    ssh_key_ids: ['key-001'],
  };
  test.each([
    ['template ubuntu-22-standard', { templates: {} }],
    ['config default-network', { configs: {} }],
    ['server type cx31', { serverTypes: {} }],
    ['image ubuntu-22.04', { images: {} }],
    ['network vpc-abc123', { networks: {}, subnets: {} }],
    ['subnet subnet-def456', { subnets: {} }],
    ['security group sg-web', { securityGroups: {} }],
    ['ssh key key-001', { sshKeys: {} }],
    ['price n1-standard-2', { prices: {} }],
    ['spot price n1-standard-2', { spotPrices: {} }],
  ] as const)('%s stays while instances were made from it, and goes when they are gone', async (what, catalog) => {
    const { store } = await testDatastore();
    await applyCatalog(store, aCatalog(), { auditor });
    const instance = anInstance({ id: 'tw-1', spec, machine: MACHINE });
    await store.write([put(INSTANCE, instance.id, instance)]);

    const refused = await planCatalog(store, catalog, { prune: true });
    const row = await store.get(ref(INSTANCE, instance.id));
    await store.write([
      put(INSTANCE, instance.id, {
        ...anInstance(),
        templateId: '',
        configId: '',
        machine: { ...MACHINE, machineType: 'e2-medium' },
      }),
    ]);
    const allowed = await planCatalog(store, catalog, { prune: true });

    expect(row?.value.spec).toEqual(spec);
    expect(refused.refused).toContainEqual({ what, by: 'instances', count: 1, first: ['tw-1'] });
    expect(allowed.refused).toEqual([]);
  });

  test('a network stays while a subnet is in it', async () => {
    const { store } = await testDatastore();
    await applyCatalog(store, aCatalog(), { auditor });

    const { refused } = await planCatalog(store, { networks: {} }, { prune: true });

    expect(refused).toEqual([{ what: 'network vpc-abc123', by: 'subnets', count: 1, first: ['subnet-def456'] }]);
  });
});

test('what is exported can be applied to an empty store and comes out the same', async () => {
  const first = await testDatastore();
  const second = await testDatastore();
  await applyCatalog(first.store, aCatalog(), { auditor });

  const exported = await exportCatalog(first.store);
  await applyCatalog(second.store, exported, { auditor });

  expect(JSON.stringify(await exportCatalog(second.store))).toBe(JSON.stringify(exported));
  expect(exported).toEqual(aCatalog());
});

test('what a template and a server type say of GPUs, Local SSD and their image is kept, and exported as it was said', async () => {
  const { store } = await testDatastore();
  const extras = { accelerator: { type: 'nvidia-tesla-t4', count: 1 }, localSsds: 1, discardLocalSsd: true };
  const traits = { loginUser: 'ubuntu', architecture: 'X86_64', diskGbMin: 10 } as const;
  const plain = aCatalog();
  const file = aCatalog({
    templates: { gpu: { ...plain.templates['ubuntu-22-standard'], ...extras, ...traits } as Entries['templates'] },
    serverTypes: { gpu: { ...plain.serverTypes['cx31'], ...extras } as Entries['serverTypes'] },
    images: { own: { ...plain.images['ubuntu-22.04'], ...traits } as Entries['images'] },
  });

  await applyCatalog(store, file, { auditor });

  expect((await store.get(ref(TEMPLATE, 'gpu')))?.value).toMatchObject({ ...extras, ...traits });
  expect(await exportCatalog(store)).toEqual(file);
  expect((await applyCatalog(store, file, { auditor })).items).toEqual([]);
});
