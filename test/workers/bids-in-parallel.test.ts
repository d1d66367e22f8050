import { expect, test, vi } from 'vitest';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { cancelBid } from '#shared/actions/cancel-bid.ts';
import { createVolume } from '#shared/actions/create-volume.ts';
import { deleteVolume } from '#shared/actions/delete-volume.ts';
import type { PlaceBidRequest } from '#shared/actions/place-bid.ts';
import { BID } from '#shared/datastore/bid-rows.ts';
import { ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { ORPHAN_DISK, VOLUME, VOLUME_USAGE } from '#shared/datastore/volume-rows.ts';
import { isTransitional } from '#shared/domain/status.ts';
import { isLive } from '#shared/domain/volume.ts';
import { aBid } from '#test/support/a-bid.ts';
import { bidWorld } from '#test/support/bid-world.ts';
import { BOOT_SECONDS, ZONE } from '#test/support/compute-cloud.ts';
import { atRest, fleetViolations } from '#test/support/fleet-invariants.ts';

const CUSTOMERS = ['acme', 'umbrella'] as const;
/** Enough for two bids of two instances, and one more instance that no such bid can use. */
const INSTANCES_MAX = 5;
const BID_QUANTITY = 2;
const GB_MAX = 120;
/** Two volumes fit into the quota, and 20 GB are left that no volume can use. */
const VOLUME_GB = 50;
const BIDS = 100;
/** Of three bids, one names the first volume, one the second, and one none. */
const WISHES = 3;
const ROUNDS_MAX = 20;

const REFUSED_BIDS = ['quota_exceeded', 'volume_in_use', 'volume_not_found'];
const REFUSED_VOLUMES = ['volume_in_use', 'volume_quota_exceeded'];

/** Creates two customers in one process, each with a quota of instances and of GB. */
async function twoCustomers() {
  const world = await bidWorld({
    maxInstances: INSTANCES_MAX,
    maxVolumeGb: GB_MAX,
    clock: new ShiftableClock(),
  });
  const { tools, cloud } = world;
  const { caller } = world.act('');
  const as = (customerId: string) => ({ ...caller, customerId, projects: [`proj_${customerId}`] });
  const snapshot = async () => {
    const [instances, bids, volumes, orphanDisks, usages] = await Promise.all([
      world.instances(),
      world.all(BID),
      world.all(VOLUME),
      world.all(ORPHAN_DISK),
      world.all(VOLUME_USAGE),
    ]);
    return {
      deployment: 'test',
      calls: cloud.emulator.calls(),
      disks: cloud.emulator.disks(),
      instances,
      bids: bids.map(({ value }) => value),
      volumes: volumes.map(({ value }) => value),
      orphanDisks: orphanDisks.map(({ id }) => id),
      volumeUsages: usages.map(({ id, value }) => ({ customerId: id, gb: value.gb, limit: GB_MAX })),
    };
  };
  return {
    ...world,
    snapshot,
    create: (customerId: string, name: string) =>
      createVolume(
        {
          name,
          project: `proj_${customerId}`,
          zone: ZONE,
          sizeGb: VOLUME_GB,
          caller: as(customerId),
          tier: world.request('').tier,
          typeOf: async () => ({ id: 'block', diskType: 'pd-balanced', minGb: 1, maxGb: 1000, centsPerGbMonth: 10 }),
        },
        tools,
      ),
    destroy: (customerId: string, fid: string) => deleteVolume({ caller: as(customerId), fid }, tools),
    end: (customerId: string, id: string) => cancelBid({ ...world.act(id), caller: as(customerId) }, tools),
    bidOf: (customerId: string, name: string, volumes: readonly string[]): PlaceBidRequest => {
      const launch = { ...aBid().launch, volumes };
      const wish = { project: `proj_${customerId}`, quantity: BID_QUANTITY, launch };
      return { ...world.request(name, wish), caller: as(customerId) };
    },
    /** Moves the clock until nothing is in progress. */
    rested: async () => {
      for (let round = 0; round < ROUNDS_MAX; round += 1) {
        await world.work();
        cloud.clock.advance(BOOT_SECONDS);
        await world.sweepNow();
        const isBusy = (await world.instances()).some(
          ({ queue, status }) => queue.length > 0 || isTransitional(status),
        );
        if (!isBusy && atRest(await world.all(BID), await world.all(VOLUME))) return;
      }
      throw new Error('Instances, bids or volumes do not come to rest.');
    },
    /** Expects that live instances, VMs and quota agree, that there are no orphans, and that the invariants hold. */
    requireExact: async (instancesOfEach: number) => {
      const instances = await world.instances();
      const count = (customerId: string) => instances.filter((own) => own.customerId === customerId).length;
      expect(CUSTOMERS.map(count)).toEqual([instancesOfEach, instancesOfEach]);
      expect(await world.usages()).toEqual({ acme: instancesOfEach, umbrella: instancesOfEach });
      expect((await world.machines()).toSorted()).toEqual(instances.map(({ id }) => id).toSorted());
      expect([await world.all(ORPHAN), await world.all(ORPHAN_DISK)]).toEqual([[], []]);
      expect(fleetViolations(await snapshot())).toEqual([]);
    },
    usedGb: async () => Object.fromEntries((await world.all(VOLUME_USAGE)).map(({ id, value }) => [id, value.gb])),
  };
}

/**
 * Returns the action as two processes would have it: each copy has locks of its own, so only the commits protect the
 * quota.
 */
async function placeBidOfTwoProcesses() {
  const first = await import('#shared/actions/place-bid.ts');
  vi.resetModules();
  const second = await import('#shared/actions/place-bid.ts');
  return (n: number) => (n % 2 === 0 ? first.placeBid : second.placeBid);
}

function reasonsOf(outcomes: readonly PromiseSettledResult<unknown>[]): readonly string[] {
  const reasons = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [(outcome.reason as { readonly reason: string }).reason] : [],
  );
  return [...new Set(reasons)].toSorted();
}

