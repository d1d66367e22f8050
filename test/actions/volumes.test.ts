import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { expect, test } from 'vitest';
import { createVolume, type CreateVolumeRequest } from '#shared/actions/create-volume.ts';
import { deleteVolume } from '#shared/actions/delete-volume.ts';
import { listVolumes } from '#shared/actions/list-volumes.ts';
import { renameVolume } from '#shared/actions/rename-volume.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { VOLUME, VOLUME_USAGE } from '#shared/datastore/volume-rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { completeLimits } from '#shared/domain/tier.ts';
import type { Volume } from '#shared/domain/volume.ts';
import {
  assignVolumes,
  claimVolumes,
  readVolumes,
  releaseVolumes,
  volumesOf,
} from '#shared/lifecycle/volume-claims.ts';
import { settleVolume } from '#shared/lifecycle/settle-volume.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { cloudAndRecords } from '#test/support/cloud-and-records.ts';
import { BOOT_SECONDS, instanceBody, STOP_SECONDS, ZONE } from '#test/support/compute-cloud.ts';

const SCOPE = { customerId: 'acme', project: 'proj_acme000000000000' };
const CALLER = {
  userId: '550e8400-e29b-41d4-a716-446655440000',
  customerId: 'acme',
  projects: [SCOPE.project],
  groups: ['group1'],
  roles: [],
  tier: 'pro',
  credential: { type: 'session' as const, id: 'session-1' },
};
const BID = { bid: 'bid_1', zone: ZONE, pointer: '/launch_specification/volumes' };

/** Opens a customer with 100 GB of volumes, and an emulated Compute Engine with disks. */
async function harness() {
  const world = await cloudAndRecords({ clock: new ShiftableClock() });
  const { cloud, store, tools } = world;
  const request = (overrides: Partial<CreateVolumeRequest> = {}): CreateVolumeRequest => ({
    name: 'data',
    project: SCOPE.project,
    zone: ZONE,
    sizeGb: 50,
    caller: CALLER,
    tier: { name: 'pro', maxInstances: 3, maxVolumeGb: 100, perMinute: completeLimits({ create: 10 }) },
    typeOf: async () => ({ id: 'block', diskType: 'pd-balanced', minGb: 1, maxGb: 1000, centsPerGbMonth: 10 }),
    ...overrides,
  });
  const volumeDisks = () => cloud.emulator.disks().filter(({ labels }) => labels?.['compute-api'] === 'test');
  const inserts = () =>
    cloud.emulator.calls().filter(({ method, outcome }) => method === 'disks.insert' && outcome === 'applied');
  return {
    ...world,
    request,
    create: (overrides: Partial<CreateVolumeRequest> = {}) => createVolume(request(overrides), tools),
    destroy: ({ id }: Pick<Volume, 'id'>) => deleteVolume({ caller: CALLER, fid: `vol_${id}` }, tools),
    rows: ({ id }: Pick<Volume, 'id'>) => readVolumes([`vol_${id}`], SCOPE, tools),
    volume: async (id: string) => (await store.get(ref(VOLUME, id)))?.value,
    usedGb: async () => (await store.get(ref(VOLUME_USAGE, 'acme')))?.value.gb ?? 0,
    settle: async (id: string) => settleVolume(id, tools),
    volumeDisks,
    inserts,
    /** Creates a running VM with the deployment's label, and its record. */
    machine: async (id: string, disks: readonly object[] = []) => {
      const { disks: boot } = instanceBody(id);
      await cloud.running(id, { labels: { 'compute-api': 'test' }, disks: [...boot, ...disks] });
      await store.write([put(INSTANCE, id, anInstance({ id, cloudId: '1' }))]);
    },
  };
}

test('a volume is one disk of its size and type with our label, counted in GB', async () => {
  const h = await harness();

  const made = await h.create();

  expect(h.volumeDisks()).toMatchObject([
    { name: made.id, sizeGb: '50', zone: expect.stringContaining(ZONE) as string },
  ]);
  expect(h.volumeDisks()[0]?.type).toMatch(/\/pd-balanced$/);
  expect(await h.volume(made.id)).toMatchObject({ state: 'ready', checkAtMs: null, name: 'data' });
  expect(await h.usedGb()).toBe(50);
});

