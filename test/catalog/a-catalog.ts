import type { Catalog, Entries } from '#shared/catalog/catalog.ts';
import { LIMITED_OPERATIONS, type LimitedOperation } from '#shared/domain/tier.ts';

/** Returns a tier with a limit of 60 a minute for each operation. */
export function aTier(overrides: Partial<Entries['tiers']> = {}): Entries['tiers'] {
  const perMinute = Object.fromEntries(LIMITED_OPERATIONS.map((operation) => [operation, 60]));
  return { maxInstances: 3, maxVolumeGb: 500, perMinute: perMinute as Record<LimitedOperation, number>, ...overrides };
}

/** Returns a consistent catalogue with at least one entry in every section. */
export function aCatalog(overrides: Catalog = {}): Required<Catalog> {
  return {
    tiers: { free: aTier({ maxInstances: 1 }), pro: aTier() },
    templates: {
      'ubuntu-22-standard': {
        name: 'Ubuntu 22.04',
        description: 'Two cores.',
        machineType: 'n1-standard-2',
        diskSizeGb: 50,
        diskType: 'pd-standard',
        image: 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts',
        region: 'us-central1',
      },
    },
    configs: {
      'default-network': {
        name: 'Default network',
        description: '',
        zone: 'us-central1-a',
        network: 'global/networks/default',
        subnetwork: 'regions/us-central1/subnetworks/default',
        tags: ['web'],
        externalIp: true,
      },
    },
    serverTypes: {
      cx31: {
        machineType: 'n1-standard-2',
        series: 'n1',
        vcpus: 2,
        memoryMb: 7680,
        diskSizeGb: 80,
        diskType: 'pd-standard',
      },
    },
    images: {
      'ubuntu-22.04': {
        name: 'Ubuntu 22.04',
        image: 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts',
      },
    },
    networks: { 'vpc-abc123': { name: 'Shared', network: 'global/networks/default' } },
    subnets: {
      'subnet-def456': {
        name: 'Shared',
        vpcId: 'vpc-abc123',
        subnetwork: 'regions/us-central1/subnetworks/default',
        region: 'us-central1',
        zone: '',
      },
    },
    securityGroups: {
      'sg-ssh': { name: 'SSH', tags: ['allow-ssh'] },
      'sg-web': { name: 'Web', tags: ['http-server', 'https-server'] },
    },
    sshKeys: {
      'key-001': {
        customerId: 'acme',
        name: 'Laptop',
        user: 'alice',
        publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtQUDZWhs8k alice@laptop',
      },
    },
    volumeTypes: { block: { diskType: 'pd-balanced', minGb: 10, maxGb: 1000, centsPerGbMonth: 10 } },
    prices: { 'n1-standard-2': { steps: [{ priceCents: 10, from: '2026-01-01T00:00:00Z' }] } },
    spotPrices: {
      'n1-standard-2': {
        steps: [{ priceCents: 4, from: '2026-01-01T00:00:00Z' }],
        zones: { 'us-central1-b': [{ priceCents: 5, from: '2026-01-01T00:00:00Z' }] },
      },
    },
    ...overrides,
  };
}
