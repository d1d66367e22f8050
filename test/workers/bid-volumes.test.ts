import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { expect, test } from 'vitest';
import { deleteVolume } from '#shared/actions/delete-volume.ts';
import { placeBid } from '#shared/actions/place-bid.ts';
import { renameVolume } from '#shared/actions/rename-volume.ts';
import { VOLUME, VOLUME_NAME, volumeNameId } from '#shared/datastore/volume-rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { requestUuid } from '#shared/domain/request-uuid.ts';
import type { Volume } from '#shared/domain/volume.ts';
import { presentVolume } from '#shared/families/fleet/present-volume.ts';
import { aBid } from '#test/support/a-bid.ts';
import { aVolume } from '#test/support/a-volume.ts';
import { type BidWorldSettings, bidWorld } from '#test/support/bid-world.ts';
import { STOP_SECONDS, ZONE } from '#test/support/compute-cloud.ts';

const DATA = aVolume();
const SECOND = aVolume({ id: 'vol-550e84-second01', name: 'second' });

const fidOf = ({ id }: Pick<Volume, 'id'>) => `vol_${id}`;

/** Creates a world of bids in one process, with volumes whose disks exist in Compute Engine. */
async function volumeWorld(settings: BidWorldSettings & { readonly volumes?: readonly Volume[] } = {}) {
  const { volumes = [DATA], ...rest } = settings;
  const world = await bidWorld({ clock: new ShiftableClock(), ...rest });
  const { store, disks, cloud, tools } = world;
  for (const volume of volumes) {
    if (volume.state === 'ready') {
      const spec = { sizeGb: volume.sizeGb, diskType: volume.diskType };
      await disks.insert({ zone: ZONE, name: volume.id }, spec, requestUuid(`test/${volume.id}`, 1));
    }
    await store.write([
      put(VOLUME, volume.id, volume),
      put(VOLUME_NAME, volumeNameId(volume), { volumeId: volume.id }),
    ]);
  }
  const { caller } = world.act('');
  const launch = { ...aBid().launch, volumes: volumes.slice(0, 1).map(fidOf) };
  return {
    ...world,
    /** Places a bid with the first of the volumes. */
    placeWith: (name: string, quantity = 1) => world.place(name, { quantity, launch }),
    launch,
    volume: async ({ id }: Pick<Volume, 'id'> = DATA) => {
      const row = await store.get(ref(VOLUME, id));
      if (row === undefined) throw new Error(`There is no volume ${id}.`);
      return row.value;
    },
    destroy: (volume: Pick<Volume, 'id'> = DATA) => deleteVolume({ caller, fid: fidOf(volume) }, tools),
    rename: (volume: Volume, name: string) => renameVolume({ caller, fid: fidOf(volume), name }, tools),
    /** Returns the names of the VMs that the disk is attached to. */
    usersOf: ({ id }: Pick<Volume, 'id'> = DATA) => {
      const disk = cloud.emulator.disks().find(({ name }) => name === id);
      if (disk === undefined) throw new Error(`There is no disk ${id}.`);
      return (disk.users ?? []).map((url) => url.slice(url.lastIndexOf('/') + 1));
    },
    /** Returns the devices of a VM, apart from its boot disk. */
    devicesOf: async (machine: string) =>
      ((await cloud.get(machine)).disks ?? []).filter(({ boot }) => boot !== true).map(({ deviceName }) => deviceName),
    applied: (method: string) =>
      cloud.emulator
        .calls()
        .filter((call) => call.method === method && call.outcome === 'applied' && call.operationError === undefined),
    /** Moves the clock by a minute and runs the sweep. */
    minute: async (count = 1) => {
      for (let i = 0; i < count; i += 1) {
        cloud.clock.advance(61);
        await world.sweepNow();
      }
    },
  };
}

test("a launch brings the volume as a device of the volume's name to the first VM, and it outlives the VM", async () => {
  const world = await volumeWorld();
  const id = await world.placeWith('train', 2);
  const { instances } = await world.until(id, 'held');
  const [first = '', second = ''] = instances;
  await world.minute();

  expect((await world.cloud.get(first)).disks?.[1]).toMatchObject({ deviceName: 'data', autoDelete: false });
  expect(await world.devicesOf(second)).toEqual([]);
  expect(await world.volume()).toMatchObject({ attachedTo: first, checkAtMs: null, attempts: 0 });
  expect(presentVolume(await world.volume())).toMatchObject({
    bids: [id],
    attachments: { [`inst_${first}`]: '/dev/disk/by-id/google-data' },
  });
  expect(world.applied('instances.attachDisk')).toEqual([]);
  await expect(world.destroy()).rejects.toMatchObject({ kind: 'conflict', reason: 'volume_in_use' });

  await world.cancel(id);
  expect(presentVolume(await world.volume())).toMatchObject({ bids: [], attachments: {} });
  await world.settle();

  expect([await world.machines(), world.usersOf()]).toEqual([[], []]);
  expect(await world.volume()).toMatchObject({ state: 'ready', use: null, attachedTo: '', checkAtMs: null });
  await world.destroy();
  expect(world.cloud.emulator.disks()).toEqual([]);
});

