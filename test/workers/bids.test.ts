import { expect, test } from 'vitest';
import { bidStatus } from '#shared/domain/bid.ts';
import { fleetStatus } from '#shared/domain/fleet-status.ts';
import { CatalogReader } from '#shared/actions/catalog-reader.ts';
import { placeBid } from '#shared/actions/place-bid.ts';
import { readAvailability } from '#shared/actions/read-offers.ts';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import type { Catalog } from '#shared/catalog/catalog.ts';
import { PROJECT_SSH_KEY } from '#shared/datastore/ssh-key-rows.ts';
import { STOCKOUT, VOLUME } from '#shared/datastore/volume-rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { STOCKOUT_MS } from '#shared/domain/machine-offer.ts';
import type { ProjectSshKey } from '#shared/domain/project-ssh-key.ts';
import { completeLimits } from '#shared/domain/tier.ts';
import catalog from '#scripts/local/catalog.json' with { type: 'json' };
import { aVolume } from '#test/support/a-volume.ts';
import { bidWorld } from '#test/support/bid-world.ts';
import { STOP_SECONDS } from '#test/support/compute-cloud.ts';
import { testAuditor } from '#test/support/test-auditor.ts';

test('a bid gets all its instances at once: one insert each, named after it, on spot machines', async () => {
  const world = await bidWorld();
  const id = await world.place('train', { quantity: 3 });

  const placed = await world.bid(id);
  expect([bidStatus(placed), placed.instances.length, await world.used()]).toEqual(['Open', 3, 3]);
  const held = await world.until(id, 'held');

  const instances = await world.instances();
  const named = held.instances.map((instance) => instances.find(({ id: own }) => own === instance)?.displayName);
  expect(named).toEqual(['train-1', 'train-2', 'train-3']);
  expect(instances.every(({ bid, status, machine }) => bid === id && status === 'RUNNING' && machine.spot)).toBe(true);
  expect((await world.machines()).toSorted()).toEqual(held.instances.toSorted());
  const [machine] = held.instances;
  expect((await world.cloud.get(machine ?? '')).scheduling).toMatchObject({ provisioningModel: 'SPOT' });
  expect(held.events.map(({ type }) => type)).toEqual(['Placed', 'Allocated']);
});

test('a bid that the quota has no room for makes nothing and says why', async () => {
  const world = await bidWorld({ maxInstances: 5 });

  const refused = placeBid(world.request('large', { quantity: 8 }), world.tools);

  await expect(refused).rejects.toMatchObject({
    kind: 'quota_exceeded',
    message: 'Your quota allows 5 instances and 0 exist; 8 were asked for at once. Ask for a larger quota.',
  });
  expect([await world.instances(), await world.machines(), await world.used()]).toEqual([[], [], 0]);
});

test('a stockout of one takes the others back; the bid stays open with the reason, and is tried again', async () => {
  const world = await bidWorld();
  world.cloud.faults.add([{ service: 'compute', method: 'instances.insert', kind: 'stockout', count: 1 }]);
  const id = await world.place('train', { quantity: 3 });

  const waiting = await world.until(id, 'waiting');
  expect(waiting).toMatchObject({ instances: [], attempts: 1, reason: { reason: 'zone_exhausted' } });
  expect(waiting.checkAtMs).toBeGreaterThan(0);
  const held = await world.until(id, 'held');

  expect(held).toMatchObject({ attempts: 0, reason: null });
  expect((await world.machines()).toSorted()).toEqual(held.instances.toSorted());
  expect(await world.used()).toBe(3);
});

