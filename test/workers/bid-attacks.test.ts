import { expect, test, vi } from 'vitest';
import { BID } from '#shared/datastore/bid-rows.ts';
import { SPOT_PRICE } from '#shared/datastore/catalog-rows.ts';
import { erase, ref } from '#shared/datastore/write.ts';
import { bidStatus } from '#shared/domain/bid.ts';
import { fleetStatus } from '#shared/domain/fleet-status.ts';
import type { Compute } from '#shared/gce/compute.ts';
import { CustomersAtWork } from '#shared/workers/customers-at-work.ts';
import { runOperation } from '#shared/workers/run-operation.ts';
import { bidWorld } from '#test/support/bid-world.ts';
import { BOOT_SECONDS, STOP_SECONDS } from '#test/support/compute-cloud.ts';

type World = Awaited<ReturnType<typeof bidWorld>>;

/**
 * Returns a Compute Engine adapter whose insert never returns, as for a process that is killed before the call is sent
 * or after it was executed.
 */
function dyingOver(compute: Compute, moment: 'before' | 'after'): Compute {
  const insert: Compute['insert'] = async (...call) => {
    if (moment === 'after') await compute.insert(...call);
    return new Promise(() => undefined);
  };
  return new Proxy(compute, {
    get: (target, name) => {
      if (name === 'insert') return insert;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

/** Returns the names of VMs whose insert was applied. */
function inserted(world: World): readonly string[] {
  return world.cloud.emulator
    .calls()
    .filter(({ method, outcome }) => method === 'instances.insert' && outcome === 'applied')
    .map(({ instance }) => instance)
    .toSorted();
}

/** Expects that VMs, records and quota are exactly those of the bids' instances. */
async function requireNothingElse(world: World): Promise<void> {
  const bids = (await world.all(BID)).map(({ value }) => value).filter(({ phase }) => phase !== 'ended');
  const ids = bids.flatMap(({ instances }) => instances).toSorted();
  expect((await world.instances()).map(({ id }) => id).toSorted()).toEqual(ids);
  expect((await world.machines()).toSorted()).toEqual(ids);
  expect(await world.used()).toBe(ids.length);
}

test.each(['before', 'after'] as const)(
  'workers that die over their inserts (%s they were carried out): exactly one applied insert for each instance',
  async (moment) => {
    const world = await bidWorld();
    const id = await world.place('train', { quantity: 3 });
    const tools = { ...world.tools, compute: dyingOver(world.compute, moment) };
    const options = { worker: 'dead', waitMs: 0, atWork: new CustomersAtWork() };
    for (const message of world.mailbox.splice(0)) {
      runOperation(message, tools, options).catch(() => undefined);
    }
    const leased = async () => (await Promise.all((await world.bid(id)).instances.map(world.instance))).length;
    await expect.poll(leased).toBe(3);
    if (moment === 'after') await expect.poll(() => inserted(world).length).toBe(3);

    const held = await world.until(id, 'held');

    expect(inserted(world)).toEqual(held.instances.toSorted());
    await requireNothingElse(world);
  },
);

test('a process that ends between the commit and the publish of a cancel leaves no instances behind', async () => {
  const world = await bidWorld();
  const id = await world.place('train');
  await world.until(id, 'held');
  await world.cancel(id);
  world.mailbox.length = 0;

  await world.settle();

  expect([await world.instances(), await world.machines(), await world.used()]).toEqual([[], [], 0]);
});

test('the same POST to two processes at once places one bid', async () => {
  const world = await bidWorld();
  const first = await import('#shared/actions/place-bid.ts');
  vi.resetModules();
  // A second copy of the module has locks of its own, like a second process.
  const second = await import('#shared/actions/place-bid.ts');
  expect(second.placeBid).not.toBe(first.placeBid);
  const request = world.request('train');

  const replies = await Promise.all([
    first.placeBid(request, world.tools),
    second.placeBid({ ...request, requestId: 'request-again' }, world.tools),
  ]);

  expect(new Set(replies.map(({ body }) => (body as { readonly fid: string }).fid)).size).toBe(1);
  expect(await world.all(BID)).toHaveLength(1);
  await world.settle();
  await requireNothingElse(world);
});

test('a price that rises while the launch is under way takes the instances away once all are made', async () => {
  const world = await bidWorld();
  await world.price(50);
  const id = await world.place('train', { limitCents: 100 });
  await world.work();

  await world.price(150);
  const open = await world.until(id, 'regaining');

  expect(open.reason).toMatchObject({ reason: 'price_above_limit' });
  expect((await world.instances()).map(fleetStatus)).toEqual(['STATUS_PREEMPTED', 'STATUS_PREEMPTED']);
  expect(open.events.map(({ type }) => type)).toEqual(['Placed', 'Allocated', 'Preempted']);
  await world.price(50);
  await world.until(id, 'held');
  await requireNothingElse(world);
});

test('a pre-emption while the bid is pausing changes nothing: it rests, and resumes with the same instances', async () => {
  const world = await bidWorld();
  const id = await world.place('train');
  const { instances } = await world.until(id, 'held');
  const [first = ''] = instances;
  await world.hear();
  await world.change(id, { paused: true });
  world.cloud.emulator.drift(first, 'preempt');
  await world.hear();
  world.cloud.clock.advance(STOP_SECONDS);
  await world.sweepNow();
  await world.hear();

  expect(bidStatus(await world.bid(id))).toBe('Paused');
  expect((await world.instances()).every(({ status }) => status === 'TERMINATED')).toBe(true);
  await world.change(id, { paused: false });
  const again = await world.until(id, 'held');

  expect(again.instances).toEqual(instances);
  expect((await world.instances()).map(({ status }) => status)).toEqual(['RUNNING', 'RUNNING']);
  await requireNothingElse(world);
});

test('a pre-emption before the launch was seen to end is regained like any other', async () => {
  const world = await bidWorld();
  const id = await world.place('train');
  await world.work();
  world.cloud.clock.advance(BOOT_SECONDS);
  const [first = ''] = (await world.bid(id)).instances;
  world.cloud.emulator.drift(first, 'preempt');
  await world.hear();

  const held = await world.until(id, 'held');
  await world.settle();

  expect((await world.instances()).map(({ status }) => status)).toEqual(['RUNNING', 'RUNNING']);
  expect(inserted(world).filter((name) => held.instances.includes(name))).toEqual(held.instances.toSorted());
  await requireNothingElse(world);
});

test('cancelling while instances are lost, and while they start again, leaves nothing behind', async () => {
  for (const phase of ['losing', 'regaining'] as const) {
    const world = await bidWorld();
    const id = await world.place('train');
    const [first = ''] = (await world.until(id, 'held')).instances;
    await world.hear();
    world.cloud.emulator.drift(first, 'preempt');
    await world.hear();
    if (phase === 'regaining') await world.until(id, 'regaining');

    await world.cancel(id);
    await world.settle();

    expect([await world.instances(), await world.machines(), await world.used()]).toEqual([[], [], 0]);
  }
});

test('pausing and resuming while it launches ends with all instances running', async () => {
  const world = await bidWorld();
  const id = await world.place('train');
  await world.change(id, { paused: true });
  await world.work();
  await world.change(id, { paused: false });

  const held = await world.until(id, 'held');
  await world.settle();

  expect((await world.instances()).map(({ status }) => status)).toEqual(['RUNNING', 'RUNNING']);
  expect(held.events.map(({ type }) => type)).toEqual(expect.arrayContaining(['Placed', 'Paused', 'Resumed']));
  await requireNothingElse(world);
});

test('regression: a machine type without a price, which is in no list of offers, was launched for nothing', async () => {
  const world = await bidWorld();
  await world.store.write([erase(ref(SPOT_PRICE, 'n1-standard-2'))]);

  await expect(world.place('free')).rejects.toMatchObject({ kind: 'not_found', reason: 'instance_type_not_found' });

  expect([await world.all(BID), await world.used()]).toEqual([[], 0]);
});
