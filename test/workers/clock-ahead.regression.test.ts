import { expect, test } from 'vitest';
import { placeBid } from '#shared/actions/place-bid.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { type Operation, pendingOperation } from '#shared/domain/operation.ts';
import { noteAdmin } from '#shared/lifecycle/queue-operation.ts';
import { syncInstance } from '#shared/lifecycle/sync-instance.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { bidWorld } from '#test/support/bid-world.ts';
import { cloudAndRecords, OUR_LABEL } from '#test/support/cloud-and-records.ts';
import { BOOT_SECONDS, STOP_SECONDS } from '#test/support/compute-cloud.ts';

const NAME = 'tw-550e84-a1b2c3d4';
/** Longer than a VM needs to boot and stop here, so that all its changes are within the lead. */
const AHEAD_MS = 2 * (BOOT_SECONDS + STOP_SECONDS) * 1000;
const SETTINGS = { identity: { database: '', epochMs: 0 }, keptMs: 7 * 24 * 60 * 60_000 };

/** Whether the sweep publishes an operation that a process with another clock has written. */
async function isPublished(written: (nowMs: number) => Partial<Operation>): Promise<boolean> {
  const published: string[] = [];
  const { store, tools } = await cloudAndRecords({
    publish: (messages) => void published.push(...messages.map(({ operationId }) => operationId)),
  });
  const nowMs = tools.nowMs();
  const instance = anInstance({ queue: [{ id: 'op-1', kind: 'stop' }] });
  const actor = { type: 'user' as const, id: 'alice' };
  const operation = {
    ...pendingOperation('stop', instance, { id: 'op-1', actor, requestId: 'request-1', atMs: nowMs - 120_000 }),
    ...written(nowMs),
  };
  await store.write([put(INSTANCE, instance.id, instance), put(OPERATION, 'op-1', operation)]);

  await sweep(SETTINGS, tools);

  return published.includes('op-1');
}

/*
 * A process whose clock was ten minutes ahead postponed or accepted an operation, which then was not started for ten
 * minutes.
 */
test.each<[string, (nowMs: number) => Partial<Operation>, boolean]>([
  ['put off for half a minute', (nowMs) => ({ dueAtMs: nowMs + 30_000 }), false],
  ['put off by a clock that was ahead', (nowMs) => ({ dueAtMs: nowMs + 600_000 }), true],
  ['accepted a moment ago', (nowMs) => ({ createdAtMs: nowMs - 1_000 }), false],
  ['accepted by a clock that was ahead', (nowMs) => ({ createdAtMs: nowMs + 600_000 }), true],
])('an operation %s: taken up by the sweep only when its time can be true', async (_, written, expected) => {
  expect(await isPublished(written)).toBe(expected);
});

/*
 * The process that placed a bid had a clock 30 s ahead. A VM that was stopped within those 30 s was said to run when it
 * had stopped, and its create to be completed by a VM that had not run since it was requested.
 */
test.each([false, true])(
  'a VM created for a process whose clock is ahead has the times of the cloud (a note in between: %s)',
  async (isNoted) => {
    const world = await bidWorld();
    const { cloud, tools } = world;
    const ahead = { ...tools, nowMs: () => tools.nowMs() + AHEAD_MS };
    await placeBid(world.request('train', { quantity: 1 }), ahead);
    const id = (await world.instances())[0]?.id ?? '';
    if (isNoted) await noteOf(id, { ...world, tools: ahead });
    await world.work();
    cloud.clock.advance(BOOT_SECONDS);
    await world.sweepNow();
    cloud.emulator.drift(id, 'stop');
    cloud.clock.advance(STOP_SECONDS);

    await world.sweepNow();

    const cloudTimes = cloud.emulator.machineHistory().map(({ status, time }) => ({ status, atMs: Date.parse(time) }));
    const events = await world.events(id);
    const changes = events.filter(({ note }) => !note);
    expect(changes.map(({ status }) => status)).toEqual(['PROVISIONING', 'STAGING', 'RUNNING', 'TERMINATED']);
    for (const { status, atMs } of changes) expect(cloudTimes).toContainEqual({ status, atMs });
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    expect(events.map(({ atMs }) => atMs)).toEqual(events.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
    const [create] = (await world.all(OPERATION)).filter(({ value }) => value.kind === 'create');
    expect(create?.value.state).toBe('completed');
    expect(create?.value.createdAtMs).toBeLessThanOrEqual(cloudTimes[0]?.atMs ?? 0);
    expect(create?.value.completedAtMs).toBeLessThanOrEqual(tools.nowMs());
  },
);

/* A process whose clock was ahead saw the VM run; the VM's stop then had the same, later time. */
test('a stop has the time of the cloud, also after a look of a process whose clock is ahead', async () => {
  const { cloud, tools, put: record, events } = await cloudAndRecords();
  await record(anInstance({ id: NAME, status: 'PROVISIONING', statusSinceMs: tools.nowMs() }));
  await cloud.running(NAME, { labels: OUR_LABEL });
  await syncInstance(NAME, { cause: 'drift' }, { ...tools, nowMs: () => tools.nowMs() + AHEAD_MS });
  cloud.emulator.drift(NAME, 'stop');
  cloud.clock.advance(STOP_SECONDS);

  await syncInstance(NAME, { cause: 'drift' }, tools);

  const stop = cloud.emulator.machineHistory().findLast(({ status }) => status === 'TERMINATED');
  const stoppedAtMs = Date.parse(stop?.time ?? '');
  expect((await events(NAME)).filter(({ note }) => !note).slice(-2)).toMatchObject([
    { status: 'RUNNING', atMs: stoppedAtMs },
    { status: 'TERMINATED', atMs: stoppedAtMs },
  ]);
});

/** Records an administrator's request, as a process does whose clock is ahead. */
async function noteOf(id: string, { store, tools }: Pick<Awaited<ReturnType<typeof bidWorld>>, 'store' | 'tools'>) {
  const row = (await store.get(ref(INSTANCE, id))) ?? expect.fail('no record');
  const actor = { type: 'admin' as const, id: 'root' };
  await store.commitOnce(noteAdmin(row, row.value, { id: 'op-9', kind: 'reset', actor, atMs: tools.nowMs() }));
}