test.each(['lostAnswer', 'falseError'] as const)(
  '%s to the insert: one disk, and the volume is answered',
  async (kind) => {
    const h = await harness();
    h.cloud.faults.add([{ service: 'compute', method: 'disks.insert', kind, count: 1 }]);

    const made = await h.create();

    expect(h.inserts()).toHaveLength(1);
    expect(h.volumeDisks().map(({ name }) => name)).toEqual([made.id]);
    expect(await h.volume(made.id)).toMatchObject({ state: 'ready' });
  },
);

test('no response to the insert: the request returns the volume, and the sweep repeats the insert with the same requestId', async () => {
  const h = await harness();
  h.cloud.faults.add([
    { service: 'compute', method: 'disks.insert', kind: 'lostAnswer', count: 3 },
    { service: 'compute', method: 'disks.get', kind: 'error', count: 1, status: 403 },
  ]);

  const made = await h.create();
  const before = await h.volume(made.id);
  await h.settle(made.id);

  expect(before).toMatchObject({ state: 'creating' });
  expect(await h.volume(made.id)).toMatchObject({ state: 'ready' });
  expect(h.inserts()).toHaveLength(1);
  const ids = h.cloud.emulator.calls().map(({ requestId }) => requestId);
  expect(new Set(ids).size).toBe(1);
});

test('a process killed between commit and insert: the repeat of the request makes the one disk', async () => {
  const h = await harness();
  const dead = createVolume(h.request(), {
    ...h.tools,
    disks: { insert: () => new Promise(() => undefined) } as unknown as typeof h.disks,
  });
  dead.catch(() => undefined);
  await expect.poll(async () => (await h.all(VOLUME)).length).toBe(1);

  const repeated = await h.create();

  expect(await h.all(VOLUME)).toHaveLength(1);
  expect(h.volumeDisks().map(({ name }) => name)).toEqual([repeated.id]);
  expect(await h.usedGb()).toBe(50);
});

test('a repeated request returns the same volume; another request with the same name is refused', async () => {
  const h = await harness();
  const made = await h.create();

  const again = await h.create();
  const larger = h.create({ sizeGb: 40 });

  await expect(larger).rejects.toMatchObject({ kind: 'conflict', reason: 'volume_name_taken' });
  expect(again.id).toBe(made.id);
  const other = h.create({ caller: { ...CALLER, userId: '550e8400-e29b-41d4-a716-446655440009' } });
  await expect(other).rejects.toMatchObject({ reason: 'volume_name_taken' });
  h.cloud.clock.advance(601);
  await expect(h.create()).rejects.toMatchObject({ reason: 'volume_name_taken' });
  expect(h.inserts()).toHaveLength(1);
});

test('parallel requests of one name make one volume', async () => {
  const h = await harness();

  const made = await Promise.all(Array.from({ length: 8 }, () => h.create()));

  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  expect(h.inserts()).toHaveLength(1);
  expect(await h.usedGb()).toBe(50);
});

test('the GB quota is exact under parallel creates', async () => {
  const h = await harness();

  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => h.create({ name: `data-${i}`, sizeGb: 30 })),
  );

  const refused = outcomes.filter(({ status }) => status === 'rejected');
  expect(outcomes.length - refused.length).toBe(3);
  for (const { reason } of refused as PromiseRejectedResult[]) expect(reason).toMatchObject({ kind: 'quota_exceeded' });
  expect(await h.usedGb()).toBe(90);
  expect(h.volumeDisks()).toHaveLength(3);
});

test.each([
  ['invalid_argument', 400, 'unprocessable'],
  ['permission_denied', 403, 'conflict'],
] as const)('a refusal (%s) takes everything back, and is no 5xx', async (_reason, status, kind) => {
  const h = await harness();
  h.cloud.faults.add([{ service: 'compute', method: 'disks.insert', kind: 'error', count: 1, status }]);

  await expect(h.create()).rejects.toMatchObject({ kind });

  expect(await h.usedGb()).toBe(0);
  expect(h.volumeDisks()).toEqual([]);
  expect(
    await listVolumes({ caller: CALLER, project: SCOPE.project, zone: undefined, includeDeleted: true }, h.tools),
  ).toEqual([]);
  expect(await h.create()).toMatchObject({ name: 'data' });
});

test('an accepted insert whose operation fails for want of quota is refused like a call', async () => {
  const h = await harness();
  h.cloud.faults.add([
    { service: 'compute', method: 'disks.insert', kind: 'operationError', count: 1, code: 'QUOTA_EXCEEDED' },
  ]);

  await expect(h.create()).rejects.toMatchObject({ kind: 'conflict', reason: 'volume_refused' });

  expect(await h.usedGb()).toBe(0);
});

