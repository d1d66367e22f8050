import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { releaseSweep, readSweepStatus } from '#shared/actions/release-sweep.ts';
import { DATABASE_MARKER, MARKER, SWEEP_BRAKE } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { erase, ref } from '#shared/datastore/write.ts';
import { brakeAfter, type SweepBrake, unrecordedAllowed } from '#shared/domain/sweep-brake.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { cloudAndRecords, OUR_LABEL } from '#test/support/cloud-and-records.ts';
import { testAuditor } from '#test/support/test-auditor.ts';

/*
 * After the rows of instances were lost, three sweeps within a quarter of an hour deleted all VMs of customers with
 * their disks.
 */

const DAY_MS = 24 * 60 * 60_000;
const KEPT_DAYS = 7;
const SETTINGS = { identity: { database: '', epochMs: 0 }, keptMs: KEPT_DAYS * DAY_MS };

/** Creates VMs with their records, old enough for the sweep to compare. */
async function platform(count: number) {
  const world = await cloudAndRecords({ bootSeconds: 1, stopSeconds: 1 });
  const ids = Array.from({ length: count }, (_, index) => `tw-550e84-0000000${index}`);
  for (const id of ids) await world.cloud.insert(id, { labels: OUR_LABEL });
  const machine = { ...anInstance().machine, machineType: 'e2-medium' };
  await world.put(...ids.map((id) => anInstance({ id, machine })));
  world.cloud.clock.advance(600);
  const run = (settings = SETTINGS) => sweep(settings, world.tools);
  await run();
  const lose = (lost: readonly string[]) => world.store.write(lost.map((id) => erase(ref(INSTANCE, id))));
  const later = async (seconds: number) => {
    world.cloud.clock.advance(seconds);
    return run();
  };
  const running = () =>
    world.cloud.emulator
      .machines()
      .filter(({ status }) => status === 'RUNNING')
      .map(({ name }) => name);
  const acts = () => world.cloud.emulator.calls().filter(({ method }) => /stop|delete/.test(method));
  return { ...world, ids, run, lose, later, running, acts };
}

describe('lost records', () => {
  test('all of them: no VM is stopped or deleted, however often the sweep runs, and an operator is called', async () => {
    const { ids, lose, later, acts, all, logged } = await platform(3);

    await lose(ids);
    const reports = [await later(600), await later(600), await later(DAY_MS / 1000), await later(8 * 86_400)];

    expect(reports.map(({ brake, failures }) => [brake, failures])).toEqual(Array(4).fill(['on', 0]));
    expect(acts()).toEqual([]);
    expect((await all(SWEEP_BRAKE)).map(({ value }) => value.unrecorded)).toEqual([3]);
    expect(logged.filter(({ severity }) => severity === 'critical').map(({ message }) => message)).toEqual(
      Array(4).fill('too many VMs without a record'),
    );
  });

  test('more than five: those already on the list stay as they are too', async () => {
    const { ids, lose, later, acts, orphan } = await platform(8);
    await lose(ids.slice(0, 1));
    await later(60);
    const listed = await orphan(ids[0] ?? '');

    await lose(ids.slice(1, 7));
    const braked = await later(900);
    await later(900);

    expect(braked.brake).toBe('on');
    expect(listed?.why).toBe('unrecorded');
    expect(await orphan(ids[0] ?? '')).toEqual(listed);
    expect(acts()).toEqual([]);
  });

  test('records that come back take the brake off, and nothing has happened', async () => {
    const { ids, lose, later, acts, put: restore, all } = await platform(3);
    await lose(ids);
    await later(900);
    const machine = { ...anInstance().machine, machineType: 'e2-medium' };

    await restore(...ids.map((id) => anInstance({ id, machine })));
    const report = await later(60);

    expect(report).toMatchObject({ brake: 'off', unrecorded: 0 });
    expect(await all(SWEEP_BRAKE)).toEqual([]);
    expect(acts()).toEqual([]);
  });

  test('after a release the sweep goes on with what the operator has seen, and not with one more', async () => {
    const { ids, lose, later, tools, orphan } = await platform(9);
    await lose(ids.slice(0, 6));
    await later(60);

    const release = await releaseSweep(testAuditor(tools.nowMs), tools);
    const again = await releaseSweep(testAuditor(tools.nowMs), tools);
    const released = await later(60);
    await lose(ids.slice(6, 7));
    const more = await later(60);

    expect(release).toEqual({ released: true, unrecorded: 6, marked: false });
    expect(again.released).toBe(false);
    expect(released).toMatchObject({ brake: 'released', unrecorded: 6 });
    expect(await orphan(ids[0] ?? '')).toBeDefined();
    expect(more.brake).toBe('on');
    expect(await orphan(ids[6] ?? '')).toBeUndefined();
  });

  test('a comparison that fails touches no VM', async () => {
    const { cloud, ids, lose, later, acts } = await platform(2);
    await lose(ids.slice(0, 1));
    await later(60);
    await lose(ids.slice(1));
    cloud.faults.add([
      { service: 'compute', method: 'instances.aggregatedList', kind: 'error', status: 403, count: 1 },
    ]);

    const report = await later(900);

    expect(report.failures).toBe(1);
    expect(acts()).toEqual([]);
  });
});