test('a stockout of a bid’s launch is on record with its time, and availability shows none there for ten minutes', async () => {
  const world = await bidWorld();
  await applyCatalog(world.store, catalog satisfies Catalog, { auditor: testAuditor(), prune: false });
  const tier = { name: 'pro', maxInstances: 8, maxVolumeGb: 0, perMinute: completeLimits({ get: 10 }) };
  const capacity = async () => {
    const reader = new CatalogReader({ store: world.store, nowMs: world.tools.nowMs });
    const request = { caller: { customerId: 'umbrella' }, tier };
    const rows = await readAvailability(request, { ...world.tools, catalog: reader });
    return rows.filter(({ offer }) => offer.machineType === 'n1-standard-2').map((row) => [row.zone, row.capacity]);
  };
  world.cloud.faults.add([{ service: 'compute', method: 'instances.insert', kind: 'stockout', count: 1 }]);
  const id = await world.place('train');

  await world.until(id, 'waiting');

  const [stockout, ...others] = (await world.all(STOCKOUT)).map(({ value }) => value);
  expect(stockout).toMatchObject({ zone: 'us-central1-a', machineType: 'n1-standard-2' });
  expect(others).toEqual([]);
  expect(world.tools.nowMs() - (stockout?.atMs ?? 0)).toBeLessThan(STOCKOUT_MS);
  expect(await capacity()).toEqual(
    expect.arrayContaining([
      ['us-central1-a', 0],
      ['us-central1-b', 8],
    ]),
  );
  world.cloud.clock.advance(STOCKOUT_MS / 1000);
  expect(await capacity()).toEqual(expect.arrayContaining([['us-central1-a', 8]]));
});

test('the platform tries again only when the quota has room for all, and says so until then', async () => {
  const world = await bidWorld({ maxInstances: 3 });
  await world.price(200);
  const poor = await world.place('poor', { quantity: 2 });
  expect(await world.bid(poor)).toMatchObject({ phase: 'waiting', reason: { reason: 'price_above_limit' } });
  const rich = await world.place('rich', { quantity: 2, limitCents: 300 });
  await world.until(rich, 'held');
  await world.price(50);

  world.cloud.clock.advance(60);
  await world.sweepNow();

  expect(await world.bid(poor)).toMatchObject({ phase: 'waiting', reason: { reason: 'quota_exceeded' } });
  expect(await world.used()).toBe(2);
  await world.cancel(rich);
  await world.until(poor, 'held');
  expect(await world.used()).toBe(2);
});

test('cancelling ends every instance at once, and leaves neither machine nor quota', async () => {
  const world = await bidWorld();
  const id = await world.place('train');
  const held = await world.until(id, 'held');

  await world.cancel(id);

  const words = (await world.instances()).map(fleetStatus);
  expect(words).toEqual(['STATUS_TERMINATED', 'STATUS_TERMINATED']);
  expect(await world.bid(id)).toMatchObject({ phase: 'ended', instances: held.instances, checkAtMs: null });
  await world.work();
  world.cloud.clock.advance(STOP_SECONDS);
  await world.sweepNow();
  expect([await world.instances(), await world.machines(), await world.used()]).toEqual([[], [], 0]);
  await world.cancel(id);
  expect((await world.bid(id)).events.map(({ type }) => type)).toEqual(['Placed', 'Allocated', 'Terminated']);
});

test.each([0, 1])('cancelling while it launches leaves nothing behind (inserts sent before: %i)', async (sent) => {
  const world = await bidWorld();
  const id = await world.place('train');
  if (sent === 1) await world.work();

  await world.cancel(id);
  await world.work();
  for (let round = 0; round < 4; round += 1) {
    world.cloud.clock.advance(STOP_SECONDS);
    await world.sweepNow();
  }

  expect(await world.bid(id)).toMatchObject({ phase: 'ended', instances: [] });
  expect([await world.instances(), await world.machines(), await world.used()]).toEqual([[], [], 0]);
});

test('pausing stops every instance, resuming starts the same ones in the same order', async () => {
  const world = await bidWorld();
  const id = await world.place('train');
  const { instances } = await world.until(id, 'held');

  const paused = await world.change(id, { paused: true });
  expect(bidStatus(paused)).toBe('Paused');
  expect((await world.change(id, { paused: true })).events).toEqual(paused.events);
  await world.work();
  world.cloud.clock.advance(STOP_SECONDS);
  await world.sweepNow();
  expect((await world.instances()).map(fleetStatus)).toEqual(['STATUS_PAUSED', 'STATUS_PAUSED']);

  await world.change(id, { paused: false });
  expect((await world.instances()).map(fleetStatus)).toEqual(['STATUS_CONFIRMED', 'STATUS_CONFIRMED']);
  const again = await world.until(id, 'held');
  expect(again.instances).toEqual(instances);
  expect((await world.instances()).map(fleetStatus)).toEqual(['STATUS_RUNNING', 'STATUS_RUNNING']);
  expect(again.events.map(({ type }) => type)).toEqual(['Placed', 'Allocated', 'Paused', 'Resumed', 'Allocated']);
});

