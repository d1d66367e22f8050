import { describe, expect, test } from 'vitest';
import { PRICE } from '#shared/datastore/catalog-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { Compute, type Machine, type Place } from '#shared/gce/compute.ts';
import { noteAdmin } from '#shared/lifecycle/queue-operation.ts';
import { syncInstance } from '#shared/lifecycle/sync-instance.ts';
import { syncFromEvent } from '#shared/workers/sync-from-event.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { cloudAndRecords, OUR_LABEL } from '#test/support/cloud-and-records.ts';
import { BOOT_SECONDS, STOP_SECONDS } from '#test/support/compute-cloud.ts';

const ID = 'tw-550e84-a1b2c3d4';
const TYPE = 'e2-medium';
const OTHER_TYPE = 'e2-standard-4';

/** A Compute Engine adapter that reports another machine type. */
class Retyped extends Compute {
  machineType: string | undefined;

  override async get(place: Place): Promise<Machine | undefined> {
    const machine = await super.get(place);
    return machine === undefined || this.machineType === undefined
      ? machine
      : { ...machine, machineType: this.machineType };
  }
}

/** Creates a running, charged VM whose record has the cloud's start time. */
async function recorded() {
  let compute: Retyped | undefined;
  const world = await cloudAndRecords({ computeOf: (options) => (compute = new Retyped(options)) });
  if (compute === undefined) throw new Error('The adapter was not made.');
  const { cloud, store, tools } = world;
  const steps = (priceCents: number) => [{ priceCents, fromMs: 0 }];
  await store.write([
    put(PRICE, TYPE, { machineType: TYPE, steps: steps(4) }),
    put(PRICE, OTHER_TYPE, { machineType: OTHER_TYPE, steps: steps(16) }),
  ]);
  const { machine } = anInstance();
  const atMs = tools.nowMs();
  await world.put(
    anInstance({ id: ID, machine: { ...machine, machineType: TYPE }, status: 'PROVISIONING', statusSinceMs: atMs }),
  );
  await cloud.running(ID, { labels: OUR_LABEL });
  const look = () => syncInstance(ID, { cause: 'drift' }, tools);
  await look();
  const shown = async () => (await world.events(ID)).map(({ status, atMs: at }) => ({ status, atMs: at }));
  /** Returns when the cloud's own log last has the VM in this status. */
  const cloudTime = (status: string) => {
    const change = cloud.emulator.machineHistory().findLast((entry) => entry.status === status);
    return Date.parse(change?.time ?? '');
  };
  const note = async () => {
    const row = await store.get(ref(INSTANCE, ID));
    if (row === undefined) throw new Error('There is no record.');
    const actor = { type: 'admin' as const, id: 'root' };
    await store.commitOnce(noteAdmin(row, row.value, { id: 'op-9', kind: 'reset', actor, atMs: tools.nowMs() }));
  };
  return { ...world, compute, look, shown, cloudTime, note };
}

/** Returns the audit log entry for the first or last moment of the last action of that kind. */
function entryOf(audit: readonly object[], verb: string, end: 'first' | 'last'): object {
  const entries = audit as readonly {
    protoPayload: { methodName: string };
    operation: { first?: true; last?: true };
  }[];
  const found = entries.findLast(
    ({ protoPayload, operation }) => protoPayload.methodName.endsWith(`.${verb}`) && operation[end] === true,
  );
  if (found === undefined) throw new Error(`There is no entry for the ${end} of ${verb}.`);
  return found;
}

// The audit log has two entries for a long action; the deployed filter forwards the last one.
const ENDS = ['first', 'last'] as const;

