import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { expect, test } from 'vitest';
import { ORPHAN_DISK, VOLUME } from '#shared/datastore/volume-rows.ts';
import { insert, put, ref } from '#shared/datastore/write.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { markDatabase } from '#shared/workers/database-marker.ts';
import { aVolume } from '#test/support/a-volume.ts';
import { cloudAndRecords } from '#test/support/cloud-and-records.ts';
import { ZONE } from '#test/support/compute-cloud.ts';

const DAY_SECONDS = 86_400;
const IDENTITY = { database: '', epochMs: 0 };
const SETTINGS = { identity: IDENTITY, keptMs: 7 * DAY_SECONDS * 1000 };
const SPEC = { sizeGb: 10, diskType: 'pd-balanced' };
const REQUESTS = ['7c9e6679-7425-40de-944b-e07fc1f90ae0', '7c9e6679-7425-40de-944b-e07fc1f90ae1'];

/** Creates a marked database with one volume whose disk exists. */
async function harness() {
  const world = await cloudAndRecords({ clock: new ShiftableClock() });
  const { store, disks, tools, cloud } = world;
  await markDatabase(IDENTITY, tools);
  const known = aVolume();
  await disks.insert({ zone: ZONE, name: known.id }, SPEC, REQUESTS[0] ?? '');
  await store.write([put(VOLUME, known.id, known)]);
  return {
    ...world,
    known,
    run: () => sweep(SETTINGS, tools),
    disk: (name: string, request = REQUESTS[1] ?? '') => disks.insert({ zone: ZONE, name }, SPEC, request),
    names: () => cloud.emulator.disks().map(({ name }) => name),
    orphan: async (name: string) => (await store.get(ref(ORPHAN_DISK, name)))?.value,
  };
}

test('a disk without a volume is kept for days, then deleted; a volume and its disk stay', async () => {
  const h = await harness();
  await h.disk('vol-lost');

  const young = await h.run();
  h.cloud.clock.advance(301);
  const found = await h.run();
  h.cloud.clock.advance(601);
  await h.run();
  h.cloud.clock.advance(6 * DAY_SECONDS);
  await h.run();
  const kept = h.names();
  h.cloud.clock.advance(DAY_SECONDS + 1);
  await h.run();
  await h.run();

  expect(young).toMatchObject({ disks: 2, volumes: 1, unrecordedDisks: 0, failures: 0 });
  expect(found).toMatchObject({ unrecordedDisks: 1, brake: 'off' });
  expect(kept.sort()).toEqual([h.known.id, 'vol-lost'].sort());
  expect(h.names()).toEqual([h.known.id]);
});

test('a disk whose volume comes after all is taken off the list', async () => {
  const h = await harness();
  await h.disk('vol-late');
  h.cloud.clock.advance(301);
  await h.run();
  await h.store.write([insert(VOLUME, 'vol-late', aVolume({ id: 'vol-late', name: 'late' }))]);
  h.cloud.clock.advance(601);

  await h.run();

  expect(await h.orphan('vol-late')).toBeUndefined();
  expect(h.names()).toContain('vol-late');
});

test('many disks without volumes are lost records: the brake keeps them', async () => {
  const h = await harness();
  for (let i = 0; i < 6; i += 1) await h.disk(`vol-lost-${i}`, `7c9e6679-7425-40de-944b-e07fc1f90b0${i}`);
  h.cloud.clock.advance(301);

  const report = await h.run();

  expect(report).toMatchObject({ unrecordedDisks: 6, brake: 'on' });
  expect(await h.all(ORPHAN_DISK)).toEqual([]);
});

test('disks that do not carry our label are left alone', async () => {
  const h = await harness();
  await h.cloud.running('somewhere-else');
  h.cloud.clock.advance(301);

  expect(await h.run()).toMatchObject({ disks: 1, unrecordedDisks: 0 });
});

test('a volume whose process died before its disk was asked for gets the disk', async () => {
  const h = await harness();
  const left = aVolume({ id: 'vol-left', name: 'left', state: 'creating', checkAtMs: h.tools.nowMs() });
  await h.store.write([put(VOLUME, left.id, left)]);

  const report = await h.run();

  expect(report).toMatchObject({ settledVolumes: 1, failures: 0 });
  expect(h.names()).toContain('vol-left');
  expect((await h.store.get(ref(VOLUME, 'vol-left')))?.value).toMatchObject({ state: 'ready', checkAtMs: null });
});

test('a volume whose disk was deleted outside of the API is deleted by the comparison', async () => {
  const h = await harness();
  await h.disks.delete({ zone: ZONE, name: h.known.id }, REQUESTS[1] ?? '');
  h.cloud.clock.advance(1);

  await h.run();

  expect((await h.store.get(ref(VOLUME, h.known.id)))?.value).toMatchObject({ state: 'deleted' });
});
