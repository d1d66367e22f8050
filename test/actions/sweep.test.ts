import { expect, onTestFinished, test } from 'vitest';
import { ShiftableClock } from '#scripts/local/clock.ts';
import { DatastoreEmulator } from '#scripts/local/emulators/datastore/datastore-emulator.ts';
import { Faults } from '#scripts/local/faults.ts';
import { sweep } from '#shared/actions/sweep.ts';
import { syncInstance } from '#shared/actions/sync-instance.ts';
import { EVENT, INSTANCE } from '#shared/datastore/rows.ts';
import { put, ref, Store } from '#shared/datastore/store.ts';
import { Compute, type Machine } from '#shared/gce/compute.ts';
import { Publisher } from '#shared/pubsub/publisher.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { computeCloud, PROJECT, STOP_SECONDS } from '#test/support/compute-cloud.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

/** Compute Engine whose list has been read when something happens, and is looked at only after that. */
class SlowToList extends Compute {
  meanwhile: () => Promise<void> = () => Promise.resolve();

  override async *list(): AsyncGenerator<readonly Machine[]> {
    for await (const page of super.list()) {
      await this.meanwhile();
      yield page;
    }
  }
}

async function harness() {
  const cloud = await computeCloud();
  const datastore = new DatastoreEmulator({ clock: new ShiftableClock(), faults: new Faults() });
  await datastore.start();
  const random = seededRandom(1);
  const sleep = () => Promise.resolve();
  const store = new Store({
    project: PROJECT,
    database: '',
    emulatorHost: datastore.address,
    random: () => random.fraction(),
    sleep,
  });
  const compute = new SlowToList({ project: PROJECT, deployment: 'test', emulatorHost: cloud.emulator.address });
  // Nothing is published here: no operation is open.
  const publisher = new Publisher({ project: PROJECT, topic: 'operations', emulatorHost: '127.0.0.1:9' });
  onTestFinished(async () => {
    await Promise.all([store.close(), compute.close(), publisher.close()]);
    await datastore.stop();
  });
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const nowMs = () => cloud.clock.nowMs();
  return { cloud, store, compute, tools: { store, compute, publisher, log, nowMs, sleep, random } };
}

test('a list that is older than the record does not take the record back to what was', async () => {
  const { cloud, store, compute, tools } = await harness();
  const { id } = anInstance();
  await cloud.running(id, { labels: { 'compute-api': 'test' } });
  await store.write([put(INSTANCE, id, anInstance({ status: 'RUNNING', statusSyncedAtMs: tools.nowMs() }))]);
  await sweep(tools);
  const before = await store.get(ref(INSTANCE, id));
  compute.meanwhile = async () => {
    await cloud.instances.stop(cloud.at(id));
    cloud.clock.advance(STOP_SECONDS);
    await syncInstance(id, { cause: 'cloud event' }, tools);
  };

  const report = await sweep(tools);

  const after = await store.get(ref(INSTANCE, id));
  const last = after?.value.eventCount ?? 0;
  expect(report).toMatchObject({ failures: 0, machines: 1, records: 1 });
  expect(before?.value.status).toBe('RUNNING');
  expect(after?.value.status).toBe('TERMINATED');
  expect(last).toBeGreaterThan(before?.value.eventCount ?? 0);
  expect((await store.get(ref(EVENT, `${id}|${String(last).padStart(8, '0')}`)))?.value).toMatchObject({
    status: 'TERMINATED',
    cause: 'cloud event',
  });
});
