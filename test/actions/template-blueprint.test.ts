import { expect, test } from 'vitest';
import catalog from '#scripts/local/catalog.json' with { type: 'json' };
import { CatalogReader } from '#shared/actions/catalog-reader.ts';
import { templateBlueprint } from '#shared/actions/template-blueprint.ts';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import type { Catalog, Entries } from '#shared/catalog/catalog.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { testAuditor } from '#test/support/test-auditor.ts';

const TEMPLATE: Entries['templates'] = catalog.templates['ubuntu-22-standard'];
const CONFIG: Entries['configs'] = catalog.configs['default-network'];

/**
 * Opens the local catalogue with `more` entries, and returns functions that resolve a template with a config or in a
 * zone.
 */
async function harness(more: Catalog = {}) {
  const { store } = await testDatastore();
  const auditor = testAuditor();
  await applyCatalog(store, catalog satisfies Catalog, { auditor });
  await applyCatalog(store, more, { auditor });
  const reader = new CatalogReader({ store, nowMs: () => 0 });
  return (templateId: string, { configId, zone }: { readonly configId?: string; readonly zone?: string }) =>
    templateBlueprint(
      { templateId, configId, zone, project: '', keys: async () => ({ keys: [], unknown: [] }) },
      reader,
    );
}

const subnet = (region: string): Entries['subnets'] => ({
  name: region,
  vpcId: 'vpc-own',
  subnetwork: `regions/${region}/subnetworks/own`,
  region,
  zone: '',
});
const OWN_NETWORK = { 'vpc-own': { name: 'Own', network: 'global/networks/own' } };

test('GPUs and Local SSD of the template are the machine’s', async () => {
  const extras = { accelerator: { type: 'nvidia-l4', count: 1 }, localSsds: 1, discardLocalSsd: true };
  const blueprint = await harness({ templates: { gpu: { ...TEMPLATE, machineType: 'g2-standard-4', ...extras } } });

  expect((await blueprint('gpu', { configId: 'default-network' })).machine).toMatchObject(extras);
});

test('a config that names no subnetwork gets the only one of its network in the region', async () => {
  const blueprint = await harness({
    networks: OWN_NETWORK,
    subnets: { 'subnet-own': subnet('us-central1'), 'subnet-eu': subnet('europe-west1') },
    configs: { own: { ...CONFIG, network: 'global/networks/own', subnetwork: '' } },
  });

  expect((await blueprint('ubuntu-22-standard', { configId: 'own' })).machine.subnetwork).toBe(
    'regions/us-central1/subnetworks/own',
  );
});

test('a config that names no subnetwork of several is refused, and the message lists them', async () => {
  const blueprint = await harness({
    networks: OWN_NETWORK,
    subnets: { 'subnet-one': subnet('us-central1'), 'subnet-two': subnet('us-central1') },
    configs: { own: { ...CONFIG, network: 'global/networks/own', subnetwork: '' } },
  });

  await expect(blueprint('ubuntu-22-standard', { configId: 'own' })).rejects.toMatchObject({
    kind: 'invalid_request',
    message:
      'The request is not valid: body.config_id names no subnet, and its network has several subnets in us-central1: ' +
      'subnet-one (us-central1), subnet-two (us-central1). Choose a network config that names one.',
    fields: [{ pointer: '/config_id' }],
  });
});

test('a zone where the default network has no subnet is refused, and the message says where it has one', async () => {
  const blueprint = await harness({
    configs: { 'default-network': { ...CONFIG, subnetwork: 'regions/us-central1/subnetworks/default' } },
  });

  await expect(blueprint('debian-12-small', { zone: 'europe-west1-b' })).rejects.toMatchObject({
    kind: 'invalid_request',
    message:
      'The request is not valid: body.zone must be in us-central1: the network config default-network has no subnet in ' +
      'europe-west1.',
    fields: [{ pointer: '/zone' }],
  });
});

test('a zone elsewhere gets the subnet that the default network has there', async () => {
  const blueprint = await harness({
    networks: OWN_NETWORK,
    subnets: { 'subnet-own': subnet('us-central1'), 'subnet-eu': subnet('europe-west1') },
    configs: {
      'default-network': {
        ...CONFIG,
        network: 'global/networks/own',
        subnetwork: 'regions/us-central1/subnetworks/own',
      },
    },
  });

  const { zone, machine } = await blueprint('debian-12-small', { zone: '' });

  expect([zone, machine.subnetwork]).toEqual(['europe-west1-b', 'regions/europe-west1/subnetworks/own']);
});

test('an AI zone is a zone of its region', async () => {
  const blueprint = await harness();

  expect((await blueprint('ubuntu-22-standard', { zone: 'us-central1-ai1a' })).zone).toBe('us-central1-ai1a');
  await expect(blueprint('ubuntu-22-standard', { zone: 'us-central1-aia' })).rejects.toMatchObject({
    kind: 'invalid_request',
  });
});

test('a template whose disk is smaller than its image is our failure, and says the least size', async () => {
  const blueprint = await harness({ templates: { small: { ...TEMPLATE, diskSizeGb: 12, diskGbMin: 20 } } });

  await expect(blueprint('small', { configId: 'default-network' })).rejects.toMatchObject({
    kind: 'internal',
    reason: 'template_not_possible',
    message:
      'The template small is not set up right: its disk has 12 GB, and its image needs at least 20 GB. ' +
      'Please tell the platform’s operators.',
  });
});
