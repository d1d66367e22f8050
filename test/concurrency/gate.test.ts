import { onTestFinished, expect, test } from 'vitest';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { ComputeEmulator } from '#scripts/emulators/compute/compute-emulator.ts';
import { Faults } from '#scripts/emulators/faults.ts';
import { behind, gateOf } from '#shared/concurrency/gate.ts';
import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { insert, put, ref } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import { Compute } from '#shared/gce/compute.ts';
import { Publisher } from '#shared/pubsub/publisher.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';

const USAGE_ROW = ref(USAGE, 'acme');
const REFUSAL = new Failure('rate_limited', 'Beyond the limit.');

/** Creates a gate with the promise that decides about it. */
function aGate() {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  return { gate: gateOf(promise), open: () => resolve(undefined), refuse: () => reject(REFUSAL) };
}

/** Runs everything that waits only for the event loop or a local reply. */
async function whatCanHappen(store: { get: (target: typeof USAGE_ROW) => Promise<unknown> }): Promise<void> {
  for (let i = 0; i < 3; i += 1) await store.get(USAGE_ROW);
}

test('a write does not leave before the gate opens, and what is read does not wait', async () => {
  const { store } = await testDatastore();
  const { gate, open } = aGate();
  const guarded = store.behind(gate);
  const writes = [put(USAGE, 'acme', { instances: 1 })];

  const written = [guarded.write(writes), guarded.commitOnce(writes)];
  expect(await guarded.get(USAGE_ROW)).toBeUndefined();
  await whatCanHappen(store);
  expect(await store.get(USAGE_ROW)).toBeUndefined();
  open();
  await Promise.all(written);

  expect((await store.get(USAGE_ROW))?.value.instances).toBe(1);
});

test('nothing is written behind a gate that stays shut: every way to write rejects with the refusal', async () => {
  const { store } = await testDatastore();
  const { gate, refuse } = aGate();
  const guarded = store.behind(gate);
  const write = insert(USAGE, 'acme', { instances: 1 });

  const attempts = [
    guarded.change(async () => ({ writes: [write], result: undefined })),
    guarded.commitOnce([write]),
    guarded.write([write]),
    guarded.increment(USAGE_ROW, 'instances', { expireAtMs: 1 }),
  ];
  refuse();

  for (const attempt of await Promise.allSettled(attempts)) expect(attempt).toMatchObject({ reason: REFUSAL });
  expect(await store.get(USAGE_ROW)).toBeUndefined();
});

test('reads after a refusal are refused, so that work without a waiting caller ends', async () => {
  const { store } = await testDatastore();
  const { gate, refuse } = aGate();
  const guarded = store.behind(gate);
  refuse();
  await expect(gate.opened()).rejects.toThrow(REFUSAL);

  await expect(guarded.get(USAGE_ROW)).rejects.toThrow(REFUSAL);
  expect(await store.get(USAGE_ROW)).toBeUndefined();
});

test('Compute Engine is asked nothing before the gate opens, and nothing at all when the gate stays shut', async () => {
  const clock = new ShiftableClock();
  const emulator = new ComputeEmulator({ clock, faults: new Faults() });
  await emulator.start();
  const compute = new Compute({ project: 'demo-project', deployment: 'local', emulatorHost: emulator.address });
  onTestFinished(async () => {
    await compute.close();
    await emulator.stop();
    clock.stop();
  });
  const { zone, machine } = anInstance();
  const place = { zone, name: 'tw-1' };
  const shut = aGate();
  const guarded = compute.behind(shut.gate);

  const attempts = [
    guarded.insert(place, machine, '550e8400-e29b-41d4-a716-446655440000'),
    guarded.request('delete', place, '550e8400-e29b-41d4-a716-446655440001'),
    guarded.get(place),
    guarded.find(place),
    guarded.operation(zone, 'operation-1'),
    guarded.list().next(),
  ];
  shut.refuse();

  for (const attempt of await Promise.allSettled(attempts)) expect(attempt).toMatchObject({ reason: REFUSAL });
  expect(await compute.get(place)).toBeUndefined();
  expect(emulator.calls()).toEqual([]);
});

test('nothing is published behind a gate that stays shut', async () => {
  // Nothing listens at this address: a publish that is sent fails with another error.
  const publisher = new Publisher({ project: 'demo-project', topic: 'operations', emulatorHost: '127.0.0.1:9' });
  onTestFinished(() => publisher.close());
  const { gate, refuse } = aGate();

  const published = publisher.behind(gate).publish([{ operationId: 'op-1', instanceId: 'tw-1', customerId: 'acme' }]);
  refuse();

  await expect(published).rejects.toThrow(REFUSAL);
});

test('tools that make calls are put behind the gate, and the others are left as they are', async () => {
  const { store } = await testDatastore();
  const { gate } = aGate();
  const nowMs = () => 0;

  const tools = behind({ store, nowMs }, gate);

  expect(tools.nowMs).toBe(nowMs);
  expect(tools.store).not.toBe(store);
});
