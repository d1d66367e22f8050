import { expect, test } from 'vitest';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { ref, replace } from '#shared/datastore/write.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Operation } from '#shared/domain/operation.ts';
import { INSTANCE_ID, oneWorker, START_MS } from '#test/support/one-worker.ts';

type OneWorker = Awaited<ReturnType<typeof oneWorker>>;

/** Writes rows as another process does, during this worker's last read of the VM. */
async function change({ store }: OneWorker, rows: { instance?: Partial<Instance>; operation?: Partial<Operation> }) {
  const [operation, instance] = await store.getAll([ref(OPERATION, 'op-1'), ref(INSTANCE, INSTANCE_ID)]);
  if (operation === undefined || instance === undefined) throw new Error('Both are on record.');
  if (rows.operation !== undefined)
    await store.commitOnce([replace(operation, { ...operation.value, ...rows.operation })]);
  if (rows.instance !== undefined) await store.commitOnce([replace(instance, { ...instance.value, ...rows.instance })]);
}

/**
 * Creates a worker on a stop whose VM is stopped at the third read. The reads are before the call, after it, and when
 * its zone operation has ended.
 */
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

/* A worker that was slower than its lease ended an operation that another worker was executing. */
test('an operation whose lease another worker now holds is left to that worker', async () => {
  const worker = await stopping((self) =>
    change(self, { operation: { leaseToken: 'other', leaseUntilMs: self.tools.nowMs() + 12_000 } }),
  );

  await worker.deliver();

  expect(await worker.operation()).toMatchObject({ state: 'running', leaseToken: 'other', completedAtMs: null });
  expect((await worker.instance())?.queue).toHaveLength(2);
});

/*
 * The worker read the rows again to explain a failed start, mistook the other worker's lease for its own, and ended the
 * operation.
 */
test('an operation whose lease changed before its failure was explained is left to the new holder', async () => {
  let looks = 0;
  const worker: OneWorker = await oneWorker('start', {
    status: () => (looks === 2 ? 'STAGING' : 'TERMINATED'),
    onLook: async () => {
      looks += 1;
      // The reads are before the call, after it, when its zone operation has ended, and once more.
      if (looks !== 4) return;
      const leaseUntilMs = worker.tools.nowMs() + 12_000;
      await change(worker, { operation: { leaseToken: 'other', leaseUntilMs } });
    },
  });

  await worker.deliver();

  expect(looks).toBe(4);
  expect(await worker.operation()).toMatchObject({ state: 'running', leaseToken: 'other', error: null });
});

/* A worker overwrote what another process had observed later, with a wrong status, event and price period. */
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
 * A caller's read had stored STAGING while the worker saw RUNNING. The worker took STAGING for the later status and
 * ended its operation without correcting the record, so that the next sweep dated RUNNING, and the price, a minute
 * late.
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

test('a longer queue alone does not prevent the observed status from being written', async () => {
  const worker = await stopping((self) => change(self, { instance: { displayName: 'renamed' } }));

  await worker.deliver();

  expect(await worker.operation()).toMatchObject({ state: 'completed', seenStatus: 'TERMINATED' });
  expect(await worker.instance()).toMatchObject({ status: 'TERMINATED', displayName: 'renamed' });
});