test('a single VM without a record is stopped, kept for days, and only then deleted', async () => {
  const { ids, lose, later, running, acts, cloud } = await platform(2);
  const [lost = ''] = ids;
  await lose([lost]);

  await later(60);
  const found = running();
  await later(660);
  await later(60);
  const stopped = running();
  for (let day = 1; day < KEPT_DAYS; day += 1) await later(86_400);
  const kept = cloud.emulator.machines().map(({ name }) => name);
  await later(86_400 + 60);
  await later(60);

  expect(found).toContain(lost);
  expect(stopped).not.toContain(lost);
  expect(kept).toContain(lost);
  expect(cloud.emulator.machines().map(({ name }) => name)).toEqual(ids.slice(1));
  expect(acts().map(({ method, instance }) => [method, instance])).toEqual([
    ['instances.stop', lost],
    ['instances.delete', lost],
  ]);
});

describe('a database that is not the one that the deployment was made with', () => {
  test.each([
    ['names another database', { database: 'compute-api-test', epochMs: 0 }],
    ['is of an older epoch', { database: '', epochMs: 1_000 }],
  ])('a marker that %s: nothing is swept until a release', async (_, identity) => {
    const { ids, lose, tools, acts, cloud, run } = await platform(2);
    await lose(ids);
    cloud.clock.advance(900);

    const refused = await run({ ...SETTINGS, identity });
    await releaseSweep(testAuditor(tools.nowMs), tools);
    const released = await run({ ...SETTINGS, identity });

    expect(refused).toMatchObject({ brake: 'foreign', machines: 0, looked: 0 });
    expect(released.brake).toBe('on');
    expect((await readSweepStatus(tools)).marker).toMatchObject(identity);
    expect(acts()).toEqual([]);
  });

  test('without a marker no VM is touched, and the marker is made once no VM lacks a record', async () => {
    const { ids, lose, store, later, put: restore, acts, all } = await platform(7);
    await store.write([erase(ref(DATABASE_MARKER, MARKER))]);
    await lose(ids.slice(0, 1));

    const unmarked = await later(900);
    await restore(anInstance({ id: ids[0] ?? '' }));
    const sane = await later(60);

    expect(unmarked.brake).toBe('on');
    expect(sane.brake).toBe('off');
    expect(acts()).toEqual([]);
    expect((await all(DATABASE_MARKER)).map(({ id }) => id)).toEqual([MARKER]);
  });
});

test('the brake holds for any numbers: nothing is touched beyond what is allowed or was released', () => {
  const count = fc.nat(200);
  const counts = fc.record({ machines: count, records: count, unrecorded: count });
  const brake = fc.option(
    fc
      .record({ counts, releasedAtMs: fc.option(fc.nat(), { nil: null }) })
      .map(({ counts: seen, releasedAtMs }): SweepBrake => ({
        ...seen,
        releasedAtMs,
        engagedAtMs: 0,
        releasedBy: '',
        database: '',
        epochMs: 0,
      })),
    { nil: undefined },
  );
  fc.assert(
    fc.property(brake, counts, fc.boolean(), (before, seen, isMarked) => {
      const decided = brakeAfter(before, seen, { isMarked });

      if (seen.unrecorded > 0 && !isMarked) expect(decided).toBe('on');
      if (decided === 'off') expect(seen.unrecorded).toBeLessThanOrEqual(unrecordedAllowed(seen));
      if (decided === 'off' && seen.records === 0) expect(seen.unrecorded).toBe(0);
      if (decided === 'released') {
        expect(before?.releasedAtMs).not.toBeNull();
        expect(seen.unrecorded).toBeLessThanOrEqual(before?.unrecorded ?? -1);
      }
    }),
  );
});