test('an instance that the cloud takes away is PREEMPTED, and comes back: Preempting, Open, Allocated', async () => {
  const world = await bidWorld();
  const id = await world.place('train');
  const { instances } = await world.until(id, 'held');
  const [first = ''] = instances;
  await world.hear();
  world.cloud.emulator.drift(first, 'preempt');
  await world.hear();
  world.cloud.clock.advance(STOP_SECONDS);

  const regaining = await world.until(id, 'regaining');
  expect(bidStatus(regaining)).toBe('Open');
  expect((await world.instance(first))?.preempted).toBe(true);
  const again = await world.until(id, 'held');

  expect(again.instances).toEqual(instances);
  expect((await world.instances()).map(({ status }) => status)).toEqual(['RUNNING', 'RUNNING']);
  expect(again.events.map(({ type }) => type)).toEqual(['Placed', 'Allocated', 'Preempted', 'Allocated']);
});

test('a price that rises above the limit takes the instances away, one that falls gives them back', async () => {
  const world = await bidWorld();
  await world.price(50);
  const id = await world.place('train', { limitCents: 100 });
  const { instances } = await world.until(id, 'held');

  await world.price(101);
  await world.sweepNow();
  world.cloud.clock.advance(STOP_SECONDS);
  await world.sweepNow();
  const open = await world.until(id, 'regaining');
  expect(open.reason).toEqual({
    reason: 'price_above_limit',
    message: 'The spot price is $1.01, above the limit of $1.00.',
  });
  expect((await world.instances()).map(fleetStatus)).toEqual(['STATUS_PREEMPTED', 'STATUS_PREEMPTED']);

  await world.price(100);
  const again = await world.until(id, 'held');
  expect(again.instances).toEqual(instances);
  expect(await world.used()).toBe(2);
});

test('a higher limit launches a bid that waited for the price at once; a lower one takes its instances away', async () => {
  const world = await bidWorld();
  await world.price(150);
  const id = await world.place('train', { limitCents: 100 });
  expect((await world.bid(id)).instances).toEqual([]);

  await world.change(id, { limit_price: '$2.00' });
  expect(await world.bid(id)).toMatchObject({ phase: 'launching', limitCents: 200 });
  await world.until(id, 'held');
  const lowered = await world.change(id, { limit_price: '$1.00' });

  expect(bidStatus(lowered)).toBe('Preempting');
  expect(lowered.events.map(({ type, limitCents }) => [type, limitCents])).toEqual([
    ['Placed', 100],
    ['Limit Price Changed', 200],
    ['Allocated', null],
    ['Limit Price Changed', 100],
    ['Preempted', null],
  ]);
});

test('the same request within ten minutes answers with the same bid, until that one is paused or cancelled', async () => {
  const world = await bidWorld();
  const id = await world.place('train');

  expect(await world.place('train')).toBe(id);
  expect(await world.used()).toBe(2);
  expect(await world.place('train', { limitCents: 101 })).not.toBe(id);
  await world.cancel(id);
  const second = await world.place('train');
  expect(second).not.toBe(id);
  world.cloud.clock.advance(10 * 60 + 1);
  expect(await world.place('train')).not.toBe(second);
});

test('a commit whose answer is lost makes one bid', async () => {
  const world = await bidWorld();
  world.storeFaults.add([{ service: 'datastore', method: 'commit', kind: 'lostAnswer', count: 1 }]);

  const id = await world.place('train');
  await world.until(id, 'held');

  expect([(await world.machines()).length, await world.used()]).toEqual([2, 2]);
});

test.each([
  ['lostAnswer', 1],
  ['falseError', 1],
  ['error', 2],
] as const)('an insert that meets %s is applied once for each instance', async (kind, count) => {
  const world = await bidWorld();
  world.cloud.faults.add([{ service: 'compute', method: 'instances.insert', kind, count }]);
  const id = await world.place('train');

  const held = await world.until(id, 'held');

  const applied = world.cloud.emulator
    .calls()
    .filter(({ method, outcome }) => method === 'instances.insert' && outcome === 'applied');
  expect(applied.map(({ instance }) => instance).toSorted()).toEqual(held.instances.toSorted());
});

