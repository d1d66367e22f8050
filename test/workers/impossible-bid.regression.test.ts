import { expect, test } from 'vitest';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { VOLUME } from '#shared/datastore/volume-rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { requestUuid } from '#shared/domain/request-uuid.ts';
import { presentBidStatus } from '#shared/families/fleet/present-bid.ts';
import { aVolume } from '#test/support/a-volume.ts';
import { bidWorld } from '#test/support/bid-world.ts';
import { BOOT_SECONDS, ZONE } from '#test/support/compute-cloud.ts';

const INSERT = { service: 'compute', method: 'instances.insert' } as const;
/** Longer than the longest pause between two attempts. */
const PAUSE_SECONDS = 11 * 60;

type World = Awaited<ReturnType<typeof bidWorld>>;

/** Lets the bid's next attempt take place. */
async function oneAttempt(world: World): Promise<void> {
  world.cloud.clock.advance(PAUSE_SECONDS);
  await world.sweepNow();
}

test('a bid for a machine that Compute Engine refuses as impossible was tried every ten minutes for ever; it ends', async () => {
  const world = await bidWorld({ clock: new ShiftableClock() });
  const volume = aVolume();
  const { id: name, sizeGb, diskType } = volume;
  await world.disks.insert({ zone: ZONE, name }, { sizeGb, diskType }, requestUuid(`test/${name}`, 1));
  await world.store.write([put(VOLUME, volume.id, volume)]);
  const { launch } = world.request('train').wish;
  world.cloud.faults.add([{ ...INSERT, kind: 'error', status: 400, count: 1_000 }]);
  const id = await world.place('train', { quantity: 1, launch: { ...launch, volumes: [`vol_${volume.id}`] } });

  await world.work();
  for (let attempt = 2; attempt < 5; attempt += 1) await oneAttempt(world);
  expect(await world.bid(id)).toMatchObject({ phase: 'waiting', reason: { reason: 'cloud_invalid_argument' } });
  await oneAttempt(world);

  const bid = await world.bid(id);
  expect(bid).toMatchObject({ phase: 'ended', instances: [], reason: { reason: 'cloud_invalid_argument' } });
  expect(bid.events.at(-1)).toMatchObject({ type: 'Terminated', actor: { type: 'system' } });
  expect(presentBidStatus(bid)).toMatchObject({
    status: 'Terminated',
    reason: expect.stringMatching(/combination of machine type.*The bid has ended/) as string,
  });
  expect([await world.machines(), await world.used()]).toEqual([[], 0]);
  expect((await world.store.get(ref(VOLUME, volume.id)))?.value.use).toBeNull();
  const calls = world.cloud.emulator.calls().length;
  await oneAttempt(world);
  expect(world.cloud.emulator.calls()).toHaveLength(calls);
});

test('a refusal that can pass never ends a bid, and what was refused once is launched when Compute Engine takes it', async () => {
  const world = await bidWorld();
  world.cloud.faults.add([
    { ...INSERT, kind: 'error', status: 400, count: 4 },
    { ...INSERT, kind: 'stockout', count: 1 },
  ]);
  const id = await world.place('train', { quantity: 1 });
  await world.work();
  for (let attempt = 2; attempt <= 5; attempt += 1) await oneAttempt(world);
  // Compute Engine accepts the fifth insert, whose operation then ends with the stockout.
  world.cloud.clock.advance(BOOT_SECONDS);
  await world.sweepNow();
  expect(await world.bid(id)).toMatchObject({ phase: 'waiting', reason: { reason: 'zone_exhausted' }, refusals: 0 });

  await world.until(id, 'held');
});
