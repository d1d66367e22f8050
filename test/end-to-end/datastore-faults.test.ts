import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Fault } from '#scripts/emulators/faults.ts';
import { ComputeUser, expectComeBack, QUICK_MACHINES, type ShownInstance } from '#test/support/compute-api.ts';
import { expectInvariants, settled } from '#test/support/invariants.ts';
import { sharedLocalCloud, type Answer } from '#test/support/local-cloud.ts';

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });
const admin = () => new ComputeUser(cloud(), 'admin');

type DatastoreFault = Omit<Fault, 'service'>;
const inject = (...faults: readonly DatastoreFault[]) =>
  cloud().addFaults(...faults.map((fault) => ({ service: 'datastore' as const, ...fault })));

/** A count that is never used up. */
const ALWAYS = 1_000;

afterEach(() => cloud().clearFaults());

// Checks all calls, VMs and records of this file's tests at once, which is as good as after each test.
afterAll(async () => {
  await settled(cloud());
  await expectInvariants(cloud());
});

/** gRPC status codes after which it is unknown if a commit was applied, or known that it was not. */
const CODES: Readonly<Record<string, number>> = { UNAVAILABLE: 14, ABORTED: 10, INTERNAL: 13, DEADLINE_EXCEEDED: 4 };

/** Adds a fault that takes effect after this many calls have succeeded: a delay of 0 ms has no effect. */
const after = (calls: number, fault: DatastoreFault): readonly DatastoreFault[] =>
  calls === 0 ? [fault] : [{ method: fault.method, kind: 'delay', delayMs: 0, count: calls }, fault];

describe('a fault at any one step', () => {
  test.each(
    ['commit', 'lookup'].flatMap((method) => (['error', 'lostAnswer'] as const).map((kind) => [method, kind] as const)),
  )('%s, %s: success or «come back», and never a half state that stays', async (method, kind) => {
    const user = admin();
    for (const calls of [0, 1, 2, 3]) {
      const asked = async (success: number, ask: () => Promise<Answer>): Promise<Answer> => {
        await inject(...after(calls, { method, kind, count: 1 }));
        const answer = await ask();
        await cloud().clearFaults();
        expectSuccessOrComeBack(answer, success);
        return answer;
      };

      const created = await asked(201, () => user.create());
      const id = created.status === 201 ? (created.body as ShownInstance).id : await user.created();
      await asked(202, () => user.power(id, 'stop'));
      await asked(200, () => user.get(id));
      const deleted = await asked(204, () => user.delete(id));
      if (deleted.status !== 204) expect([204, 404]).toContain((await user.delete(id)).status);
      expect((await user.get(id)).status).toBe(404);
    }
  });

  test.each(Object.entries(CODES))(
    'commits that answer %s are made good or answered with «come back»',
    async (_name, status) => {
      const user = admin();
      await inject({ method: 'commit', kind: 'error', status, count: 2 });
      const created = await user.create();
      await cloud().clearFaults();
      const id = await user.running();
      await inject({ method: 'commit', kind: 'error', status, count: 3 });

      const stopped = await user.power(id, 'stop');

      expectSuccessOrComeBack(created, 201);
      expectSuccessOrComeBack(stopped, 202);
    },
  );
});

function expectSuccessOrComeBack(answer: Answer, success: number): void {
  if (answer.status !== success) expectComeBack(answer);
}

test.each(['commit', 'lookup'])(
  'Datastore refuses every %s: 503 within seconds, for every kind of request',
  async (method) => {
    const user = admin();
    const id = await user.running();
    // Longer than credentials are cached, so that the credential is looked up again.
    await cloud().advance(61);
    await inject({ method, kind: 'error', count: ALWAYS });
    const beganAtMs = performance.now();

    const answers = await Promise.all([user.create(), user.power(id, 'stop'), user.delete(id), user.get(id)]);

    for (const answer of answers) expectComeBack(answer);
    expect(performance.now() - beganAtMs).toBeLessThan(15_000);
  },
);

test('an answer that is late, but comes, is waited for', async () => {
  const user = admin();
  await inject(
    { method: 'commit', kind: 'delay', delayMs: 300, count: 4 },
    { method: 'lookup', kind: 'delay', delayMs: 300, count: 4 },
  );

  const id = await user.running();

  expect((await user.shown(id)).status).toBe('RUNNING');
});

test('the worker loses Datastore in the middle: the operation is carried out once all the same', async () => {
  const user = admin();
  const id = await user.running();
  await inject(
    { method: 'commit', kind: 'delay', delayMs: 0, count: 2 },
    { method: 'commit', kind: 'error', count: 6 },
  );

  const stop = await user.power(id, 'stop');
  await settled(cloud());

  expectSuccessOrComeBack(stop, 202);
  if (stop.status === 202) expect(await user.ended(stop)).toMatchObject({ state: 'completed' });
  const applied = (await cloud().calls()).filter((call) => call.instance === id && call.method === 'instances.stop');
  expect(applied.filter(({ outcome }) => outcome === 'applied').length).toBeLessThanOrEqual(1);
});
