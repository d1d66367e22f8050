import { expect, test } from 'vitest';
import { fleetStatus } from '#shared/domain/fleet-status.ts';
import { bidWorld } from '#test/support/bid-world.ts';

test('regression: a protected instance ran on after its bid was cancelled; the cancel is refused, and nothing is done', async () => {
  const world = await bidWorld();
  const id = await world.place('train', { quantity: 2 });
  const { instances } = await world.until(id, 'held');
  const [, last = ''] = instances;
  const instance = (await world.instance(last)) ?? expect.fail('no record');
  await world.put({ ...instance, deletionProtection: true });

  await expect(world.cancel(id)).rejects.toMatchObject({ kind: 'conflict', reason: 'deletion_protected' });
  await world.settle();

  expect((await world.bid(id)).phase).toBe('held');
  expect((await world.instances()).map(fleetStatus)).toEqual(['STATUS_RUNNING', 'STATUS_RUNNING']);
  await world.put({ ...((await world.instance(last)) ?? instance), deletionProtection: false });
  await world.cancel(id);
  await world.settle();
  expect([await world.machines(), await world.used()]).toEqual([[], 0]);
});
