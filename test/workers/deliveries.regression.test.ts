import { expect, test } from 'vitest';
import { ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { OPERATION } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { LEASE_MS } from '#shared/domain/lease.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import { removeInstance } from '#shared/lifecycle/remove-instance.ts';
import { syncFromEvent } from '#shared/workers/sync-from-event.ts';
import { INSTANCE_ID, oneWorker, START_MS } from '#test/support/one-worker.ts';

/*
 * Deliveries took as long as a VM's change, up to 55 s, and were refused while another one was in progress: one
 * customer's slow machines took all places of the push window, and a killed worker delayed its operation by 127 s.
 */

test('a delivery ends within seconds while its VM is on its way, and leaves the time at which it is due', async () => {
  const { deliver, operation, takenMs } = await oneWorker('start', { status: () => 'STAGING' });

  const verdict = await deliver();

  expect(verdict).toBe('waiting');
  expect(takenMs()).toBeLessThan(5_000);
  const waiting = await operation();
  expect(waiting).toMatchObject({ state: 'running', leaseUntilMs: 0, attempts: 0 });
  expect(waiting?.dueAtMs).toBeGreaterThan(START_MS);
  expect(waiting?.dueAtMs).toBeLessThanOrEqual(START_MS + takenMs() + 10_000);
});

test.each(['rate_limited', 'not_ready', 'backend_error', 'lost'] as const)(
  'a call that is answered %s is put off, and the delivery is acknowledged',
  async (reason) => {
    const { deliver, operation, takenMs } = await oneWorker('stop', {
      status: () => 'RUNNING',
      request: () => {
        throw new CloudError(reason, 'no');
      },
    });

    const verdict = await deliver();

    expect(verdict).toBe('waiting');
    expect(takenMs()).toBeLessThan(5_000);
    expect(await operation()).toMatchObject({ state: 'running', leaseUntilMs: 0 });
    expect((await operation())?.dueAtMs).toBeGreaterThan(START_MS + takenMs());
  },
);

test('a VM that cannot be read postpones the operation and does not make it fail', async () => {
  const { deliver, operation, pass } = await oneWorker('stop', {
    status: () => 'RUNNING',
    onLook: async () => {
      throw new CloudError('backend_error', 'no');
    },
  });

  for (let delivery = 0; delivery < 20; delivery += 1) {
    expect(await deliver()).toBe('waiting');
    pass(60_000);
  }

  expect(await operation()).toMatchObject({ state: 'pending', attempts: 20, leaseUntilMs: 0 });
});

test('a killed worker costs seconds: the next delivery waits for the end of its lease, and goes on', async () => {
  let died = false;
  const { deliver, operation, faults, requests, takenMs } = await oneWorker('stop', {
    status: () => (died ? 'TERMINATED' : 'RUNNING'),
    request: () => {
      if (died) return;
      died = true;
      faults.add([{ service: 'datastore', method: 'commit', kind: 'error', count: 1_000 }]);
    },
  });
  await expect(deliver()).rejects.toThrow();
  faults.clear();

  const verdict = await deliver();

  expect(verdict).toBe('done');
  expect(takenMs()).toBeLessThan(20_000);
  expect(new Set(requests).size).toBe(1);
  expect(await operation()).toMatchObject({ state: 'completed', seenStatus: 'TERMINATED' });
});

test('a delivery of an operation whose worker lives is acknowledged, and changes nothing', async () => {
  const { deliver, operation, store, requests, tools, takenMs } = await oneWorker(
    'stop',
    { status: () => 'RUNNING' },
    { operation: { state: 'running', leaseUntilMs: START_MS + LEASE_MS, leaseToken: 'other' } },
  );
  const sleep = tools.sleep;
  let renewed = false;
  Object.assign(tools, {
    sleep: async (ms: number) => {
      await sleep(ms);
      const row = await store.get(ref(OPERATION, 'op-1'));
      if (row === undefined || renewed || takenMs() < 1_000) return;
      renewed = true;
      await store.write([put(OPERATION, 'op-1', { ...row.value, leaseUntilMs: row.value.leaseUntilMs + 2_000 })]);
    },
  });

  const verdict = await deliver();

  expect(verdict).toBe('waiting');
  expect(requests).toEqual([]);
  expect(await operation()).toMatchObject({ state: 'running', leaseToken: 'other' });
});

test('a lease that ends later than any valid one, because a clock was set back, is ignored', async () => {
  const { deliver, operation, takenMs } = await oneWorker(
    'stop',
    { status: () => 'TERMINATED' },
    { operation: { state: 'running', leaseUntilMs: START_MS + 3_600_000, leaseToken: 'other' } },
  );

  expect(await deliver()).toBe('done');

  expect(takenMs()).toBe(0);
  expect(await operation()).toMatchObject({ state: 'completed' });
});

test('a worker whose calls take long keeps its lease: it is renewed before each of them', async () => {
  const leftMs: number[] = [];
  const { deliver, operation, pass, requests, takenMs } = await oneWorker('stop', {
    status: () => (requests.length === 0 ? 'RUNNING' : 'TERMINATED'),
    // Each read and call has seven seconds; the rest of the lease is for the commit.
    onLook: async () => {
      const leaseUntilMs = (await operation())?.leaseUntilMs ?? 0;
      pass(7_000);
      if (leaseUntilMs > 0) leftMs.push(leaseUntilMs - START_MS - takenMs());
    },
    request: () => void pass(7_000),
  });

  expect(await deliver()).toBe('waiting');

  expect(leftMs.length).toBeGreaterThan(0);
  expect(Math.min(...leftMs)).toBeGreaterThan(0);
  expect(requests).toHaveLength(1);
  expect(await operation()).toMatchObject({ call: { zoneOperation: 'operation-1' }, leaseUntilMs: 0 });
});

test.each([
  ['start', false],
  ['stop', true],
] as const)("the cloud's event continues a %s that waits for it (pre-emption: %s)", async (kind, preempted) => {
  const { published, tools } = await oneWorker(kind, { status: () => 'STOPPING' });

  await syncFromEvent(
    {
      timestamp: new Date(START_MS).toISOString(),
      protoPayload: {
        methodName: preempted ? 'compute.instances.preempted' : `v1.compute.instances.${kind}`,
        resourceName: `projects/p/zones/us-central1-a/instances/${INSTANCE_ID}`,
      },
    },
    tools,
  );

  expect(published).toEqual(['op-1']);
});

test("the cloud's event continues a delete whose record is gone already", async () => {
  let asked = false;
  const { deliver, operation, instance, published, tools, store } = await oneWorker('delete', {
    status: () => (asked ? undefined : 'RUNNING'),
  });
  await removeInstance({ instanceId: INSTANCE_ID, deleteId: 'op-1', customerId: 'acme' }, { vm: 'unknown' }, tools);
  asked = true;

  await syncFromEvent(
    {
      protoPayload: {
        methodName: 'v1.compute.instances.delete',
        resourceName: `projects/p/zones/us-central1-a/instances/${INSTANCE_ID}`,
      },
    },
    tools,
  );
  await deliver();

  expect(await instance()).toBeUndefined();
  expect(published).toEqual(['op-1']);
  expect(await operation()).toMatchObject({ state: 'completed' });
  expect(await store.get(ref(ORPHAN, INSTANCE_ID))).toBeUndefined();
});