describe('an event that comes late', () => {
  const title =
    'the %s entry of a stop does not date the RUNNING after it: the pause is not charged, and STAGING is told';
  test.each(ENDS)(title, async (end) => {
    const { cloud, tools, shown, periods, cloudTime } = await recorded();
    await cloud.instances.stop(cloud.at(ID));
    cloud.clock.advance(STOP_SECONDS);
    await cloud.instances.start(cloud.at(ID));
    cloud.clock.advance(BOOT_SECONDS);
    cloud.emulator.machines();
    const stopped = cloudTime('TERMINATED');
    const staged = cloudTime('STAGING');
    const running = cloudTime('RUNNING');

    await syncFromEvent(entryOf(cloud.audit, 'stop', end), tools);

    const history = (await shown()).slice(-3);
    expect(history.slice(0, 2)).toEqual([
      { status: 'TERMINATED', atMs: stopped },
      { status: 'STAGING', atMs: staged },
    ]);
    expect(history[2]?.status).toBe('RUNNING');
    expect(history[2]?.atMs).toBeGreaterThanOrEqual(running);
    const charges = await periods(ID);
    expect(charges[0]).toMatchObject({ endMs: stopped });
    expect(charges[1]?.startMs).toBeGreaterThanOrEqual(running);
  });

  test('the end of an earlier start does not date the RUNNING after a later stop, whose pause is not charged', async () => {
    const { cloud, tools, shown, periods, cloudTime } = await recorded();
    const pass = (seconds: number) => {
      cloud.clock.advance(seconds);
      cloud.emulator.machines();
    };
    const starts: object[] = [];
    for (let round = 0; round < 2; round += 1) {
      await cloud.instances.stop(cloud.at(ID));
      pass(STOP_SECONDS + 60);
      await cloud.instances.start(cloud.at(ID));
      pass(BOOT_SECONDS);
      starts.push(entryOf(cloud.audit, 'start', 'last'));
    }

    await syncFromEvent(starts[0], tools);

    const history = (await shown()).slice(-3);
    expect(history.slice(0, 2)).toEqual([
      { status: 'TERMINATED', atMs: cloudTime('TERMINATED') },
      { status: 'STAGING', atMs: cloudTime('STAGING') },
    ]);
    expect(history[2]?.atMs).toBeGreaterThanOrEqual(cloudTime('RUNNING'));
    expect((await periods(ID)).at(-1)?.startMs).toBeGreaterThanOrEqual(cloudTime('RUNNING'));
  });

  test('a pre-emption does not make a VM pre-empted that was started again', async () => {
    const { cloud, tools, instance } = await recorded();
    cloud.emulator.drift(ID, 'preempt');
    cloud.clock.advance(STOP_SECONDS);
    await cloud.instances.start(cloud.at(ID));
    cloud.clock.advance(BOOT_SECONDS);
    cloud.emulator.machines();

    await syncFromEvent(entryOf(cloud.audit, 'preempted', 'first'), tools);

    expect(await instance(ID)).toMatchObject({ status: 'RUNNING', preempted: false });
  });

  test.each(ENDS)('the %s entry of a stop does not date the loss of a VM that was deleted later', async (end) => {
    const { cloud, tools, events, cloudTime } = await recorded();
    await cloud.instances.stop(cloud.at(ID));
    cloud.clock.advance(STOP_SECONDS);
    cloud.emulator.drift(ID, 'delete');
    cloud.clock.advance(STOP_SECONDS);
    cloud.emulator.machines();

    await syncFromEvent(entryOf(cloud.audit, 'stop', end), tools);

    const last = (await events(ID)).at(-1);
    expect(last).toMatchObject({ status: 'ERROR', reason: 'vm_missing' });
    expect(last?.atMs).toBeGreaterThanOrEqual(cloudTime('DELETED'));
  });
});

test("an administrator's act between a change and the look at it does not make history go back in time", async () => {
  const { cloud, look, note, events, instance, cloudTime, periods } = await recorded();
  await cloud.instances.stop(cloud.at(ID));
  cloud.clock.advance(STOP_SECONDS + 60);
  await note();
  cloud.clock.advance(60);

  await look();

  const history = await events(ID);
  const times = history.map(({ atMs }) => atMs);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(history.map(({ sequence }) => sequence)).toEqual(history.map((_, index) => index + 1));
  expect(history.slice(-2)).toMatchObject([
    { status: 'TERMINATED', atMs: cloudTime('TERMINATED'), note: false },
    { status: 'TERMINATED', note: true, cause: 'admin', actor: { id: 'root' } },
  ]);
  expect(await instance(ID)).toMatchObject({ status: 'TERMINATED', eventCount: history.length });
  // The charge ends when the VM stopped, not when the administrator acted.
  expect((await periods(ID)).at(-1)?.endMs).toBe(cloudTime('TERMINATED'));
});

describe('drift that keeps the name', () => {
  test('a VM made anew under the same name is another VM: record, history and price say so', async () => {
    const { cloud, look, instance, events, periods } = await recorded();
    const before = await instance(ID);
    cloud.emulator.drift(ID, 'delete');
    cloud.clock.advance(STOP_SECONDS);
    await cloud.insert(ID, { labels: OUR_LABEL });
    const made = Date.parse((await cloud.get(ID)).creationTimestamp ?? '');
    cloud.clock.advance(BOOT_SECONDS);

    await look();

    const after = await instance(ID);
    expect(after?.cloudId).not.toBe(before?.cloudId);
    expect(after).toMatchObject({ status: 'RUNNING', statusReason: null });
    const replaced = (await events(ID)).find(({ reason }) => reason === 'vm_replaced');
    expect(replaced).toMatchObject({ status: 'PROVISIONING', atMs: made, cause: 'drift' });
    expect((await events(ID)).map(({ status }) => status).slice(-3)).toEqual(['PROVISIONING', 'STAGING', 'RUNNING']);
    const [first, second] = await periods(ID);
    expect(first?.endMs).toBe(made);
    expect(second).toMatchObject({ endMs: null, startMs: after?.statusSinceMs });
  });

  test.each(['stopped', 'running again'])('another machine type is adopted when the VM is seen %s', async (moment) => {
    const { cloud, compute, look, instance, events, periods } = await recorded();
    await cloud.instances.stop(cloud.at(ID));
    cloud.clock.advance(STOP_SECONDS);
    compute.machineType = OTHER_TYPE;
    if (moment === 'stopped') await look();
    await cloud.instances.start(cloud.at(ID));
    cloud.clock.advance(BOOT_SECONDS);

    await look();

    expect((await instance(ID))?.machine.machineType).toBe(OTHER_TYPE);
    const note = (await events(ID)).filter(({ reason }) => reason === 'machine_type_changed');
    expect(note).toMatchObject([{ note: true, cause: 'drift' }]);
    expect(await periods(ID)).toMatchObject([
      { machineType: TYPE, priceCents: 4, endMs: expect.any(Number) as unknown },
      { machineType: OTHER_TYPE, priceCents: 16, endMs: null },
    ]);
  });
});
