import { beforeAll, describe, expect, test } from 'vitest';
import { ComputeUser, operationOf } from '#test/support/compute-api.ts';
import { FleetUser } from '#test/support/fleet-api.ts';
import { workerLocalCloud } from '#test/support/worker-local-cloud.ts';
import { ABSENT, fingerprint, OWNED_ENDPOINTS, sendExample, type Subjects } from './every-endpoint.ts';

const cloud = workerLocalCloud();
let alices: Subjects = ABSENT;

beforeAll(async () => {
  const alice = new ComputeUser(cloud(), 'alice');
  const created = await alice.create();
  const { instanceId } = await alice.ended(created);
  const { project } = cloud().connection.principals.alice;
  const bid = await new FleetUser(cloud(), cloud().connection.principals.alice).allocated('walk');
  alices = { instanceId, operationId: operationOf(created), sshKeyId: await alice.sshKey(), bid, project };
});

describe('an object of another customer cannot be told from one that does not exist', () => {
  test.each(OWNED_ENDPOINTS)('%s', async (_, contract) => {
    const foreign = await sendExample(cloud(), contract, { as: 'carol', subjects: alices });
    const absent = await sendExample(cloud(), contract, { as: 'carol' });

    expect(foreign.status).toBe(404);
    expect(fingerprint(foreign, alices)).toBe(fingerprint(absent, ABSENT));
  });

  test('and after all of it, what was asked for is as it was', async () => {
    const alice = new ComputeUser(cloud(), 'alice');

    expect(await alice.shown(alices.instanceId)).toMatchObject({ status: 'RUNNING' });
    expect((await alice.history(alices.instanceId)).every(({ cause }) => cause === 'operation')).toBe(true);
    // One insert for the instance, one for the bid's instance.
    expect((await cloud.calls()).map(({ method }) => method)).toEqual(['instances.insert', 'instances.insert']);
  });
});

test("lists hold one's own alone", async () => {
  const list = await cloud().request('carol', 'GET', '/api/compute/v1/instances');

  // The reply of this family for an empty list.
  expect(list.status).toBe(404);
  expect(JSON.stringify(list.body)).not.toContain(alices.instanceId);
});

test("another user's Idempotency-Key replays nothing of theirs", async () => {
  const alice = new ComputeUser(cloud(), 'alice');
  const carol = new ComputeUser(cloud(), 'carol');
  const key = { 'idempotency-key': 'the-same-key' };
  const hers = await alice.created(key);

  const theirs = await carol.create(key);

  expect(theirs.status).toBe(201);
  expect(theirs.headers.get('idempotency-replayed')).toBeNull();
  expect(JSON.stringify(theirs.body)).not.toContain(hers);
  expect(theirs.body).toMatchObject({ customerId: cloud().connection.principals.carol.customerId });
});

test('quotas and limits are those of the own customer, whatever is asked for', async () => {
  for (const path of ['/quotas', '/quotas/usage', '/limits', '/limits/usage']) {
    const plain = await cloud().request('carol', 'GET', `/api/billing/v1${path}`);
    const named = await cloud().request('carol', 'GET', `/api/billing/v1${path}?customerId=acme`);

    expect(plain.body).toMatchObject({ customerId: cloud().connection.principals.carol.customerId });
    expect(named.status).toBe(400);
  }
});
