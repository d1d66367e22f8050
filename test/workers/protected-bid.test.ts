import { expect, test } from 'vitest';
import { bidWorld } from '#test/support/bid-world.ts';

test('an instance that is protected from deletion outlives the cancelling of its bid', async () => {
  const world = await bidWorld();
  const id = await world.place('train', { quantity: 2 });
  const [kept = ''] = (await world.until(id, 'held')).instances;
  const instance = (await world.instance(kept)) ?? expect.fail('no record');
  await world.put({ ...instance, deletionProtection: true });

  await world.cancel(id);
  await world.settle();

  expect(await world.machines()).toEqual([kept]);
  expect(await world.used()).toBe(1);
});
