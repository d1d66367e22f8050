import type { Instance } from '#shared/domain/instance.ts';
import { NO_LOGIN } from '#shared/domain/login.ts';
import { UNMETERED } from '#shared/domain/metering.ts';

/** Returns a running instance of alice, made from the example template. */
export function anInstance(overrides: Partial<Instance> = {}): Instance {
  const id = overrides.id ?? 'tw-550e84-a1b2c3d4';
  return {
    id,
    userId: '550e8400-e29b-41d4-a716-446655440000',
    customerId: 'acme',
    project: '',
    visibleBy: ['group1'],
    displayName: id,
    zone: 'us-central1-a',
    machine: {
      machineType: 'n1-standard-2',
      image: 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts',
      diskSizeGb: 50,
      diskType: 'pd-standard',
      network: 'global/networks/default',
      subnetwork: '',
      tags: [],
      externalIp: true,
      labels: {},
      metadata: {},
      spot: false,
      accelerator: null,
      localSsds: 0,
      discardLocalSsd: false,
    },
    login: NO_LOGIN,
    templateId: 'ubuntu-22-standard',
    configId: 'default-network',
    spec: null,
    bid: null,
    reservation: null,
    status: 'RUNNING',
    statusReason: null,
    statusSinceMs: 1_700_000_000_000,
    preempted: false,
    statusSyncedAtMs: 1_700_000_000_000,
    externalIp: '',
    internalIp: '',
    cloudId: '',
    createdAtMs: 1_700_000_000_000,
    queue: [],
    deletionProtection: false,
    lastOperation: null,
    eventCount: 0,
    lastEventAtMs: 0,
    checkAtMs: null,
    metering: UNMETERED,
    ...overrides,
  };
}
