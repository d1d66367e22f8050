import { expect, test } from 'vitest';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { deleteInstance } from '#shared/actions/delete-instance.ts';
import { bidStatus } from '#shared/domain/bid.ts';
import { bidWorld } from '#test/support/bid-world.ts';
import { STOP_SECONDS } from '#test/support/compute-cloud.ts';

test('regression: a cluster launched again under its name at once was refused while its old instances still counted', async () => {
  const world = await bidWorld({ maxInstances: 3 });
  const old = await world.place('train', { quantity: 2 });
  await world.until(old, 'held');
  await world.cancel(old);

  const id = await world.place('train', { quantity: 2 });
  expect([id === old, bidStatus(await world.bid(id))]).toEqual([false, 'Open']);
  expect(await world.bid(id)).toMatchObject({ phase: 'waiting', reason: { reason: 'quota_exceeded' } });
  await expect(world.place('larger', { quantity: 4 })).rejects.toMatchObject({ kind: 'quota_exceeded' });
  await world.work();
  expect(await world.used()).toBeLessThanOrEqual(3);
  world.cloud.clock.advance(STOP_SECONDS);
  await world.sweepNow();

  const { instances } = await world.until(id, 'held');
  expect((await world.machines()).toSorted()).toEqual(instances.toSorted());
  expect([await world.used(), (await world.bid(id)).attempts]).toEqual([2, 0]);
});

test('the end of the old instances launches the bid that waits for their room, without a sweep', async () => {
  const world = await bidWorld({ maxInstances: 3, clock: new ShiftableClock() });
  const old = await world.place('train', { quantity: 2 });
  await world.until(old, 'held');
  await world.cancel(old);
  const deletes = world.mailbox.splice(0);
  const id = await world.place('train', { quantity: 3 });
  world.mailbox.push(...deletes);
  await world.work();
  expect((await world.bid(id)).phase).toBe('waiting');

  world.cloud.clock.advance(STOP_SECONDS);
  world.mailbox.push(...deletes);
  await world.work();

  expect(await world.bid(id)).toMatchObject({ phase: 'launching', reason: null, attempts: 0 });
  expect(await world.used()).toBe(3);
});

test("a delete of a bid's instance whose caller waits launches the bid that waits for its room, without a sweep", async () => {
  const world = await bidWorld({ maxInstances: 2 });
  const old = await world.place('train', { quantity: 2 });
  const { instances } = await world.until(old, 'held');
  await world.cancel(old);
  const deletes = world.mailbox.splice(0);
  const id = await world.place('train', { quantity: 2 });
  expect(await world.bid(id)).toMatchObject({ phase: 'waiting', reason: { reason: 'quota_exceeded' } });

  for (const instanceId of instances) {
    const { caller, actor, requestId } = world.act('');
    await deleteInstance({ instanceId, caller, actor, requestId }, world.tools);
  }

  expect(await world.bid(id)).toMatchObject({ phase: 'launching', attempts: 0 });
  expect(await world.used()).toBe(2);
  world.mailbox.push(...deletes);
  await world.until(id, 'held');
});