test('100 bids in parallel by two customers, with volumes: quotas of instances and GB exact, no VM and no disk is left over', async () => {
  const world = await twoCustomers();
  const wanted = CUSTOMERS.flatMap((customerId) => ['a', 'b', 'c'].map((name) => [customerId, name] as const));
  const made = await Promise.allSettled(wanted.map(([customerId, name]) => world.create(customerId, name)));
  expect(reasonsOf(made)).toEqual(['volume_quota_exceeded']);
  expect(await world.usedGb()).toEqual({ acme: 100, umbrella: 100 });
  const fidsOf = (customerId: string) =>
    live.filter((own) => own.customerId === customerId).map(({ id }) => `vol_${id}`);
  const live = (await world.snapshot()).volumes.filter(isLive);
  const volumes = { acme: fidsOf('acme'), umbrella: fidsOf('umbrella') };
  const placer = await placeBidOfTwoProcesses();

  const [placed, beside] = await Promise.all([
    Promise.allSettled(
      Array.from({ length: BIDS }, (_, n) => {
        const customerId = CUSTOMERS[n % 2] ?? 'acme';
        const nth = Math.floor(n / 2);
        const wanted = volumes[customerId].slice(nth % WISHES).slice(0, 1);
        return placer(nth)(world.bidOf(customerId, `bid-${n}`, wanted), world.tools);
      }),
    ),
    // The volumes are in use or being deleted, so a new volume gets only GB that a delete has released.
    Promise.allSettled(
      CUSTOMERS.flatMap((customerId) => [
        ...volumes[customerId].map((fid) => world.destroy(customerId, fid)),
        world.create(customerId, 'late'),
      ]),
    ),
  ]);
  await world.rested();

  expect(placed.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
  expect(REFUSED_BIDS).toEqual(expect.arrayContaining([...reasonsOf(placed)]));
  expect(REFUSED_VOLUMES).toEqual(expect.arrayContaining([...reasonsOf(beside)]));
  await world.requireExact(4);
  const { bids } = await world.snapshot();
  expect(bids.map(({ phase, instances }) => [phase, instances.length])).toEqual(
    Array.from({ length: 4 }, () => ['held', BID_QUANTITY]),
  );

  await Promise.all(bids.map(({ id, customerId }) => world.end(customerId, id)));
  await world.rested();
  await world.requireExact(0);
  const left = (await world.snapshot()).volumes.filter(isLive);
  await Promise.all(left.map(({ id, customerId }) => world.destroy(customerId, `vol_${id}`)));
  await world.rested();
  await world.requireExact(0);
  expect([world.cloud.emulator.disks(), await world.usedGb()]).toEqual([[], { acme: 0, umbrella: 0 }]);
});