test('an operation that fails for a while is asked for again, as another call', async () => {
  const h = await harness();
  h.cloud.faults.add([
    {
      service: 'compute',
      method: 'disks.insert',
      kind: 'operationError',
      count: 1,
      code: 'RESOURCE_OPERATION_RATE_EXCEEDED',
    },
  ]);

  const made = await h.create();
  const before = await h.volume(made.id);
  await h.settle(made.id);

  expect(before).toMatchObject({ state: 'creating', attempts: 1, callNumber: 2 });
  expect(await h.volume(made.id)).toMatchObject({ state: 'ready' });
  expect(h.volumeDisks()).toHaveLength(1);
});

test('a deleted volume is off the list, its GB and its name are free, and its disk is gone', async () => {
  const h = await harness();
  const made = await h.create();

  await h.destroy(made);

  const list = (includeDeleted: boolean) =>
    listVolumes({ caller: CALLER, project: SCOPE.project, zone: undefined, includeDeleted }, h.tools);
  expect(await list(false)).toEqual([]);
  expect(await list(true)).toMatchObject([{ id: made.id, state: 'deleted' }]);
  expect(await h.usedGb()).toBe(0);
  expect(h.volumeDisks()).toEqual([]);
  await expect(h.destroy(made)).rejects.toMatchObject({ kind: 'not_found', reason: 'volume_not_found' });
  expect((await h.create()).id).not.toBe(made.id);
});

test.each(['error', 'lostAnswer'] as const)(
  '%s to the delete: the volume is gone, and the sweep removes the disk',
  async (kind) => {
    const h = await harness();
    const made = await h.create();
    h.cloud.faults.add([{ service: 'compute', method: 'disks.delete', kind, count: 3 }]);

    await h.destroy(made);
    const used = await h.usedGb();
    h.cloud.faults.clear();
    await h.settle(made.id);

    expect(used).toBe(0);
    expect(h.volumeDisks()).toEqual([]);
  },
);

test('one wrong 404 does not end a volume', async () => {
  const h = await harness();
  const made = await h.create();
  h.cloud.faults.add([{ service: 'compute', method: 'disks.get', kind: 'absent', count: 1 }]);

  await h.settle(made.id);

  expect(await h.volume(made.id)).toMatchObject({ state: 'ready' });
});

test('a volume whose disk is gone is deleted, and its GB are free', async () => {
  const h = await harness();
  const made = await h.create();
  await h.disks.delete({ zone: ZONE, name: made.id }, '7c9e6679-7425-40de-944b-e07fc1f90ae7');

  await h.settle(made.id);

  expect(await h.volume(made.id)).toMatchObject({ state: 'deleted' });
  expect(await h.usedGb()).toBe(0);
});

test("a bid's volume comes with its machine's insert, is protected, and outlives the machine", async () => {
  const h = await harness();
  const made = await h.create();
  const claimed = claimVolumes(await h.rows(made), BID);
  await h.store.write(claimed);
  const rows = await h.rows(made);
  const [attached] = volumesOf(rows);
  await h.store.write(assignVolumes(rows, 'web', h.tools));
  await h.tools.compute.insert(
    { zone: ZONE, name: 'web' },
    { ...anInstance().machine, volumes: attached === undefined ? [] : [attached] },
    '7c9e6679-7425-40de-944b-e07fc1f90ae7',
  );
  h.cloud.clock.advance(BOOT_SECONDS);
  await h.settle(made.id);

  const seen = await h.volume(made.id);
  await expect(h.destroy(made)).rejects.toMatchObject({ kind: 'conflict', reason: 'volume_in_use' });
  expect(seen).toMatchObject({ attachedTo: 'web', checkAtMs: null });
  expect((await h.cloud.get('web')).disks?.[1]).toMatchObject({ deviceName: 'data', autoDelete: false });

  await h.store.write(releaseVolumes(await h.rows(made), h.tools));
  await h.cloud.instances.delete(h.cloud.at('web'));
  h.cloud.clock.advance(STOP_SECONDS);
  await h.settle(made.id);

  expect(await h.volume(made.id)).toMatchObject({ state: 'ready', use: null, attachedTo: '', checkAtMs: null });
  expect(h.volumeDisks()).toMatchObject([{ name: made.id }]);
  await h.destroy(made);
  expect(h.volumeDisks()).toEqual([]);
});

