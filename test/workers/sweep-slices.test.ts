import { describe, expect, test } from 'vitest';
import { readSweepStatus } from '#shared/actions/release-sweep.ts';
import { SWEEP_BRAKE } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { SWEEP_ROUND, SWEEP_SLICE } from '#shared/datastore/sweep-rows.ts';
import { VOLUME } from '#shared/datastore/volume-rows.ts';
import { erase, put, ref } from '#shared/datastore/write.ts';
import { SLICE_LEASE_MS } from '#shared/domain/sweep-round.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import { Compute } from '#shared/gce/compute.ts';
import { markDatabase } from '#shared/workers/database-marker.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { aVolume } from '#test/support/a-volume.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { cloudAndRecords, OUR_LABEL } from '#test/support/cloud-and-records.ts';

const IDENTITY = { database: '', epochMs: 0 };
type Zone = 'asia-east1-a' | 'europe-west1-b' | 'us-central1-a' | 'us-central1-b';
const LEASE_SECONDS = SLICE_LEASE_MS / 1000;

/** A Compute Engine adapter that notes the pages which are listed of some zones, and can act before one is. */
class NotedLists extends Compute {
  readonly pages: string[] = [];
  noted: readonly string[] = [];
  before: (page: string) => Promise<void> = () => Promise.resolve();

  override async listZone(zone: string, page: { readonly token: string; readonly size: number }) {
    if (!this.noted.includes(zone)) return super.listZone(zone, page);
    const name = `${zone} ${page.token === '' ? 'begin' : page.token}`;
    this.pages.push(name);
    await this.before(name);
    return super.listZone(zone, page);
  }
}

/** VMs with their records in each zone, on a platform that is swept in slices of two VMs. */
async function platform(perZone: Partial<Record<Zone, number>>) {
  let lists: NotedLists | undefined;
  const world = await cloudAndRecords({
    bootSeconds: 1,
    stopSeconds: 1,
    computeOf: (options) => (lists = new NotedLists(options)),
  });
  if (lists === undefined) throw new Error('The adapter was not made.');
  const machine = { ...anInstance().machine, machineType: 'e2-medium' };
  const placed = Object.entries(perZone).flatMap(([zone, count]) =>
    Array.from({ length: count }, (_, index) => ({ zone, id: `tw-${zone}-${index}` })),
  );
  for (const { zone, id } of placed) await world.cloud.insert(id, { labels: OUR_LABEL }, undefined, zone);
  await world.put(...placed.map(({ zone, id }) => anInstance({ id, zone, machine })));
  await markDatabase(IDENTITY, world.tools);
  world.cloud.clock.advance(600);
  const slicing = { machinesPerSlice: 2, atOnce: 2, runMs: 50_000 };
  const run = (changes: Partial<typeof slicing> = {}) =>
    sweep({ identity: IDENTITY, keptMs: 7 * 86_400_000, slicing: { ...slicing, ...changes } }, world.tools);
  // The first round of a platform is in one piece; it brings the records up to date, and finds the platform large.
  await run();
  lists.noted = Object.keys(perZone);
  return {
    ...world,
    lists,
    run,
    ids: placed.map(({ id }) => id),
    lose: (ids: readonly string[]) => world.store.write(ids.map((id) => erase(ref(INSTANCE, id)))),
    later: (seconds: number) => {
      world.cloud.clock.advance(seconds);
      return run();
    },
    round: async () => (await readSweepStatus(world)).round,
  };
}

function duplicates(pages: readonly string[]): readonly string[] {
  return pages.filter((page, index) => pages.indexOf(page) !== index);
}

test('a round in slices counts what one in one piece counts, and finds the same drift', async () => {
  const p = await platform({ 'europe-west1-b': 3, 'us-central1-a': 1, 'us-central1-b': 2 });
  await p.store.write([put(VOLUME, 'vol-gone', aVolume({ id: 'vol-gone', zone: 'asia-east1-a' }))]);
  p.cloud.emulator.drift('tw-europe-west1-b-1', 'stop');
  p.cloud.emulator.drift('tw-us-central1-b-0', 'delete');
  p.cloud.clock.advance(60);

  const report = await p.run();

  expect(report).toMatchObject({ full: true, machines: 5, records: 6, unrecorded: 0, volumes: 1, failures: 0 });
  expect((await p.instance('tw-europe-west1-b-1'))?.status).toBe('TERMINATED');
  expect((await p.instance('tw-us-central1-b-0'))?.status).toBe('ERROR');
  expect((await p.store.get(ref(VOLUME, 'vol-gone')))?.value.state).toBe('deleted');
  expect(await p.round()).toMatchObject({ epoch: 2, isComplete: true, failed: 0 });
});

