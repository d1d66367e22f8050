import { expect, test } from 'vitest';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { Compute, type Machine, type Place } from '#shared/gce/compute.ts';
import { syncInstance } from '#shared/lifecycle/sync-instance.ts';
import { syncFromEvent } from '#shared/workers/sync-from-event.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { cloudAndRecords, OUR_LABEL } from '#test/support/cloud-and-records.ts';
import { STOP_SECONDS } from '#test/support/compute-cloud.ts';

/*
 * Only the event of a pre-emption tells it from a stop. When a read of the instance recorded the stop first, the event
 * was dropped: the fleet family showed STATUS_PAUSED for ever, and STATUS_PAUSED in the history.
 */

const ID = 'tw-550e84-a1b2c3d4';

/** A Compute Engine adapter whose next read is followed by `then`, before its caller sees it. */
class Interrupted extends Compute {
  then: (() => Promise<void>) | undefined;

  override async get(place: Place): Promise<Machine | undefined> {
    const machine = await super.get(place);
    const { then } = this;
    this.then = undefined;
    await then?.();
    return machine;
  }
}

async function preempted() {
  let compute: Interrupted | undefined;
  const world = await cloudAndRecords({ computeOf: (options) => (compute = new Interrupted(options)) });
  if (compute === undefined) throw new Error('The adapter was not made.');
  const { cloud, tools } = world;
  const atMs = tools.nowMs();
  await world.put(anInstance({ id: ID, status: 'PROVISIONING', statusSinceMs: atMs }));
  await cloud.running(ID, { labels: OUR_LABEL });
  const look = () => syncInstance(ID, { cause: 'drift' }, tools);
  await look();
  cloud.emulator.drift(ID, 'preempt');
  cloud.clock.advance(STOP_SECONDS);
  cloud.emulator.machines();
  const entry = cloud.audit.find(({ protoPayload }) => protoPayload.methodName === 'compute.instances.preempted');
  const last = async () => (await world.events(ID)).toSorted((a, b) => a.sequence - b.sequence).at(-1);
  return { ...world, compute, look, last, handle: () => syncFromEvent(entry, tools) };
}

const TOLD = { status: 'TERMINATED', reason: 'preempted', cause: 'cloud event' };

test('a pre-emption is recorded although a reader records the stop between the read of its event and its commit', async () => {
  const { compute, look, handle, instance, last } = await preempted();
  compute.then = async () => {
    await look();
  };

  await handle();

  expect(await instance(ID)).toMatchObject({ status: 'TERMINATED', preempted: true });
  expect(await last()).toMatchObject(TOLD);
});

test('a pre-emption whose event comes after the stop was recorded is told in the history, once', async () => {
  const { look, handle, instance, last, events, store } = await preempted();
  await look();
  const told = (await events(ID)).length;

  await handle();
  const row = await store.get(ref(INSTANCE, ID));
  await handle();

  expect(await instance(ID)).toMatchObject({ status: 'TERMINATED', preempted: true });
  expect(await last()).toMatchObject(TOLD);
  expect(await events(ID)).toHaveLength(told);
  expect((await store.get(ref(INSTANCE, ID)))?.version).toBe(row?.version);
});