test('a volume put on a running machine, and taken off it, is attached and detached once', async () => {
  const h = await harness();
  const made = await h.create();
  await h.machine('web');
  await h.store.write(claimVolumes(await h.rows(made), BID));
  await h.store.write(assignVolumes(await h.rows(made), 'web', h.tools));
  h.cloud.faults.add([{ service: 'compute', method: 'instances.attachDisk', kind: 'lostAnswer', count: 1 }]);

  await h.settle(made.id);
  const attached = (await h.cloud.get('web')).disks?.map(({ deviceName }) => deviceName);
  await h.store.write(releaseVolumes(await h.rows(made), h.tools));
  await h.settle(made.id);

  expect(attached).toEqual(['persistent-disk-0', 'data']);
  expect((await h.cloud.get('web')).disks).toHaveLength(1);
  const applied = h.cloud.emulator
    .calls()
    .filter(({ outcome }) => outcome === 'applied')
    .map(({ method }) => method);
  expect(applied.filter((method) => /(at|de)tachDisk/.test(method))).toEqual([
    'instances.attachDisk',
    'instances.detachDisk',
  ]);
  expect(await h.volume(made.id)).toMatchObject({ attachedTo: '', checkAtMs: null });
});

test('a volume that another machine still has is taken off it before it is attached', async () => {
  const h = await harness();
  const made = await h.create();
  await h.machine('old', [{ source: `zones/${ZONE}/disks/${made.id}`, deviceName: 'data' }]);
  await h.machine('new');
  await h.store.write(claimVolumes(await h.rows(made), BID));
  await h.store.write(assignVolumes(await h.rows(made), 'new', h.tools));

  await h.settle(made.id);
  await h.settle(made.id);

  expect((await h.cloud.get('new')).disks?.map(({ deviceName }) => deviceName)).toEqual(['persistent-disk-0', 'data']);
});

test('a volume of another region, or of another bid, is refused, and a foreign one is not there', async () => {
  const h = await harness();
  const made = await h.create();
  const rows = await h.rows(made);

  expect(() => claimVolumes(rows, { ...BID, zone: 'us-east1-b' })).toThrow(
    expect.objectContaining({ kind: 'unprocessable', reason: 'volume_region' }),
  );
  await h.store.write(claimVolumes(rows, BID));
  const claimed = await h.rows(made);
  expect(claimVolumes(claimed, BID)).toEqual([]);
  expect(() => claimVolumes(claimed, { ...BID, bid: 'bid_2' })).toThrow(
    expect.objectContaining({ kind: 'conflict', reason: 'volume_in_use' }),
  );
  const foreign = readVolumes([`vol_${made.id}`], { ...SCOPE, customerId: 'umbrella' }, h.tools);
  const absent = readVolumes(['vol_nothing'], SCOPE, h.tools);
  const [a, b] = await Promise.allSettled([foreign, absent]);
  expect(a).toMatchObject({ reason: { kind: 'not_found', reason: 'volume_not_found' } });
  expect((a as PromiseRejectedResult).reason).toEqual((b as PromiseRejectedResult).reason);
});

test('a renamed volume frees its old name and keeps the new one from others', async () => {
  const h = await harness();
  const made = await h.create();
  const fid = `vol_${made.id}`;

  await renameVolume({ caller: CALLER, fid, name: 'datasets' }, h.tools);
  const second = await h.create();

  await expect(renameVolume({ caller: CALLER, fid, name: 'data' }, h.tools)).rejects.toMatchObject({
    kind: 'conflict',
  });
  expect(await renameVolume({ caller: CALLER, fid, name: 'datasets' }, h.tools)).toMatchObject({ name: 'datasets' });
  expect(second.id).not.toBe(made.id);
});

test('a colleague of the project sees a volume whatever their groups; another customer of a like-named project does not', async () => {
  const h = await harness();
  const made = await h.create();
  const list = (caller: typeof CALLER) =>
    listVolumes({ caller, project: SCOPE.project, zone: undefined, includeDeleted: false }, h.tools);

  expect(await list({ ...CALLER, userId: 'bob', groups: ['group9'] })).toMatchObject([{ id: made.id }]);
  expect(await list({ ...CALLER, customerId: 'umbrella' })).toEqual([]);
});