test('two runs at once never work on the same slice: each page is read once, and one of them ends the round', async () => {
  const p = await platform({ 'asia-east1-a': 5, 'europe-west1-b': 5, 'us-central1-a': 5, 'us-central1-b': 5 });

  const reports = await Promise.all([p.run(), p.run()]);

  expect(duplicates(p.lists.pages)).toEqual([]);
  expect(reports.filter(({ full }) => full)).toMatchObject([{ machines: 20, records: 20, failures: 0 }]);
  expect(reports.filter(({ full }) => !full)).toMatchObject([{ brake: 'off', failures: 0 }]);
});

test('a run whose time is up keeps its position, and the next ones go on from there to the end of the round', async () => {
  const p = await platform({ 'europe-west1-b': 12, 'us-central1-a': 8 });
  p.lists.before = async () => p.cloud.clock.advance(8);

  const first = await p.run();
  const { done, slices, at } = (await p.round()) ?? expect.fail();
  const reports = [first];
  while (reports.length < 10 && !(reports.at(-1)?.full ?? true)) reports.push(await p.run());

  expect(first).toMatchObject({ full: false, failures: 0 });
  expect(done).toBeLessThan(slices);
  expect(at.some(({ after }) => after !== '')).toBe(true);
  expect(reports.length).toBeGreaterThan(2);
  expect(reports.at(-1)).toMatchObject({ full: true, machines: 20, records: 20, unrecorded: 0 });
});

test('a slice whose process died in its middle is taken over after its lease, and every change is recorded once', async () => {
  const p = await platform({ 'europe-west1-b': 9 });
  for (const id of p.ids) p.cloud.emulator.drift(id, 'stop');
  p.cloud.clock.advance(60);
  let left = 2;
  // The process ends while it waits for its third page.
  p.lists.before = () => ((left -= 1) >= 0 ? Promise.resolve() : new Promise(() => undefined));
  let hasEnded = false;
  const noteEnd = () => (hasEnded = true);
  p.run({ machinesPerSlice: 4 }).then(noteEnd, noteEnd);
  await expect.poll(() => p.lists.pages.length, { timeout: 60_000 }).toBe(3);
  p.lists.before = () => Promise.resolve();

  const atOnce = await p.run({ machinesPerSlice: 4 });
  const held = await p.round();
  p.cloud.clock.advance(LEASE_SECONDS + 1);
  const later = await p.run({ machinesPerSlice: 4 });

  expect(atOnce.full).toBe(false);
  expect(held?.endedAtMs).toBeNull();
  expect(later).toMatchObject({ full: true, machines: 9, records: 9, failures: 0 });
  for (const id of p.ids) {
    expect((await p.events(id)).filter(({ status }) => status === 'TERMINATED')).toHaveLength(1);
  }
  expect(hasEnded).toBe(false);
});

test('a lease from a clock that was ahead is not believed', async () => {
  const p = await platform({ 'europe-west1-b': 3 });
  p.lists.before = () => new Promise(() => undefined);
  p.run().catch(() => undefined);
  await expect.poll(() => p.lists.pages.length, { timeout: 60_000 }).toBeGreaterThan(0);
  p.lists.before = () => Promise.resolve();
  const slices = await p.all(SWEEP_SLICE);
  const ahead = p.tools.nowMs() + 3_600_000;
  await p.store.write(slices.map(({ id, value }) => put(SWEEP_SLICE, id, { ...value, leaseUntilMs: ahead })));

  expect(await p.run()).toMatchObject({ full: true, machines: 3 });
});

test('a run that lost its slice while it was stuck changes nothing of it any more', async () => {
  const p = await platform({ 'europe-west1-b': 6 });
  let release = (): void => undefined;
  const stuck = new Promise<void>((resolve) => (release = resolve));
  p.lists.before = () => stuck;
  const slow = p.run();
  await expect.poll(() => p.lists.pages.length, { timeout: 60_000 }).toBeGreaterThan(0);
  p.lists.before = () => Promise.resolve();
  p.cloud.clock.advance(LEASE_SECONDS + 1);

  const second = await p.run();
  release();
  const first = await slow;

  expect(second).toMatchObject({ full: true, machines: 6, records: 6 });
  expect(first).toMatchObject({ full: false, failures: 0 });
  expect(await p.round()).toMatchObject({ epoch: 2, isComplete: true });
});