test('a change attaches a volume to the running VM and takes it off again, once each, whatever answers are lost', async () => {
  const world = await volumeWorld();
  const id = await world.place('train');
  const [first = ''] = (await world.until(id, 'held')).instances;
  const lost = (method: string) =>
    world.cloud.faults.add([{ service: 'compute', method, kind: 'lostAnswer', count: 2 }]);

  lost('instances.attachDisk');
  await world.change(id, { volumes: [fidOf(DATA)] });
  await world.minute(3);
  expect([await world.devicesOf(first), world.usersOf()]).toEqual([['data'], [first]]);
  expect(await world.volume()).toMatchObject({ attachedTo: first, checkAtMs: null });

  lost('instances.detachDisk');
  await world.change(id, { volumes: [] });
  await world.minute(3);

  expect([await world.devicesOf(first), world.usersOf()]).toEqual([[], []]);
  expect(await world.volume()).toMatchObject({ use: null, attachedTo: '', checkAtMs: null });
  expect(world.applied('instances.attachDisk')).toHaveLength(1);
  expect(world.applied('instances.detachDisk')).toHaveLength(1);
});

test('a bid that is placed while the VM of the last one still goes waits for the disk, and inserts each VM once', async () => {
  const world = await volumeWorld();
  const old = await world.placeWith('train');
  await world.until(old, 'held');
  await world.cancel(old);
  await world.work();

  const id = await world.placeWith('train');
  expect(id).not.toBe(old);
  const { instances } = await world.until(id, 'held');
  await world.minute();

  expect(world.usersOf()).toEqual(instances);
  expect(await world.machines()).toEqual(instances);
  const inserted = world.applied('instances.insert').map(({ instance }) => instance);
  expect(inserted.filter((name) => name === instances[0])).toHaveLength(1);
  expect(await world.used()).toBe(1);
});

test('a volume that is taken off while its VM is being made is not on the VM in the end', async () => {
  const world = await volumeWorld();
  const id = await world.placeWith('train');

  await world.change(id, { volumes: [] });
  const [first = ''] = (await world.until(id, 'held')).instances;
  await world.minute(2);

  expect([await world.devicesOf(first), world.usersOf()]).toEqual([[], []]);
  expect(await world.volume()).toMatchObject({ use: null, attachedTo: '', checkAtMs: null });
});

test('a volume that comes while its VM is being made is attached when the VM is there', async () => {
  const world = await volumeWorld();
  const id = await world.place('train');

  await world.change(id, { volumes: [fidOf(DATA)] });
  await world.minute();
  const [first = ''] = (await world.until(id, 'held')).instances;
  await world.minute(2);

  expect([await world.devicesOf(first), world.usersOf()]).toEqual([['data'], [first]]);
  expect(await world.volume()).toMatchObject({ attachedTo: first, checkAtMs: null });
});

test('cancelling while a volume attaches leaves neither a VM nor an attachment', async () => {
  const world = await volumeWorld();
  const id = await world.place('train');
  await world.until(id, 'held');
  await world.change(id, { volumes: [fidOf(DATA)] });
  world.cloud.faults.add([{ service: 'compute', method: 'instances.attachDisk', kind: 'lostAnswer', count: 1 }]);
  await world.sweepNow();

  await world.cancel(id);
  await world.settle();

  expect([await world.machines(), world.usersOf(), await world.used()]).toEqual([[], [], 0]);
  expect(await world.volume()).toMatchObject({ state: 'ready', use: null, attachedTo: '', checkAtMs: null });
});

test('a stockout gives the volume back to the bid, and the next launch brings it', async () => {
  const world = await volumeWorld();
  world.cloud.faults.add([{ service: 'compute', method: 'instances.insert', kind: 'stockout', count: 1 }]);
  const id = await world.placeWith('train', 2);

  await world.until(id, 'waiting');
  expect((await world.volume()).use).toMatchObject({ bid: id, instanceId: null });
  await expect(world.destroy()).rejects.toMatchObject({ reason: 'volume_in_use' });
  const { instances } = await world.until(id, 'held');
  await world.minute();

  expect(world.usersOf()).toEqual(instances.slice(0, 1));
});

test('a volume whose disk is still being made is brought once there is one', async () => {
  const young = aVolume({ state: 'creating', checkAtMs: 0 });
  const world = await volumeWorld({ volumes: [young] });
  const id = await world.placeWith('train');

  const [first = ''] = (await world.until(id, 'held')).instances;
  await world.minute(2);

  expect(world.usersOf()).toEqual([first]);
});

