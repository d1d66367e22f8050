import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ComputeUser, operationOf } from '#test/support/compute-api.ts';
import { FleetUser } from '#test/support/fleet-api.ts';
import { workerLocalCloud } from '#test/support/worker-local-cloud.ts';
import { WalkAccounts, type Walker } from '#test/support/walk-accounts.ts';
import {
  ABSENT,
  EVERY_ENDPOINT,
  exampleBody,
  headerOf,
  fingerprint,
  OWNED_ENDPOINTS,
  sendExample,
  sendRaw,
  targetOf,
  type Subjects,
} from './every-endpoint.ts';

/*
 * Access was decided by group names alone: of two customers with a group `group1`, one read, stopped, reset and deleted
 * the other's machines. Mallory belongs to that customer.
 */

const cloud = workerLocalCloud();
let accounts: WalkAccounts | undefined;
let mallory: Walker;
let alices: Subjects = ABSENT;

beforeAll(async () => {
  accounts = new WalkAccounts(cloud().connection.emulators.datastore);
  await accounts.tier('walk', 1_000_000);
  mallory = await accounts.walker('initech', { tier: 'walk', groups: [...cloud().connection.principals.alice.groups] });
  // Needs more machines than the local tier allows.
  await accounts.moveToTier(cloud().connection.principals.alice, 'walk');
  const alice = new ComputeUser(cloud(), 'alice');
  const created = await alice.create();
  const { instanceId } = await alice.ended(created);
  const { project } = cloud().connection.principals.alice;
  const fleet = new FleetUser(cloud(), cloud().connection.principals.alice);
  const bid = await fleet.allocated('walk');
  // Gives each list a second page: a bid that stays Open, and two reservations.
  await fleet.placed('too-low', { limit_price: '$0.01' });
  await accounts.reservations(project, 2);
  alices = { instanceId, operationId: operationOf(created), sshKeyId: await alice.sshKey(), bid, project };
});

afterAll(() => accounts?.close());

const asMallory = (): { readonly headers: Readonly<Record<string, string>> } => ({ headers: mallory.token });

describe("another customer's machine under a group of the same name is as absent as one that never was", () => {
  test.each(OWNED_ENDPOINTS)('%s', async (_, contract) => {
    const foreign = await sendExample(cloud(), contract, { ...asMallory(), subjects: alices });
    const absent = await sendExample(cloud(), contract, asMallory());

    expect(foreign.status).toBe(404);
    expect(fingerprint(foreign, alices)).toBe(fingerprint(absent, ABSENT));
  });

  test('and after all of it, the machine is as it was', async () => {
    const alice = new ComputeUser(cloud(), 'alice');

    expect(await alice.shown(alices.instanceId)).toMatchObject({ status: 'RUNNING' });
    expect((await alice.history(alices.instanceId)).every(({ cause }) => cause === 'operation')).toBe(true);
    // One insert for the machine, one for the bid's machine.
    expect((await cloud.calls()).map(({ method }) => method)).toEqual(['instances.insert', 'instances.insert']);
  });
});

describe('no answer of any endpoint holds anything of the other customer', () => {
  const reads = EVERY_ENDPOINT.filter(([, { method, role }]) => method === 'GET' && role === null);

  test.each(reads)('%s', async (_, contract) => {
    const own = { ...ABSENT, project: mallory.project };
    const answer = await sendExample(cloud(), contract, { ...asMallory(), subjects: own });
    const text = JSON.stringify([answer.headers, answer.text]);

    for (const told of [alices.instanceId, alices.operationId, alices.project, 'acme'])
      expect(text).not.toContain(told);
  });
});

test.each([
  ['/api/compute/v1/instances', 'compute-instances-create'],
  ['/v1/instances', 'resource-instances-create'],
])('POST %s with the Idempotency-Key and body of the other customer is a request of its own', async (target, name) => {
  const [, contract] = EVERY_ENDPOINT.find(([, each]) => each.name === name) ?? [];
  if (contract === undefined) throw new Error('There is no such create.');
  const post = (headers: Readonly<Record<string, string>>) =>
    sendRaw(cloud(), {
      method: 'POST',
      target,
      headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': 'the-same-key' },
      body: JSON.stringify(exampleBody(contract)),
    });
  const { alice } = cloud().connection.principals;

  const first = await post({ authorization: `Bearer ${alice.token}` });
  const second = await post(mallory.token);
  const replay = await post({ authorization: `Bearer ${alice.token}` });

  expect([first.status, second.status, replay.status], first.text).toEqual([201, 201, 201]);
  expect(second.headers.map(([header]) => header)).not.toContain('idempotency-replayed');
  expect(replay.text).toBe(first.text);
  expect(second.text).not.toBe(first.text);
});

const PAGED = EVERY_ENDPOINT.filter(
  ([, { role, query }]) => role === null && ('cursor' in query.properties || 'next_cursor' in query.properties),
);

test.each(PAGED)('%s refuses a cursor of the other customer', async (_, contract) => {
  const parameter = 'cursor' in contract.query.properties ? 'cursor' : 'next_cursor';
  const { alice } = cloud().connection.principals;
  const ask = async (headers: Readonly<Record<string, string>>, subjects: Subjects, more: string) =>
    sendRaw(cloud(), { method: 'GET', target: targetOf(contract, subjects, more), headers });
  const page = await ask({ authorization: `Bearer ${alice.token}` }, alices, 'limit=1');
  const body = JSON.parse(page.text) as Readonly<Record<string, unknown>>;
  // A list that is an array names its next page in the Link header.
  const link = new RegExp(`[?&]${parameter}=([^&>]+)`).exec(headerOf(page, 'link') ?? '')?.[1];
  const cursor = body['nextCursor'] ?? body['next_cursor'] ?? (link && decodeURIComponent(link));
  expect(page.status).toBe(200);
  expect(typeof cursor).toBe('string');

  const own = { ...alices, project: mallory.project };
  const refused = await ask(mallory.token, own, `limit=1&${parameter}=${encodeURIComponent(cursor as string)}`);

  expect([400, 422]).toContain(refused.status);
  expect(refused.text).toContain(parameter);
});
