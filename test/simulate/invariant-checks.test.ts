import { expect, test } from 'vitest';
import { type SeenMachine, type Snapshot, violations } from '#test/support/invariant-checks.ts';
import { aBid } from '#test/support/a-bid.ts';
import { aVolume } from '#test/support/a-volume.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import type { InstanceEvent } from '#shared/domain/history.ts';

const INSTANCE = anInstance({
  status: 'RUNNING',
  cloudId: '4711',
  externalIp: '',
  internalIp: '10.0.0.2',
  eventCount: 2,
});

const MACHINE = {
  id: '4711',
  name: INSTANCE.id,
  status: 'RUNNING',
  machineType: `https://www.example.com/zones/us-central1-a/machineTypes/${INSTANCE.machine.machineType}`,
  labels: { 'compute-api': 'local' },
  networkInterfaces: [{ networkIP: '10.0.0.2' }],
} as unknown as SeenMachine;

function event(sequence: number, status: InstanceEvent['status'], atMs: number): InstanceEvent {
  return {
    instanceId: INSTANCE.id,
    sequence,
    status,
    atMs,
    cause: 'operation',
    actor: { type: 'user', id: 'alice' },
    operationId: null,
    reason: null,
    note: false,
    action: null,
    userId: INSTANCE.userId,
    customerId: INSTANCE.customerId,
    visibleBy: [],
    project: '',
    bid: null,
    reservation: null,
  };
}

const CREATE = {
  ...pendingOperation('create', INSTANCE, {
    id: 'op-1',
    actor: { type: 'user', id: 'alice' },
    requestId: 'request-1',
    atMs: 0,
  }),
  state: 'completed' as const,
};

const TRUE: Snapshot = {
  calls: [],
  machines: [MACHINE],
  instances: [INSTANCE],
  operations: [CREATE],
  events: [event(1, 'PROVISIONING', 1_000), event(2, 'RUNNING', 2_000)],
  orphans: [],
  usages: [{ customerId: INSTANCE.customerId, instances: 1, limit: 3 }],
  keyed: [],
  bids: [],
  disks: [],
  volumes: [],
  orphanDisks: [],
  volumeUsages: [],
};

test('records that match the cloud violate nothing', () => {
  expect(violations(TRUE)).toEqual([]);
});

test.each<[string, Partial<Snapshot>, RegExp]>([
  ['another VM under the same name', { machines: [{ ...MACHINE, id: '4712' }] }, /^6: .* 4711 .* 4712 /],
  [
    'another machine type',
    { machines: [{ ...MACHINE, machineType: 'zones/z/machineTypes/e2-micro' }] },
    /^6: .* e2-micro/,
  ],
  [
    'a history that goes back in time',
    { events: [event(1, 'PROVISIONING', 2_000), event(2, 'RUNNING', 1_000)] },
    /^7: .* goes back in time at event 2/,
  ],
  [
    'two inserts for one create',
    { calls: [1, 2].map((count) => insertCall(`request-${count}`)) },
    /^1: .* was inserted 2 times/,
  ],
])('%s is found', (_, changed, finding) => {
  expect(violations({ ...TRUE, ...changed })).toContainEqual(expect.stringMatching(finding));
});

const VOLUME = aVolume({ attachedTo: INSTANCE.id, use: { bid: 'bid_1', instanceId: INSTANCE.id, deviceName: 'data' } });
const HELD = aBid({
  id: 'bid_1',
  phase: 'held',
  quantity: 1,
  instances: [INSTANCE.id],
  launch: { ...aBid().launch, volumes: [`vol_${VOLUME.id}`] },
});
const DISK = { name: VOLUME.id, labels: { 'compute-api': 'local' }, users: [`zones/z/instances/${INSTANCE.id}`] };

/** A bid with one instance, which has a volume attached. */
const FLEET: Snapshot = {
  ...TRUE,
  instances: [{ ...INSTANCE, bid: HELD.id }],
  bids: [HELD],
  disks: [DISK],
  volumes: [VOLUME],
  volumeUsages: [{ customerId: VOLUME.customerId, gb: VOLUME.sizeGb, limit: 100 }],
};

test('a bid and a volume that are as they should be violate nothing', () => {
  expect(violations(FLEET)).toEqual([]);
});

test.each<[string, Partial<Snapshot>, RegExp]>([
  ['an instance of a bid that has ended', { bids: [{ ...HELD, phase: 'ended' }] }, /^2B: .* is ended and has 1/],
  ['an instance that its bid does not list', { bids: [{ ...HELD, instances: ['other'] }] }, /^2B: .* which does not/],
  ['a bid with only some of its instances', { bids: [{ ...HELD, quantity: 2 }] }, /^2B: .* given 1 of 2/],
  ['a disk without a volume', { volumes: [] }, /^2D: the disk .* neither/],
  ['a volume without a disk', { disks: [] }, /^2D: the volume .* has no disk/],
  [
    'counted GB that no volume has',
    { volumeUsages: [{ customerId: 'acme', gb: 70, limit: 100 }] },
    /^3D: .* 50 GB and 70/,
  ],
  ['GB beyond the limit', { volumeUsages: [{ customerId: 'acme', gb: 50, limit: 40 }] }, /^3D: acme uses 50 of 40/],
  ['a disk on no VM', { disks: [{ ...DISK, users: [] }] }, /^6D: .* should be on/],
  ['a volume shown elsewhere', { volumes: [{ ...VOLUME, attachedTo: '' }] }, /^6D: .* is shown on/],
  [
    'a volume in use by a bid that no longer includes it',
    { bids: [{ ...HELD, launch: aBid().launch }] },
    /^6D: .* does not have it/,
  ],
  ['two inserts of a disk', { calls: [diskInsert('r-1'), diskInsert('r-2')] }, /^1D: .* inserted 2 times/],
])('%s is found', (_, changed, finding) => {
  expect(violations({ ...FLEET, ...changed })).toContainEqual(expect.stringMatching(finding));
});

test('an insert whose operation failed has made no VM', () => {
  const failed = { ...insertCall('request-1'), operationError: 'INTERNAL_ERROR' };

  const found = violations({ ...TRUE, calls: [failed, insertCall('request-2')] });

  expect(found.filter((line) => line.startsWith('1:'))).toEqual([]);
});

function diskInsert(requestId: string): Snapshot['calls'][number] {
  return { ...insertCall(requestId), method: 'disks.insert', instance: VOLUME.id };
}

function insertCall(requestId: string): Snapshot['calls'][number] {
  return {
    method: 'instances.insert',
    zone: 'us-central1-a',
    instance: INSTANCE.id,
    requestId,
    time: new Date(0).toISOString(),
    outcome: 'applied',
    status: 200,
  };
}