test('pausing keeps the volume on its VM, and volumes come and go while it is paused', async () => {
  const world = await volumeWorld({ volumes: [DATA, SECOND] });
  const id = await world.placeWith('train');
  const [first = ''] = (await world.until(id, 'held')).instances;
  await world.change(id, { paused: true });
  await world.work();
  world.cloud.clock.advance(STOP_SECONDS);
  await world.sweepNow();

  await world.change(id, { volumes: [fidOf(SECOND)] });
  await world.minute(2);
  expect([await world.devicesOf(first), world.usersOf(), world.usersOf(SECOND)]).toEqual([['second'], [], [first]]);
  await world.change(id, { paused: false });
  await world.until(id, 'held');

  expect(await world.devicesOf(first)).toEqual(['second']);
});

test('regression: a volume whose VM its owner had deleted was looked at forever; it rests, and stays the bid’s', async () => {
  const world = await volumeWorld();
  const id = await world.placeWith('train', 2);
  const [first = ''] = (await world.until(id, 'held')).instances;

  await world.remove(first);
  await world.settle();

  expect(await world.volume()).toMatchObject({ use: { bid: id, instanceId: null }, attachedTo: '', checkAtMs: null });
  await expect(placeBid(world.request('other', { launch: world.launch }), world.tools)).rejects.toMatchObject({
    reason: 'volume_in_use',
  });
  await world.cancel(id);
  expect((await world.volume()).use).toBeNull();
});

test('regression: of two volumes with one device name one was never attached; they cannot be on one VM', async () => {
  const world = await volumeWorld({ volumes: [DATA, SECOND] });
  const id = await world.placeWith('train');
  await world.until(id, 'held');
  await world.rename(DATA, 'older');
  await world.rename(SECOND, 'data');

  await expect(world.change(id, { volumes: [fidOf(DATA), fidOf(SECOND)] })).rejects.toMatchObject({
    kind: 'conflict',
    reason: 'volume_name_taken',
  });

  await world.change(id, { volumes: [] });
  await world.change(id, { volumes: [fidOf(DATA), fidOf(SECOND)] });
  await world.minute(3);
  const [first = ''] = (await world.bid(id)).instances;
  expect((await world.devicesOf(first)).toSorted()).toEqual(['data', 'older']);
});

test('a disk that is deleted outside of the API leaves the bid without it, and the bid can be cancelled', async () => {
  const world = await volumeWorld();
  const id = await world.placeWith('train');
  await world.change(id, { paused: true });
  await world.until(id, 'paused');
  await world.settle();
  await world.change(id, { volumes: [] });
  await world.minute(2);
  await world.change(id, { volumes: [fidOf(DATA)] });
  await world.disks.delete({ zone: ZONE, name: DATA.id }, requestUuid('test/gone', 1));
  await world.minute(2);

  expect(await world.volume()).toMatchObject({ state: 'deleted', use: null });
  await world.cancel(id);
  await world.settle();
  expect([await world.machines(), await world.used()]).toEqual([[], 0]);
});

test('bids that want one volume at the same time: one gets it, the others are refused, and nothing is left of them', async () => {
  const world = await volumeWorld();
  const bids = await Promise.all(['a', 'b', 'c'].map((name) => world.place(name, { quantity: 1 })));

  const outcomes = await Promise.allSettled([
    ...bids.map((id) => world.change(id, { volumes: [fidOf(DATA)] })),
    world.placeWith('d'),
  ]);
  await world.settle();

  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused).toHaveLength(3);
  for (const { reason } of refused) expect(reason).toMatchObject({ kind: 'conflict', reason: 'volume_in_use' });
  const { use, attachedTo } = await world.volume();
  const holder = await world.bid(use?.bid ?? '');
  expect([holder.launch.volumes, world.usersOf()]).toEqual([[fidOf(DATA)], [attachedTo]]);
  expect(holder.instances).toEqual([attachedTo]);
  expect(await world.used()).toBe((await world.machines()).length);
});

test('regression: a volume whose VM was deleted outside was attached to it again and again, and never came to rest', async () => {
  const world = await volumeWorld();
  const id = await world.placeWith('train');
  const [first = ''] = (await world.until(id, 'held')).instances;
  await world.minute();

  world.cloud.emulator.drift(first, 'delete');
  world.cloud.clock.advance(STOP_SECONDS);
  await world.minute(2);
  expect((await world.instances()).map(({ statusReason }) => statusReason?.reason)).toEqual(['vm_missing']);

  expect(await world.volume()).toMatchObject({ use: { bid: id }, attachedTo: '', checkAtMs: null, attempts: 0 });
  const asked = world.cloud.emulator.calls().filter(({ method }) => method === 'instances.attachDisk').length;
  await world.minute(3);
  expect(world.cloud.emulator.calls().filter(({ method }) => method === 'instances.attachDisk')).toHaveLength(asked);

  await world.cancel(id);
  await world.settle();
  expect(await world.volume()).toMatchObject({ state: 'ready', use: null, attachedTo: '', checkAtMs: null });
});