describe('VMs without a record', () => {
  test('are counted over the whole round: the brake is on although each slice sees only few', async () => {
    const p = await platform({ 'asia-east1-a': 3, 'europe-west1-b': 3, 'us-central1-a': 3, 'us-central1-b': 3 });
    await p.lose(p.ids.filter((id) => /-[01]$/.test(id)));

    const reports = [await p.later(60), await p.later(900), await p.later(900)];

    expect(reports.map(({ brake, unrecorded }) => [brake, unrecorded])).toEqual(Array(3).fill(['on', 8]));
    expect((await p.all(SWEEP_BRAKE)).map(({ value }) => value)).toMatchObject([
      { machines: 12, records: 4, unrecorded: 8 },
    ]);
    for (const id of p.ids) expect(await p.orphan(id)).toBeUndefined();
  });

  test('are quarantined when the round has ended, and not before', async () => {
    const p = await platform({ 'europe-west1-b': 6, 'us-central1-a': 6 });
    const lost = ['tw-europe-west1-b-0', 'tw-us-central1-a-5'];
    await p.lose(lost);
    p.lists.before = async () => p.cloud.clock.advance(10);

    const before: unknown[] = [];
    let report = await p.run();
    for (let runs = 1; runs < 10 && !report.full; runs += 1) {
      before.push(...(await Promise.all(lost.map((id) => p.orphan(id)))));
      report = await p.run();
    }

    expect(before.length).toBeGreaterThan(0);
    expect(before.every((orphan) => orphan === undefined)).toBe(true);
    expect(report).toMatchObject({ full: true, unrecorded: 2, brake: 'off' });
    for (const id of lost) expect((await p.orphan(id))?.why).toBe('unrecorded');
  });

  test('are forgotten if their record has come by the end of the round', async () => {
    const p = await platform({ 'europe-west1-b': 6, 'us-central1-a': 2 });
    const [lost = ''] = p.ids;
    const row = await p.instance(lost);
    await p.lose([lost]);
    p.lists.before = async () => p.cloud.clock.advance(15);
    const first = await p.run();
    p.lists.before = () => Promise.resolve();
    if (row !== undefined) await p.put(row);

    let report = await p.run();
    for (let runs = 0; runs < 5 && !report.full; runs += 1) report = await p.run();

    expect(first.full).toBe(false);
    expect(report).toMatchObject({ full: true, unrecorded: 0, brake: 'off' });
    expect(await p.orphan(lost)).toBeUndefined();
  });
});

test('a list of a zone that lacks its VMs is not believed: each one is looked at before a record changes', async () => {
  const p = await platform({ 'europe-west1-b': 4 });
  p.lists.before = async () => {
    p.cloud.faults.add([{ service: 'compute', method: 'instances.list', kind: 'absent', count: 1 }]);
  };
  const before = await p.instance(p.ids[0] ?? '');

  const report = await p.run({ atOnce: 1 });

  expect(report).toMatchObject({ full: true, machines: 0, records: 4 });
  expect(await p.instance(p.ids[0] ?? '')).toMatchObject({ status: 'RUNNING', eventCount: before?.eventCount });
});

test('a zone that fails keeps no other from being compared; the round ends without it and decides nothing', async () => {
  const p = await platform({ 'europe-west1-b': 2, 'us-central1-a': 2 });
  await p.lose(['tw-us-central1-a-1']);
  p.cloud.emulator.drift('tw-us-central1-a-0', 'stop');
  p.cloud.clock.advance(60);
  let fails = true;
  p.lists.before = (page) =>
    fails && page.startsWith('europe')
      ? Promise.reject(new CloudError('backend_error', 'The zone is unreachable.'))
      : Promise.resolve();

  const reports = [await p.run(), await p.later(60), await p.later(60)];
  const ended = await p.round();
  fails = false;
  const next = await p.later(60);

  expect(reports.map(({ full, brake, failures }) => [full, brake, failures])).toEqual(Array(3).fill([false, 'on', 1]));
  expect(ended).toMatchObject({ isComplete: false, failed: 1 });
  expect(ended?.endedAtMs).not.toBeNull();
  expect((await p.instance('tw-us-central1-a-0'))?.status).toBe('TERMINATED');
  expect(next).toMatchObject({ full: true, machines: 4, unrecorded: 1, brake: 'off', failures: 0 });
});

