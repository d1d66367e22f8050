import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Fault } from '#scripts/emulators/faults.ts';
import type { Random } from '#shared/domain/ids.ts';
import {
  appliedCalls,
  ComputeUser,
  operationOf,
  QUICK_MACHINES,
  type PowerVerb,
  type ShownInstance,
} from '#test/support/compute-api.ts';
import { expectInvariants, settled } from '#test/support/invariants.ts';
import { startLocalCloud, type LocalCloudProcess } from '#test/support/local-cloud.ts';
import { Records } from '#test/support/records.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

const OPERATIONS = 200;
const CALLERS = 8;
const INSTANCES_MAX = 6;
const KILLS_APART_MS = [700, 2_000] as const;
/** Maximum number of kills per run. On a slow machine operations take longer, but must not meet more and more kills. */
const KILLS_MAX = 12;

/** Faults that are injected into one or two calls at a time. */
const FAULTS: readonly Omit<Fault, 'count'>[] = [
  { service: 'compute', method: 'instances.insert', kind: 'lostAnswer' },
  { service: 'compute', method: 'instances.insert', kind: 'falseError', status: 500 },
  { service: 'compute', method: 'instances.insert', kind: 'error', status: 503 },
  { service: 'compute', method: 'instances.insert', kind: 'error', status: 403 },
  { service: 'compute', method: 'instances.insert', kind: 'stockout' },
  { service: 'compute', method: 'instances.insert', kind: 'delay', delayMs: 300 },
  { service: 'compute', method: 'instances.start', kind: 'lostAnswer' },
  { service: 'compute', method: 'instances.start', kind: 'falseError', status: 500 },
  { service: 'compute', method: 'instances.start', kind: 'stockout' },
  { service: 'compute', method: 'instances.stop', kind: 'lostAnswer' },
  { service: 'compute', method: 'instances.stop', kind: 'falseError', status: 500 },
  { service: 'compute', method: 'instances.stop', kind: 'error', status: 503 },
  { service: 'compute', method: 'instances.reset', kind: 'lostAnswer' },
  { service: 'compute', method: 'instances.reset', kind: 'falseError', status: 500 },
  { service: 'compute', method: 'instances.reset', kind: 'delay', delayMs: 300 },
  { service: 'compute', method: 'instances.delete', kind: 'lostAnswer' },
  { service: 'compute', method: 'instances.delete', kind: 'falseError', status: 500 },
  { service: 'compute', method: 'instances.delete', kind: 'error', status: 503 },
  { service: 'compute', method: 'instances.get', kind: 'error', status: 500 },
  { service: 'compute', method: 'zoneOperations.wait', kind: 'error', status: 503 },
  { service: 'compute', method: 'zoneOperations.wait', kind: 'lostAnswer' },
  { service: 'datastore', method: 'commit', kind: 'error' },
  { service: 'datastore', method: 'commit', kind: 'contention' },
  { service: 'datastore', method: 'commit', kind: 'lostAnswer' },
  { service: 'datastore', method: 'commit', kind: 'late', delayMs: 20 },
  { service: 'datastore', method: 'lookup', kind: 'error' },
  { service: 'datastore', method: 'runQuery', kind: 'error' },
  { service: 'datastore', method: 'runQuery', kind: 'indexBuilding' },
  { service: 'pubsub', method: 'publish', kind: 'error' },
  { service: 'pubsub', method: 'publish', kind: 'lostAnswer' },
  { service: 'pubsub', method: 'push', kind: 'duplicate' },
  { service: 'pubsub', method: 'push', kind: 'reorder' },
  { service: 'pubsub', method: 'push', kind: 'error' },
  { service: 'pubsub', method: 'push', kind: 'lostAnswer' },
  { service: 'pubsub', method: 'push', kind: 'late', delayMs: 90_000 },
];

