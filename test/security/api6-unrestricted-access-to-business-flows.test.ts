import { expect, test } from 'vitest';
import { ComputeUser, QUICK_MACHINES } from '#test/support/compute-api.ts';
import { sharedLocalCloud } from '#test/support/local-cloud.ts';
import { Records } from '#test/support/records.ts';

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });

test('a customer has as many machines as the tier allows, however many users ask at once', async () => {
  const people = [new ComputeUser(cloud(), 'alice'), new ComputeUser(cloud(), 'bob')];

  const answers = await Promise.all(Array.from({ length: 10 }, () => people.map((each) => each.create())).flat());

  expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
  expect(answers.filter(({ status }) => status === 403)).toHaveLength(17);
  expect(await cloud().machines()).toHaveLength(3);
  const records = new Records(cloud().connection);
  expect(await records.usageOf('acme')).toBe(3);
  await records.close();
});

test('one user takes tokens of the whole customer: the others do not have them', async () => {
  const remaining = async (principal: 'alice' | 'bob') => {
    const { headers } = await cloud().request(principal, 'GET', '/api/compute/v1/configs');
    const [, left = '', seconds = ''] = /r=(\d+);t=(\d+)/.exec(headers.get('ratelimit') ?? '') ?? [];
    return { left: Number(left), seconds: Number(seconds) };
  };

  const first = await remaining('alice');
  const second = await remaining('bob');

  // Unless a new minute has begun in between.
  if (second.seconds <= first.seconds) expect(second.left).toBe(first.left - 1);
  else expect(second.left).toBeGreaterThan(0);
});
