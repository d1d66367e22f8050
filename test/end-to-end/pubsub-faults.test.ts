import { afterAll, afterEach, expect, test } from 'vitest';
import type { Fault } from '#scripts/emulators/faults.ts';
import { DEAD_LETTER } from '#shared/datastore/bookkeeping-rows.ts';
import { appliedCalls, ComputeUser, operationOf, QUICK_MACHINES } from '#test/support/compute-api.ts';
import { expectInvariants, settled, sweepOnce } from '#test/support/invariants.ts';
import { sharedLocalCloud } from '#test/support/local-cloud.ts';
import { Records } from '#test/support/records.ts';

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });
const admin = () => new ComputeUser(cloud(), 'admin');

type PubSubFault = Omit<Fault, 'service'>;
const inject = (...faults: readonly PubSubFault[]) =>
  cloud().addFaults(...faults.map((fault) => ({ service: 'pubsub' as const, ...fault })));

afterEach(() => cloud().clearFaults());

// Checks all calls, VMs and records of this file's tests at once, which is as good as after each test.
afterAll(async () => {
  await settled(cloud());
  await expectInvariants(cloud());
});

test.each(['error', 'lostAnswer'] as const)(
  'Pub/Sub fails at publish (%s): 202 all the same, and the operation is carried out once',
  async (kind) => {
    const id = await admin().running();
    await inject({ method: 'publish', kind, count: 1 });

    const answer = await admin().power(id, 'stop');
    const accepted = await admin().operation(operationOf(answer));
    await settled(cloud());

    expect(answer.status).toBe(202);
    if (kind === 'error') expect(accepted.state).toBe('pending');
    expect(await admin().ended(answer)).toMatchObject({ state: 'completed' });
    expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert', 'instances.stop']);
  },
);

test('Pub/Sub is down for a while: whatever was accepted is carried out in its order afterwards', async () => {
  const id = await admin().running();
  await inject({ method: 'publish', kind: 'error', count: 1_000 });
  const records = new Records(cloud().connection);

  const accepted = [
    await admin().power(id, 'stop'),
    await admin().power(id, 'start'),
    await admin().power(id, 'reset'),
    await admin().power(id, 'stop'),
  ];
  await sweepOnce(cloud(), records);
  const meanwhile = await Promise.all(accepted.map((answer) => admin().operation(operationOf(answer))));
  await cloud().clearFaults();
  await settled(cloud());
  await records.close();

  expect(accepted.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
  expect(meanwhile.map(({ state }) => state)).toEqual(['pending', 'pending', 'pending', 'pending']);
  for (const answer of accepted) expect(await admin().ended(answer)).toMatchObject({ state: 'completed' });
  expect(await appliedCalls(cloud(), id)).toEqual([
    'instances.insert',
    'instances.stop',
    'instances.start',
    'instances.reset',
    'instances.stop',
  ]);
  expect((await admin().shown(id)).status).toBe('TERMINATED');
});

test.each<readonly [string, PubSubFault]>([
  ['duplicated', { method: 'push', kind: 'duplicate', count: 20 }],
  ['out of order', { method: 'push', kind: 'reorder', count: 3 }],
  ['lost on the way', { method: 'push', kind: 'error', count: 2 }],
  ['carried out and not acknowledged', { method: 'push', kind: 'lostAnswer', count: 3 }],
])('deliveries that are %s change nothing', async (_what, fault) => {
  const id = await admin().running();
  await inject(fault);

  const accepted = [
    await admin().power(id, 'stop'),
    await admin().power(id, 'start'),
    await admin().power(id, 'reset'),
  ];
  await settled(cloud());

  for (const answer of accepted) expect(await admin().ended(answer)).toMatchObject({ state: 'completed' });
  expect(await appliedCalls(cloud(), id)).toEqual([
    'instances.insert',
    'instances.stop',
    'instances.start',
    'instances.reset',
  ]);
  expect((await admin().shown(id)).status).toBe('RUNNING');
});

test('an operation whose deliveries all fail is recorded as a dead letter, and is carried out all the same', async () => {
  const id = await admin().running();
  await settled(cloud());
  const records = new Records(cloud().connection);
  // As many faults as the subscription allows attempts per message.
  await inject({ method: 'push', kind: 'error', count: 10 });

  const stop = await admin().power(id, 'stop');
  const start = await admin().power(id, 'start');
  while ((await records.all(DEAD_LETTER)).length === 0) await cloud().advance(61);
  await settled(cloud());
  const [letter] = await records.all(DEAD_LETTER);
  await records.close();

  expect(letter?.value).toMatchObject({ operationId: operationOf(stop), instanceId: id });
  expect(await admin().ended(stop)).toMatchObject({ state: 'completed' });
  expect(await admin().ended(start)).toMatchObject({ state: 'completed' });
  expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert', 'instances.stop', 'instances.start']);
  expect((await admin().shown(id)).status).toBe('RUNNING');
});
