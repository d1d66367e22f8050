import { expect, test } from 'vitest';
import { type SeenMachine, type Snapshot, violations } from '#test/support/invariant-checks.ts';
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
    action: null,
    operationId: null,
    reason: null,
    note: false,
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
};

test('what is true violates nothing', () => {
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

test('an insert whose operation failed has made no VM', () => {
  const failed = { ...insertCall('request-1'), operationError: 'INTERNAL_ERROR' };

  const found = violations({ ...TRUE, calls: [failed, insertCall('request-2')] });

  expect(found.filter((line) => line.startsWith('1:'))).toEqual([]);
});

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
