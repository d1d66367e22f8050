import { expect, test } from 'vitest';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { ref, replace } from '#shared/datastore/write.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Operation } from '#shared/domain/operation.ts';
import { INSTANCE_ID, oneWorker, START_MS } from '#test/support/one-worker.ts';

type OneWorker = Awaited<ReturnType<typeof oneWorker>>;

/** What another process writes while this one looks at the VM for the last time. */
async function change({ store }: OneWorker, rows: { instance?: Partial<Instance>; operation?: Partial<Operation> }) {
  const [operation, instance] = await store.getAll([ref(OPERATION, 'op-1'), ref(INSTANCE, INSTANCE_ID)]);
  if (operation === undefined || instance === undefined) throw new Error('Both are on record.');
  if (rows.operation !== undefined)
    await store.commitOnce([replace(operation, { ...operation.value, ...rows.operation })]);
  if (rows.instance !== undefined) await store.commitOnce([replace(instance, { ...instance.value, ...rows.instance })]);
}

/** A stop whose VM is at rest at the third look: before the call, after it, and when its zone operation has ended. */
async function stopping(duringLastLook: (worker: OneWorker) => Promise<void>) {
  let looks = 0;
  const worker: OneWorker = await oneWorker('stop', {
    status: () => ['RUNNING', 'STOPPING'][looks - 1] ?? 'TERMINATED',
    onLook: async () => {
      looks += 1;
      if (looks === 3) await duringLastLook(worker);
    },
  });
  return worker;
}

/* A worker that was slow for longer than its lease ended an operation that another worker was carrying out. */
test('an operation that another worker has taken over is left to that one', async () => {
  const worker = await stopping((self) =>
    change(self, { operation: { leaseToken: 'other', leaseUntilMs: self.tools.nowMs() + 12_000 } }),
  );

  await worker.deliver();

  expect(await worker.operation()).toMatchObject({ state: 'running', leaseToken: 'other', completedAtMs: null });
  expect((await worker.instance())?.queue).toHaveLength(2);
});

/* It read the rows again to tell why a start had failed, took the other worker's lease for its own, and ended it. */
test('an operation that was taken over before its failure was explained is left to that worker', async () => {
  let looks = 0;
  const worker: OneWorker = await oneWorker('start', {
    status: () => (looks === 2 ? 'STAGING' : 'TERMINATED'),
    onLook: async () => {
      looks += 1;
      // Before the call, after it, when its zone operation has ended, and once more.
      if (looks !== 4) return;
      const leaseUntilMs = worker.tools.nowMs() + 12_000;
      await change(worker, { operation: { leaseToken: 'other', leaseUntilMs } });
    },
  });

  await worker.deliver();

  expect(looks).toBe(4);
  expect(await worker.operation()).toMatchObject({ state: 'running', leaseToken: 'other', error: null });
});

/* A worker wrote what it had seen over what another process had seen later: a false status, event and price period. */
test('a status that was put on record after the last look stays, and the VM is looked at again', async () => {
  const laterMs = { statusSinceMs: 0 };
  const worker = await stopping((self) => {
    laterMs.statusSinceMs = self.tools.nowMs() + 5;
    return change(self, { instance: { status: 'PROVISIONING', ...laterMs } });
  });
  const before = await worker.instance();

  await worker.deliver();

  expect(await worker.operation()).toMatchObject({ state: 'completed', seenStatus: 'TERMINATED' });
  expect(await worker.instance()).toMatchObject({ status: 'PROVISIONING', ...laterMs });
  expect((await worker.instance())?.checkAtMs).not.toBeNull();
  expect((await worker.instance())?.queue.map(({ id }) => id)).toEqual(['op-2']);
  expect(before?.status).not.toBe('PROVISIONING');
});

/*
 * A caller's look had put STAGING on record while the worker saw RUNNING: the worker took that for a later status, ended its
 * operation and left the record behind until the next sweep, which dated RUNNING a minute late, and so did the price.
 */
test('a status on the way that another look has put on record does not hold up the status that is seen after it', async () => {
  let looks = 0;
  const worker: OneWorker = await oneWorker(
    'start',
    {
      status: () => ['TERMINATED', 'PROVISIONING'][looks - 1] ?? 'RUNNING',
      times: () => (looks < 3 ? {} : { lastStartAtMs: START_MS + 2 }),
      onLook: async () => {
        looks += 1;
        if (looks === 3)
          await change(worker, { instance: { status: 'STAGING', statusSinceMs: START_MS + 2, checkAtMs: null } });
      },
    },
    { instance: { status: 'TERMINATED', statusSinceMs: START_MS } },
  );

  await worker.deliver();

  expect(await worker.operation()).toMatchObject({ state: 'completed', seenStatus: 'RUNNING' });
  expect(await worker.instance()).toMatchObject({ status: 'RUNNING', checkAtMs: null });
});

test('what only lengthens the queue meanwhile does not keep the seen status from being written', async () => {
  const worker = await stopping((self) => change(self, { instance: { displayName: 'renamed' } }));

  await worker.deliver();

  expect(await worker.operation()).toMatchObject({ state: 'completed', seenStatus: 'TERMINATED' });
  expect(await worker.instance()).toMatchObject({ status: 'TERMINATED', displayName: 'renamed' });
});