test('a page that Compute Engine does not know any more begins the list of the zone anew, and nothing counts twice', async () => {
  const p = await platform({ 'europe-west1-b': 6 });
  p.lists.before = async () => p.cloud.clock.advance(15);
  const first = await p.run();
  let refuse = true;
  p.lists.before = (page) => {
    if (!refuse || page.endsWith('begin')) return Promise.resolve();
    refuse = false;
    return Promise.reject(new CloudError('invalid_argument', "Invalid value for field 'pageToken'"));
  };

  let report = await p.run();
  for (let runs = 0; runs < 5 && !report.full; runs += 1) report = await p.run();

  expect(first.full).toBe(false);
  expect(report).toMatchObject({ full: true, machines: 6, records: 6, failures: 0 });
});

test('a slice that ends the process of every run that takes it is left to the next round after five', async () => {
  const p = await platform({ 'europe-west1-b': 3 });
  p.lists.before = () => new Promise(() => undefined);
  for (let death = 1; death <= 5; death += 1) {
    p.run().catch(() => undefined);
    await expect.poll(() => p.lists.pages.length, { timeout: 60_000 }).toBe(death);
    p.cloud.clock.advance(LEASE_SECONDS + 1);
  }
  p.lists.before = () => Promise.resolve();

  await p.run();
  const left = await p.round();
  const next = await p.later(60);

  expect(left).toMatchObject({ failed: 1, isComplete: false });
  expect(left?.endedAtMs).not.toBeNull();
  expect(next).toMatchObject({ full: true, machines: 3 });
});

test('records of a zone that does not exist any more are looked at one by one, and the round ends', async () => {
  const p = await platform({ 'europe-west1-b': 2 });
  await p.put(anInstance({ id: 'tw-gone', zone: 'mars-north1-a', status: 'ERROR' }));

  expect(await p.run()).toMatchObject({ full: true, machines: 2, records: 3, failures: 0 });
});

test('a round ended by a run that died while it ended it is ended once more, with the same result', async () => {
  const p = await platform({ 'europe-west1-b': 3, 'us-central1-a': 3 });
  await p.lose(['tw-europe-west1-b-0']);
  const report = await p.run();
  const [round] = await p.all(SWEEP_ROUND);
  if (round === undefined) return expect.fail();
  await p.store.write([put(SWEEP_ROUND, round.id, { ...round.value, endedAtMs: null, isComplete: false })]);

  const again = await p.run();

  expect(report).toMatchObject({ full: true, unrecorded: 1 });
  expect(again).toMatchObject({ full: true, machines: 6, records: 5, unrecorded: 1, brake: 'off' });
  expect((await p.orphan('tw-europe-west1-b-0'))?.attempts).toBe(0);
});

test('a platform that has grown beyond one piece is swept by zones from the next round on, and one that shrank is not', async () => {
  const p = await platform({ 'europe-west1-b': 3 });
  const small = { machinesPerSlice: 16 };

  await p.run(small);
  p.lists.pages.length = 0;
  const whole = await p.run(small);

  expect(whole).toMatchObject({ full: true, machines: 3 });
  expect(p.lists.pages).toEqual([]);
  expect((await p.round())?.slices).toBe(1);
});

describe('budgets', () => {
  test('a VM that is as recorded costs one entity, and a page of VMs one call of Compute Engine', async () => {
    const p = await platform({ 'europe-west1-b': 20, 'us-central1-a': 20 });
    const slicing = { machinesPerSlice: 10, atOnce: 1 };
    const before = p.datastore.stats();

    const report = await p.run(slicing);

    const after = p.datastore.stats();
    expect(report).toMatchObject({ full: true, machines: 40, records: 40, failures: 0 });
    // Two zones of two pages each, and those of the empty zones that this round looks at.
    expect(p.lists.pages).toHaveLength(4);
    // Beside the 40 records: round and slices before each of six claims, prices, brake, marker, and the zones' names.
    expect(after.entitiesRead - before.entitiesRead).toBeLessThanOrEqual(40 + 70);
    expect(after.indexEntriesRead - before.indexEntriesRead).toBeLessThanOrEqual(40 + 70);
  });
});
