import { expect, test } from 'vitest';
import { ORPHAN, USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { EVENT, INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { eventId } from '#shared/domain/history.ts';
import type { OperationKind } from '#shared/domain/instance.ts';
import { type CloudCall, pendingOperation } from '#shared/domain/operation.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import { recordDeadLetter } from '#shared/workers/record-dead-letter.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';

const NOW_MS = 1_700_000_005_000;
const HOUR_MS = 3_600_000;

interface Dead {
  /** Status in Compute Engine; `null`: there is no VM, `undefined`: Compute Engine does not answer. */
  readonly status: string | null | undefined;
  readonly ageMs?: number;
  readonly call?: CloudCall['verb'];
}

/** Creates an instance with one operation whose message was dead-lettered, and records the dead letter. */
async function afterDeadLetter(kind: OperationKind, { status, ageMs = 1, call }: Dead) {
  const { store } = await testDatastore();
  const instance = anInstance({
    status: kind === 'delete' ? 'DELETING' : kind === 'create' ? 'PROVISIONING' : 'RUNNING',
    queue: [{ id: 'op-1', kind }],
    eventCount: 2,
  });
  const actor = { type: 'user', id: instance.userId } as const;
  const operation = {
    ...pendingOperation(kind, instance, { id: 'op-1', actor, requestId: 'request-0001', atMs: NOW_MS - ageMs }),
    call:
      call === undefined
        ? null
        : {
            verb: call,
            requestId: 'uuid',
            askedAtMs: NOW_MS - ageMs,
            zoneOperation: null,
            done: false,
            mayBeApplied: true,
          },
  };
  await store.write([
    put(INSTANCE, instance.id, instance),
    put(OPERATION, operation.id, operation),
    put(USAGE, instance.customerId, { instances: 1 }),
  ]);
  const look = async () => {
    if (status === undefined) throw new CloudError('backend_error', 'no');
    const { machineType } = instance.machine;
    return status === null ? undefined : { status, externalIp: '', internalIp: '', cloudId: '1', machineType };
  };
  const tools = {
    store,
    nowMs: () => NOW_MS,
    publisher: { publish: async () => undefined },
    sleep: async () => undefined,
    compute: { get: look, find: look },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined, critical: () => undefined },
  };
  await recordDeadLetter(
    {
      messageId: '1',
      data: { operationId: operation.id, instanceId: instance.id },
      attributes: { operationId: operation.id, instanceId: instance.id },
      attempt: 8,
    },
    // The cast is safe: only `publish` and reads of the VM are called.
    tools as unknown as Parameters<typeof recordDeadLetter>[1],
  );
  const [settled, row, usage, orphan, last] = await store.getAll([
    ref(OPERATION, operation.id),
    ref(INSTANCE, instance.id),
    ref(USAGE, instance.customerId),
    ref(ORPHAN, instance.id),
    ref(EVENT, eventId(instance.id, 3)),
  ]);
  return {
    operation: settled?.value,
    instance: row?.value,
    usage: usage?.value,
    orphan: orphan?.value,
    last: last?.value,
  };
}

test('a dead-lettered delete that cannot finish leaves no record in DELETING for ever', async () => {
  const { operation, instance, usage, orphan, last } = await afterDeadLetter('delete', {
    status: 'RUNNING',
    ageMs: HOUR_MS,
  });

  expect(operation).toMatchObject({ state: 'failed', error: { reason: 'gave_up' } });
  expect(instance).toBeUndefined();
  expect(usage).toEqual({ instances: 0 });
  expect(orphan).toMatchObject({ why: 'deleted', dueAtMs: NOW_MS });
  expect(last).toMatchObject({ status: 'DELETED', operationId: 'op-1' });
});

/* A dead-lettered create ended with `gave_up … Please try again` while its VM ran and was charged. */
test.each([
  ['create', 'RUNNING', 'insert'],
  ['create', 'RUNNING', undefined],
  ['stop', 'TERMINATED', undefined],
  ['start', 'RUNNING', undefined],
  ['delete', null, 'delete'],
] as const)(
  'regression: a dead %s whose VM is %s has done what was asked, and is completed',
  async (kind, status, call) => {
    const { operation, instance } = await afterDeadLetter(kind, { status, ...(call === undefined ? {} : { call }) });

    expect(operation).toMatchObject({ state: 'completed', error: null });
    if (kind === 'delete') expect(instance).toBeUndefined();
    else expect(instance).toMatchObject({ status, queue: [] });
  },
);

test.each([
  ['create', null, 'insert'],
  ['create', 'STAGING', 'insert'],
  ['stop', 'RUNNING', undefined],
  ['start', 'TERMINATED', 'start'],
  ['reset', 'RUNNING', 'reset'],
  ['restart', 'RUNNING', undefined],
  ['delete', 'RUNNING', undefined],
] as const)('regression: a dead %s whose VM is %s can still be done, and goes on', async (kind, status, call) => {
  const { operation, instance } = await afterDeadLetter(kind, { status, ...(call === undefined ? {} : { call }) });

  expect(operation).toMatchObject({ error: null, completedAtMs: null, leaseUntilMs: 0, dueAtMs: NOW_MS });
  expect(instance?.queue).toEqual([{ id: 'op-1', kind }]);
});

test.each(['create', 'start', 'stop', 'reset', 'restart', 'delete'] as const)(
  'regression: nothing is said of a dead %s whose VM could not be looked at',
  async (kind) => {
    const { operation } = await afterDeadLetter(kind, { status: undefined, ageMs: 2 * HOUR_MS });

    expect(operation).toMatchObject({ error: null, completedAtMs: null, dueAtMs: NOW_MS });
  },
);

test.each([
  ['start', 'RUNNING', 'completed', undefined],
  ['stop', 'TERMINATED', 'completed', undefined],
  ['stop', 'RUNNING', 'failed', 'gave_up'],
  ['start', 'TERMINATED', 'failed', 'gave_up'],
] as const)('after an hour a dead %s whose VM is %s is %s: by what is seen', async (kind, status, state, reason) => {
  const { operation, instance } = await afterDeadLetter(kind, { status, ageMs: HOUR_MS, call: kind });

  expect(operation).toMatchObject({ state, seenStatus: status });
  expect(operation?.error?.reason).toBe(reason);
  expect(instance).toMatchObject({ status, queue: [] });
});