test('a bid whose instances were all deleted by their owner ends', async () => {
  const world = await bidWorld();
  const id = await world.place('train', { quantity: 1 });
  const { instances } = await world.until(id, 'held');
  const [only = ''] = instances;
  await world.remove(only);

  const ended = await world.until(id, 'ended');

  expect(bidStatus(ended)).toBe('Terminated');
  expect(ended.deactivatedAtMs).not.toBeNull();
});

test('a process that dies after its commit, and one that dies before its worker answers, lose no bid', async () => {
  const world = await bidWorld();
  const id = await world.place('train');
  // The message is dropped, as if the process had ended before it published.
  world.mailbox.length = 0;

  const held = await world.until(id, 'held');

  expect((await world.machines()).toSorted()).toEqual(held.instances.toSorted());
});

test('a volume belongs to the bid’s first instance while the bid is live, and no other bid can use it', async () => {
  const world = await bidWorld();
  const volume = aVolume();
  const fid = `vol_${volume.id}`;
  await world.store.write([put(VOLUME, volume.id, volume)]);
  const use = async () => (await world.store.get(ref(VOLUME, volume.id)))?.value.use;
  const launch = { volumes: [fid], sshKeys: [], startupScript: null, imageVersion: null, memoryGb: null };
  const id = await world.place('train', { launch });

  const [first, second] = (await world.bid(id)).instances;
  expect(await use()).toMatchObject({ bid: id, instanceId: first });
  expect((await world.instance(first ?? ''))?.machine.volumes).toEqual([{ disk: volume.id, deviceName: 'data' }]);
  expect((await world.instance(second ?? ''))?.machine.volumes).toBeUndefined();
  await expect(placeBid(world.request('other', { launch }), world.tools)).rejects.toMatchObject({
    reason: 'volume_in_use',
  });
  const without = await world.change(id, { volumes: [] });
  expect([await use(), without.launch.volumes]).toEqual([null, []]);
  const again = await world.change(id, { volumes: [fid] });
  expect(again.events.map(({ type }) => type)).toEqual(['Placed', 'Volumes Removed', 'Volumes Attached']);
  expect(await use()).toMatchObject({ bid: id, instanceId: first });

  await world.cancel(id);

  expect(await use()).toBeNull();
});

test('a volume that is not the project’s is unknown, and one of another region is refused', async () => {
  const world = await bidWorld();
  const foreign = aVolume({ id: 'vol-foreign', customerId: 'umbrella' });
  const far = aVolume({ id: 'vol-far', zone: 'europe-west1-b' });
  await world.store.write([foreign, far].map((volume) => put(VOLUME, volume.id, volume)));
  const placed = (fid: string) => {
    const launch = { volumes: [fid], sshKeys: [], startupScript: null, imageVersion: null, memoryGb: null };
    return placeBid(world.request('train', { launch }), world.tools);
  };

  await expect(placed('vol_vol-foreign')).rejects.toMatchObject({ reason: 'volume_not_found' });
  await expect(placed('vol_vol-far')).rejects.toMatchObject({ reason: 'volume_region' });
  expect([await world.instances(), await world.used()]).toEqual([[], 0]);
});

test('a key that the project requires by the time of the launch is on every machine, for ubuntu', async () => {
  const world = await bidWorld();
  await world.price(200);
  const id = await world.place('train', { limitCents: 100 });
  const key: ProjectSshKey = {
    id: 'key-000000000000000000001',
    customerId: 'acme',
    project: 'proj_acme000000000000',
    userId: 'admin',
    name: 'operations',
    publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtQUDZWhs8k ops',
    fingerprint: '',
    isDefault: false,
    required: true,
    labels: {},
    createdAtMs: 1,
  };
  await world.store.write([put(PROJECT_SSH_KEY, key.id, key)]);

  await world.price(50);
  await world.change(id, { limit_price: '$1.01' });

  const [first = ''] = (await world.bid(id)).instances;
  const made = await world.instance(first);
  expect(made?.machine.metadata['ssh-keys']).toBe(`ubuntu:${key.publicKey}`);
  expect(made?.login.keyIds).toEqual([key.id]);
});
