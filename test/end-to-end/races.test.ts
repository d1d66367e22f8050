import { afterEach, expect, test } from 'vitest';
import {
  appliedCalls,
  ComputeUser,
  operationOf,
  QUICK_MACHINES,
  type PowerVerb,
  type ShownInstance,
} from '#test/support/compute-api.ts';
import { expectInvariants, settled } from '#test/support/invariants.ts';
import { eventually, sharedLocalCloud } from '#test/support/local-cloud.ts';
import { Records } from '#test/support/records.ts';

const cloud = sharedLocalCloud({ args: [...QUICK_MACHINES, '--function-processes', '2'] });
const admin = () => new ComputeUser(cloud(), 'admin');

afterEach(async () => {
  await cloud().clearFaults();
  await settled(cloud());
  await expectInvariants(cloud());
});

test('a delete while Compute Engine still executes the insert: the VM that appears late is deleted again', async () => {
  const records = new Records(cloud().connection);
  const known = new Set((await records.instances()).map(({ id }) => id));
  await cloud().addFaults({ service: 'compute', method: 'instances.insert', kind: 'delay', delayMs: 1_200, count: 1 });

  const creating = admin().create();
  const id = await eventually(async () => (await records.instances()).find((row) => !known.has(row.id))?.id);
  const deleted = await admin().delete(id);
  const created = await creating;
  const gone = await admin().get(id);
  await settled(cloud());

  expect(deleted.status).toBe(204);
  expect(created).toMatchObject({ status: 201, body: { id } });
  expect(gone.status).toBe(404);
  expect((await cloud().machines()).map(({ name }) => name)).not.toContain(id);
  expect((await admin().history(id))[0]).toMatchObject({ status: 'DELETED' });
  await records.close();
});

test('many deletes of one instance at once: 204 or 404 each, one applied delete, one place in the quota freed', async () => {
  const id = await admin().running();
  const records = new Records(cloud().connection);
  const before = await records.usageOf('platform');

  const answers = await Promise.all(Array.from({ length: 8 }, () => admin().delete(id)));

  const statuses = answers.map(({ status }) => status);
  expect(statuses).toContain(204);
  expect(statuses.filter((status) => status !== 204 && status !== 404)).toEqual([]);
  expect(await records.usageOf('platform')).toBe(before - 1);
  await settled(cloud());
  expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert', 'instances.delete']);
  await records.close();
});

test('a delete overtakes whatever is queued: those operations fail with the reason', async () => {
  const id = await admin().running();
  await cloud().addFaults({ service: 'pubsub', method: 'publish', kind: 'error', count: 1 });
  const stop = await admin().power(id, 'stop');
  const start = await admin().power(id, 'start');

  const deleted = await admin().delete(id);
  const late = await admin().power(id, 'start');

  expect([stop.status, start.status, deleted.status, late.status]).toEqual([202, 202, 204, 404]);
  for (const answer of [stop, start]) {
    expect(await admin().ended(answer)).toMatchObject({ state: 'failed', error: { reason: 'instance_deleted' } });
  }
});

test('stop and start alternately, all at once: carried out in the order in which they were accepted', async () => {
  const id = await admin().running();
  const records = new Records(cloud().connection);

  const asked: PowerVerb[] = Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? 'stop' : 'start'));
  const answers = await Promise.all(asked.map((verb) => admin().power(id, verb)));
  await settled(cloud());

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  const accepted = new Set(answers.map(operationOf));
  const carriedOut = (await records.operations())
    .map(({ value }) => value)
    .filter((operation) => accepted.has(operation.id))
    .sort((a, b) => (a.completedAtMs ?? 0) - (b.completedAtMs ?? 0));
  await records.close();
  // Requesting what is last in the queue joins that operation, so accepted operations alternate.
  const kinds = carriedOut.map(({ kind }) => kind);
  expect(kinds.filter((kind, index) => kind === kinds[index + 1])).toEqual([]);
  expect(carriedOut.map(({ state }) => state)).toEqual(kinds.map(() => 'completed'));
  expect(
    carriedOut.every(({ startedAtMs }, index) => (startedAtMs ?? 0) >= (carriedOut[index - 1]?.completedAtMs ?? 0)),
  ).toBe(true);
  const calls = (await appliedCalls(cloud(), id)).filter((method) => method !== 'instances.insert');
  expect(calls.filter((call, index) => call === calls[index + 1])).toEqual([]);
  expect((await admin().shown(id)).status).toBe(kinds.at(-1) === 'stop' ? 'TERMINATED' : 'RUNNING');
});

test('asking for a stop again while one is pending joins it', async () => {
  const id = await admin().running();

  const answers = await Promise.all(Array.from({ length: 6 }, () => admin().power(id, 'stop')));

  expect(new Set(answers.map(operationOf)).size).toBe(1);
  const [answer] = answers;
  if (answer !== undefined) expect(await admin().ended(answer)).toMatchObject({ state: 'completed' });
  expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert', 'instances.stop']);
});

test('a stop that is asked for while the VM still boots waits for it', async () => {
  const created = await admin().create();
  const { id } = created.body as ShownInstance;

  const stop = await admin().power(id, 'stop');

  expect(stop.status).toBe(202);
  expect(await admin().ended(stop)).toMatchObject({ state: 'completed' });
  expect(await admin().ended(created)).toMatchObject({ kind: 'create', state: 'completed' });
  expect((await admin().shown(id)).status).toBe('TERMINATED');
});

test('the clock jumps during a worker’s call, and a second delivery continues the operation: one applied call', async () => {
  const id = await admin().running();
  await cloud().addFaults({ service: 'compute', method: 'instances.reset', kind: 'delay', delayMs: 800, count: 1 });

  const reset = await admin().power(id, 'reset');
  await eventually(async () =>
    ((await cloud().control('GET', '/faults')).body as readonly unknown[]).length === 0 ? true : undefined,
  );
  await cloud().advance(300);
  const operation = await admin().ended(reset);
  await settled(cloud());

  expect(operation).toMatchObject({ state: 'completed' });
  expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert', 'instances.reset']);
});
