import { expect, test } from 'vitest';
import type { InstanceEvent } from '#shared/domain/history.ts';
import type { OperationKind } from '#shared/domain/instance.ts';
import type { PricePeriod } from '#shared/domain/metering.ts';
import { type Operation, pendingOperation } from '#shared/domain/operation.ts';
import { type Told, untruths } from '#test/support/history-checks.ts';

const ID = 'tw-550e84-a1b2c3d4';
const SECOND = 1_000;

function at(seconds: number): number {
  return seconds * SECOND;
}

function change(status: string, seconds: number) {
  return { instance: ID, status, time: new Date(at(seconds)).toISOString() };
}

function event(sequence: number, status: InstanceEvent['status'], seconds: number, note = false): InstanceEvent {
  return {
    instanceId: ID,
    sequence,
    status,
    atMs: at(seconds),
    cause: 'operation',
    actor: { type: 'user', id: 'alice' },
    operationId: null,
    reason: null,
    note,
    action: null,
    userId: 'alice',
    customerId: 'acme',
    visibleBy: [],
    project: '',
    bid: null,
    reservation: null,
  };
}

function period(sequence: number, startSeconds: number, endSeconds: number | null): PricePeriod {
  return {
    instanceId: ID,
    sequence,
    meter: 'charge',
    machineType: 'n1-standard-2',
    priceCents: 10,
    startMs: at(startSeconds),
    endMs: endSeconds === null ? null : at(endSeconds),
    customerId: 'acme',
    visibleBy: [],
    project: '',
    bid: null,
    reservation: null,
  };
}

function operation(kind: OperationKind, fromSeconds: number, toSeconds: number, more: Partial<Operation> = {}) {
  const actor = { type: 'user' as const, id: 'alice' };
  const owner = { id: ID, customerId: 'acme', visibleBy: [] };
  const made = pendingOperation(kind, owner, {
    id: `op-${kind}`,
    actor,
    requestId: 'request-1',
    atMs: at(fromSeconds),
  });
  return { ...made, state: 'completed' as const, completedAtMs: at(toSeconds), ...more };
}

/** A VM that was created, ran for 1,000 s, was stopped and deleted, with a record of all this that is true. */
const TRUE: Told = {
  log: [
    change('PROVISIONING', 1),
    change('STAGING', 3),
    change('RUNNING', 8),
    change('STOPPING', 1_008),
    change('TERMINATED', 1_012),
    change('STOPPING', 2_000),
    change('DELETED', 2_004),
  ],
  calls: [],
  events: [
    event(1, 'PROVISIONING', 0.5),
    event(2, 'STAGING', 3),
    event(3, 'RUNNING', 8),
    event(4, 'RUNNING', 1_007, true),
    event(5, 'STOPPING', 1_008),
    event(6, 'TERMINATED', 1_012),
    event(7, 'DELETING', 1_999),
    event(8, 'DELETED', 2_004),
  ],
  operations: [operation('create', 0.5, 9), operation('stop', 1_007, 1_013), operation('delete', 1_999, 2_005)],
  periods: [period(1, 8, 1_012)],
  nowMs: at(3_000),
  blindMs: at(240),
  behindMs: 0,
  aheadMs: 0,
};

function withEvent(sequence: number, more: Partial<InstanceEvent>): Told {
  return { ...TRUE, events: TRUE.events.map((one) => (one.sequence === sequence ? { ...one, ...more } : one)) };
}

test('a record that matches the cloud has no findings', () => {
  expect(untruths(TRUE)).toEqual([]);
});

test('a VM that Compute Engine refuses to delete is not charged once it is shown as deleted', () => {
  const kept: Told = {
    ...TRUE,
    log: [...TRUE.log.slice(0, 3), change('STOPPING', 2_496), change('DELETED', 2_500)],
    events: [...TRUE.events.slice(0, 3), event(4, 'DELETING', 1_005), event(5, 'DELETED', 1_006)],
    operations: [operation('create', 0.5, 9), operation('delete', 1_005, 1_010, { state: 'failed' })],
    periods: [period(1, 8, 1_006)],
  };

  expect(untruths(kept)).toEqual([]);
  expect(untruths({ ...kept, periods: [period(1, 8, 600)] })).toEqual([
    expect.stringMatching(/^P: .* 406 s too little/),
  ]);
});

test.each<[string, Told, RegExp]>([
  ['an event before the one before it', withEvent(4, { atMs: at(1_009) }), /^H: .* was STOPPING 1000 ms before/],
  [
    'a status at a time when the VM was another',
    withEvent(3, { atMs: at(7.5) }),
    /^H: .* RUNNING .* STAGING, 500 ms early/,
  ],
  [
    'a long stay that is left out',
    { ...TRUE, events: TRUE.events.filter(({ status }) => status !== 'TERMINATED') },
    /^H: .* was TERMINATED for 987 s/,
  ],
  [
    'a start that is completed although the VM never ran',
    { ...TRUE, operations: [...TRUE.operations, operation('start', 1_500, 1_510)] },
    /^O: start .* never RUNNING/,
  ],
  [
    'an operation that ended before it was asked for',
    { ...TRUE, operations: [...TRUE.operations, operation('stop', 1_010, 1_009)] },
    /^O: stop .* before it was asked for/,
  ],
  [
    'a delete that is completed before the VM is gone',
    { ...TRUE, operations: [operation('delete', 1_999, 2_003)] },
    /^O: delete .* while the VM is STOPPING/,
  ],
  ['a charge that goes on after the stop', { ...TRUE, periods: [period(1, 8, 2_000)] }, /^P: .* 988 s too much/],
  ['a charge that begins late', { ...TRUE, periods: [period(1, 500, 1_012)] }, /^P: .* 492 s too little/],
  ['periods that overlap', { ...TRUE, periods: [period(1, 8, 600), period(2, 599, 1_012)] }, /^P: periods .* overlap/],
  [
    'a VM that is deleted without a request',
    {
      ...TRUE,
      operations: TRUE.operations.filter(({ kind }) => kind !== 'delete'),
      calls: [
        {
          method: 'instances.delete',
          zone: 'us-central1-a',
          instance: ID,
          requestId: null,
          time: new Date(at(2_000)).toISOString(),
          outcome: 'applied',
          status: 200,
        },
      ],
    },
    /^L: .* nobody had asked/,
  ],
])('%s is found', (_, told, finding) => {
  expect(untruths(told)).toEqual([expect.stringMatching(finding)]);
});