test(`${OPERATIONS} operations among faults, with function hosts killed at random moments: all invariants hold`, async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  console.log(`SEED=${seed}`);
  const random = seededRandom(seed);
  const cloud = await startLocalCloud({
    args: [...QUICK_MACHINES, '--function-processes', '2', '--entity-writes-per-second', '5'],
  });
  const admin = new ComputeUser(cloud, 'admin');
  const made = new Map<string, Set<string>>();
  const ids: string[] = [];
  let asked = 0;
  const over = new AbortController();

  const killing = (async () => {
    for (let kills = 0; !over.signal.aborted && kills < KILLS_MAX; kills += 1) {
      await sleep(between(...KILLS_APART_MS, random));
      const hosts = cloud.processes.functionHosts;
      const pid = hosts[Math.floor(random.fraction() * hosts.length)];
      if (pid !== undefined) kill(pid);
    }
  })();
  const caller = async () => {
    while (asked < OPERATIONS) {
      asked += 1;
      const number = asked;
      if (random.fraction() < 0.5) await cloud.addFaults({ ...pick(FAULTS, random), count: 1 });
      // Moves the clock, so that back-offs and leases end and a sweep runs now and then.
      if (random.fraction() < 0.1) await cloud.advance(20);
      await oneOperation(admin, { number, ids, made, random });
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  over.abort();
  await killing;
  await cloud.clearFaults();
  await settled(cloud);

  for (const [key, instances] of made) expect([key, instances.size]).toEqual([key, 1]);
  await expectOneMachinePerRequest(cloud);
  await expectInvariants(cloud);
});

interface Play {
  readonly number: number;
  readonly ids: string[];
  /** Ids that replies returned for each Idempotency-Key. */
  readonly made: Map<string, Set<string>>;
  readonly random: Random;
}

/** Sends one request. Any reply is allowed; only the state in the end is checked. */
async function oneOperation(user: ComputeUser, { number, ids, made, random }: Play): Promise<void> {
  const dice = random.fraction();
  const id = ids[Math.floor(random.fraction() * ids.length)];
  if (id === undefined || (dice < 0.25 && ids.length < INSTANCES_MAX)) {
    const key = `chaos-key-${number}`;
    const create = async () => {
      const answer = await user.create({ 'idempotency-key': key, 'x-request-id': key });
      if (answer.status !== 201) return false;
      const created = (answer.body as ShownInstance).id;
      made.set(key, (made.get(key) ?? new Set()).add(created));
      if (!ids.includes(created)) ids.push(created);
      return true;
    };
    // A caller without a reply repeats the request with the same key, sometimes while the first one is still at work.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const answers = await Promise.all(random.fraction() < 0.3 ? [create(), create()] : [create()]);
      // Sometimes repeats the request although it got a reply.
      if (answers.includes(true) && (attempt > 0 || random.fraction() < 0.5)) return;
    }
    return;
  }
  if (dice < 0.35) {
    const answer = await user.delete(id);
    if (answer.status === 204 || answer.status === 404) ids.splice(ids.indexOf(id), 1);
    return;
  }
  const verbs: readonly PowerVerb[] = ['start', 'stop', 'reset', 'restart'];
  await (dice < 0.85 ? user.power(id, pick(verbs, random)) : user.get(id));
}

/** Expects at most one VM per key. The key is also the request id, which operations store. */
async function expectOneMachinePerRequest(cloud: LocalCloudProcess): Promise<void> {
  const records = new Records(cloud.connection);
  const creates = (await records.operations()).map(({ value }) => value).filter(({ kind }) => kind === 'create');
  await records.close();
  const inserted = new Set(
    (await cloud.calls())
      .filter(({ method, outcome }) => method === 'instances.insert' && outcome === 'applied')
      .map(({ instance }) => instance),
  );
  const perKey = Map.groupBy(
    creates.filter(({ instanceId }) => inserted.has(instanceId)),
    ({ requestId }) => requestId,
  );
  for (const [key, operations] of perKey) expect([key, operations.length]).toEqual([key, 1]);
}

test('npm start itself is killed with work under way: started again on its state, nothing is lost', async () => {
  const cloud = await startLocalCloud({ args: QUICK_MACHINES });
  const admin = new ComputeUser(cloud, 'admin');
  const id = await admin.running();
  const other = await admin.running();
  await admin.powered(other, 'stop');
  const before = { connection: cloud.connection, shown: await admin.shown(other) };

  const stop = await admin.power(id, 'stop');
  const start = await admin.power(id, 'start');
  const created = await admin.create();
  await cloud.kill9();
  await cloud.start();
  await settled(cloud);

  expect(cloud.connection).toEqual(before.connection);
  for (const answer of [stop, start, created]) {
    expect(await admin.ended(answer)).toMatchObject({ state: 'completed' });
  }
  expect(await appliedCalls(cloud, id)).toEqual(['instances.insert', 'instances.stop', 'instances.start']);
  expect(await admin.shown(other)).toMatchObject({ ...before.shown, statusSyncedAt: expect.any(String) as unknown });
  expect((await admin.operation(operationOf(created))).state).toBe('completed');
  await expectInvariants(cloud);
});

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has ended by itself.
  }
}

function pick<T>(items: readonly T[], random: Random): T {
  const item = items[Math.floor(random.fraction() * items.length)];
  if (item === undefined) throw new Error('There is nothing to pick from.');
  return item;
}

function between(least: number, most: number, random: Random): number {
  return least + random.fraction() * (most - least);
}
