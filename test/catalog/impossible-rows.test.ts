import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { catalogLine } from '#scripts/catalog/catalog-line.ts';
import { checkStoredCatalog } from '#scripts/catalog/check-catalog.ts';
import { checkMachines } from '#scripts/catalog/check-machines.ts';
import { checkProject } from '#scripts/catalog/check-project.ts';
import { ComputeReader } from '#scripts/catalog/compute-reader.ts';
import { REGIONS } from '#scripts/emulators/compute/data/zones.ts';
import localCatalog from '#scripts/local/catalog.json' with { type: 'json' };
import { networksOf } from '#scripts/local/state/catalog-networks.ts';
import type { Catalog, Entries } from '#shared/catalog/catalog.ts';
import { exportCatalog } from '#shared/catalog/stored-catalog.ts';
import { computeCloud, PROJECT } from '#test/support/compute-cloud.ts';
import { TEST_PROJECT, testDatastore } from '#test/support/datastore.ts';
import { runLine } from '#test/support/run-line.ts';

const LOCAL: Catalog = localCatalog;
const TEMPLATE: Entries['templates'] = localCatalog.templates['ubuntu-22-standard'];
const TYPE: Entries['serverTypes'] = localCatalog.serverTypes.cx31;
const CONFIG: Entries['configs'] = localCatalog.configs['default-network'];

/** A catalogue as a new user might write it, with five rows that can never work. */
const FIVE_WRONG: Catalog = {
  templates: {
    'new-balanced': { ...TEMPLATE, machineType: 'n4-standard-2', diskType: 'pd-balanced' },
    arm: { ...TEMPLATE, machineType: 't2a-standard-1' },
    old: { ...TEMPLATE, image: 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2004-lts' },
  },
  serverTypes: {
    scratch: { ...TYPE, machineType: 'e2-medium', series: 'e2', vcpus: 2, memoryMb: 4096, localSsds: 1 },
    odd: { ...TYPE, machineType: 'n2-custom-3-8192', series: 'n2', vcpus: 3, memoryMb: 8192 },
  },
};

/** The only region without E2 machines in any zone. */
const WITHOUT_E2 = 'asia-southeast3';

/** Returns the deployed catalogue with its placeholders filled for a region. */
function deployedCatalog(region: string): Catalog {
  const text = readFileSync(new URL('../../infra/catalog.json', import.meta.url), 'utf8');
  const blanks: Readonly<Record<string, string>> = {
    network: 'projects/my-project/global/networks/compute-api',
    region,
    subnetwork: `projects/my-project/regions/${region}/subnetworks/compute-api`,
    zone: `${region}-b`,
  };
  return JSON.parse(text.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => blanks[name] ?? '')) as Catalog;
}

