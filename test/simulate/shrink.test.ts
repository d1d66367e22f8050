import { expect, test } from 'vitest';
import { seededRandom } from '#test/support/seeded-random.ts';
import { shrink } from './shrink.ts';

const all = Array.from({ length: 40 }, (_, index) => index);

test('of a history that fails because of three steps, those three are left', async () => {
  const random = seededRandom(7);
  for (let trial = 0; trial < 50; trial += 1) {
    const needed = all.filter(() => random.fraction() < 0.07);
    if (needed.length === 0) continue;
    const fails = async (items: readonly number[]) => needed.every((item) => items.includes(item));

    expect(await shrink(all, fails, { runsMax: 1_000 })).toEqual(needed);
  }
});

test('no more trials are made than were granted, and what is left still fails', async () => {
  let runs = 0;
  const fails = async (items: readonly number[]) => {
    runs += 1;
    return items.includes(3) && items.includes(37);
  };

  const shortest = await shrink(all, fails, { runsMax: 10 });

  expect(runs).toBe(10);
  expect(shortest).toEqual(expect.arrayContaining([3, 37]));
  expect(shortest.length).toBeLessThan(all.length);
});