async function harness(environment: Readonly<Record<string, string>> = {}) {
  const { store, address } = await testDatastore();
  const folder = mkdtempSync(path.join(tmpdir(), 'catalog-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'catalog.json');
  return {
    store,
    run: (command: 'plan' | 'apply', catalog: Catalog, ...options: readonly string[]) => {
      writeFileSync(file, JSON.stringify(catalog));
      return runLine(catalogLine, [command, file, ...options], {
        DATASTORE_EMULATOR_HOST: address,
        GOOGLE_CLOUD_PROJECT: TEST_PROJECT,
        ...environment,
      });
    },
  };
}

test('the catalogue of a new user with five wrong rows: plan names each, and why', async () => {
  const { run } = await harness();

  const { stdout, exitCode } = await run('plan', { ...LOCAL, ...FIVE_WRONG });

  expect(stdout.split('\n').filter((line) => line.startsWith('Cannot work: '))).toEqual([
    'Cannot work: /templates/new-balanced/diskType: A n4-standard-2 cannot start from a pd-balanced disk.',
    'Cannot work: /templates/arm/image: Requested boot disk architecture (X86_64) is not compatible with machine type architecture (ARM64).',
    "Cannot work: /templates/old/image: The image 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2004-lts' does not exist, or no longer.",
    'Cannot work: /serverTypes/scratch/localSsds: A e2-medium cannot have Local SSD.',
    "Cannot work: /serverTypes/odd/machineType: Custom Machine type with name 'n2-custom-3-8192' does not exist.",
  ]);
  // Without --strict the findings are only printed; exit code 2 says that the plan has changes.
  expect(exitCode).toBe(2);
});

test('--strict makes such a row an error, and nothing is written', async () => {
  const { run, store } = await harness();

  const planned = await run('plan', FIVE_WRONG, '--strict');
  const applied = await run('apply', FIVE_WRONG, '--strict');

  expect([planned.exitCode, applied.exitCode]).toEqual([3, 3]);
  expect(applied.stderr).toContain('Cannot work: /templates/new-balanced/diskType');
  expect(applied.stderr).toContain('nothing was changed: rows that can never work are refused by --strict.');
  expect((await exportCatalog(store)).templates).toEqual({});
});

test('without --strict it is applied with the findings, and a check of what is stored tells them again', async () => {
  const { run, store } = await harness();

  const { exitCode, stderr } = await run('apply', { ...LOCAL, ...FIVE_WRONG });

  expect(exitCode).toBe(0);
  expect(stderr).toContain('Cannot work: /templates/old/image');
  expect((await checkStoredCatalog(store, undefined)).impossible).toHaveLength(5);
});

describe('the shipped catalogues are clean', () => {
  test('the one of the local cloud, also by asking its Compute Engine', async () => {
    const { emulator } = await computeCloud({ networks: networksOf(LOCAL) });

    expect(checkMachines(LOCAL)).toEqual({ impossible: [], warnings: [] });
    const reader = new ComputeReader({ project: PROJECT, emulatorHost: emulator.address });
    expect(await checkProject(LOCAL, reader)).toEqual({ impossible: [], warnings: [] });
  });

  test.each(REGIONS.filter((region) => region !== WITHOUT_E2))('the one that is deployed, in %s', (region) => {
    expect(checkMachines(deployedCatalog(region))).toEqual({ impossible: [], warnings: [] });
  });

  test('the one that is deployed says what is missing where Google has no E2', () => {
    expect(checkMachines(deployedCatalog(WITHOUT_E2)).impossible).toHaveLength(6);
  });
});

describe('what can never work', () => {
  test.each<readonly [string, Catalog, string, string]>([
    [
      'a region that does not exist',
      { templates: { a: { ...TEMPLATE, region: 'mars-north1' } } },
      '/templates/a/region',
      "There is no region 'mars-north1'.",
    ],
    [
      'a series that no zone of the region has',
      { templates: { a: { ...TEMPLATE, region: 'africa-south1' } } },
      '/templates/a/machineType',
      "Machine type with name 'n1-standard-2' does not exist in zone 'africa-south1-a'.",
    ],
    [
      'a disk that the image does not fit into',
      {
        templates: {
          a: { ...TEMPLATE, diskSizeGb: 40, image: 'projects/windows-cloud/global/images/family/windows-2025' },
        },
      },
      '/templates/a/diskSizeGb',
      'Requested disk size cannot be smaller than the image size (50 GB)',
    ],
    [
      'other GPUs than those of the machine type',
      {
        templates: {
          a: {
            ...TEMPLATE,
            machineType: 'g2-standard-4',
            diskType: 'pd-balanced',
            accelerator: { type: 'nvidia-l4', count: 2 },
          },
        },
      },
      '/templates/a/accelerator',
      'A g2-standard-4 has 1 of nvidia-l4, not 2 of nvidia-l4.',
    ],
    [
      'another size than that of the machine type',
      { serverTypes: { a: { ...TYPE, vcpus: 4 } } },
      '/serverTypes/a/vcpus',
      'A n1-standard-2 has 2, not 4.',
    ],
    [
      'another series than that of the machine type',
      { serverTypes: { a: { ...TYPE, series: 'n2' } } },
      '/serverTypes/a/series',
      'A n1-standard-2 has n1, not n2.',
    ],
    [
      'a server type for which there is no image',
      {
        images: { ...LOCAL.images },
        serverTypes: {
          a: { ...TYPE, machineType: 't2a-standard-2', series: 't2a', memoryMb: 8192 },
        },
      },
      '/serverTypes/a/machineType',
      'A t2a-standard-2 is ARM64, and the catalogue has no image for it.',
    ],
    [
      'a disk that no image fits into',
      {
        images: { win: { name: 'W', image: 'projects/windows-cloud/global/images/family/windows-2025' } },
        serverTypes: { a: { ...TYPE, diskSizeGb: 40 } },
      },
      '/serverTypes/a/diskSizeGb',
      'No image of the catalogue fits into 40 GB: the smallest needs 50 GB.',
    ],
    [
      'an architecture that the image does not have',
      { images: { a: { ...localCatalog.images['debian-12'], architecture: 'ARM64' } } },
      '/images/a/architecture',
      'The image is for X86_64, not ARM64.',
    ],
    [
      'a config in a zone that does not exist',
      { configs: { a: { ...CONFIG, zone: 'us-central1-z' } } },
      '/configs/a/zone',
      "There is no zone 'us-central1-z'.",
    ],
  ])('%s', (_, catalog, pointer, message) => {
    expect(checkMachines(catalog).impossible).toContainEqual({
      pointer,
      message: expect.stringContaining(message) as string,
    });
  });

  test('a zone that lacks a machine type is a warning, as long as another zone of the region has it', () => {
    const template = { ...TEMPLATE, machineType: 't2a-standard-1', image: `${TEMPLATE.image}-arm64` };

    expect(checkMachines({ templates: { arm: template } })).toEqual({
      impossible: [],
      warnings: [
        {
          pointer: '/templates/arm/machineType',
          message:
            "It cannot be made in us-central1-c: Machine type with name 't2a-standard-1' does not exist in zone 'us-central1-c'.",
        },
      ],
    });
  });
});

describe('by asking Compute Engine of a project', () => {
  const CUSTOM = { name: 'own', mode: 'custom' as const };
  const vpc = { name: 'Own', network: 'global/networks/own' };
  const subnet: Entries['subnets'] = {
    name: 'Own',
    vpcId: 'vpc-own',
    subnetwork: 'regions/us-central1/subnetworks/own',
    region: 'us-central1',
    zone: '',
  };

  async function reader(subnetworks: readonly { readonly name: string; readonly region: string }[] = []) {
    const { emulator } = await computeCloud({
      networks: [
        { name: 'default', mode: 'auto' },
        { ...CUSTOM, subnetworks },
      ],
    });
    return new ComputeReader({ project: PROJECT, emulatorHost: emulator.address });
  }

  test('a network in custom mode from which no subnetwork is named cannot work', async () => {
    const catalog: Catalog = {
      configs: { a: { ...CONFIG, network: 'global/networks/own', subnetwork: '' } },
      networks: { 'vpc-own': vpc },
    };
    const message =
      "The network 'global/networks/own' is in custom mode, so that a subnetwork must be named: here, or as the only subnet.";

    expect((await checkProject(catalog, await reader())).impossible).toEqual([
      { pointer: '/configs/a/subnetwork', message },
      { pointer: '/networks/vpc-own', message },
    ]);
  });

  test('with its only subnet in the catalogue it works', async () => {
    const catalog: Catalog = {
      configs: { a: { ...CONFIG, network: 'global/networks/own', subnetwork: '' } },
      networks: { 'vpc-own': vpc },
      subnets: { 'subnet-own': subnet },
    };

    const findings = await checkProject(catalog, await reader([{ name: 'own', region: 'us-central1' }]));

    expect(findings.impossible).toEqual([]);
  });

  test('what does not exist there is told: network, subnetwork, image, machine type', async () => {
    const catalog: Catalog = {
      configs: { a: { ...CONFIG, network: 'global/networks/gone' } },
      networks: { 'vpc-own': vpc },
      subnets: { 'subnet-own': subnet },
      templates: { a: { ...TEMPLATE, image: 'projects/acme-images/global/images/gone', machineType: 'n9-standard-2' } },
    };

    expect((await checkProject(catalog, await reader())).impossible.map(({ pointer }) => pointer)).toEqual([
      '/templates/a/machineType',
      '/templates/a/image',
      '/configs/a/network',
      '/subnets/subnet-own/subnetwork',
    ]);
  });

  test('--cloud asks the project of the command, and an emulator of Datastore alone is no project', async () => {
    const { emulator } = await computeCloud();
    const catalog: Catalog = { configs: { a: { ...CONFIG, network: 'global/networks/gone' } } };
    const asking = await harness({ COMPUTE_EMULATOR_HOST: emulator.address });
    const alone = await harness();

    expect((await asking.run('plan', catalog, '--cloud')).stdout).toContain(
      "Cannot work: /configs/a/network: There is no network 'global/networks/gone'.",
    );
    expect((await alone.run('plan', catalog, '--cloud')).stderr).toContain('set COMPUTE_EMULATOR_HOST');
  });
});
