import { accountsLine } from '#scripts/accounts/accounts-line.ts';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  appliedCalls,
  ComputeUser,
  CREATE_BODY,
  QUICK_MACHINES,
  operationOf,
  type ShownInstance,
} from '#test/support/compute-api.ts';
import { expectInvariants, settled } from '#test/support/invariants.ts';
import { eventually, sharedLocalCloud } from '#test/support/local-cloud.ts';
import { runLine } from '#test/support/run-line.ts';

const cloud = sharedLocalCloud({ args: [...QUICK_MACHINES, '--function-processes', '2'] });
const REPLAYED = 'idempotency-replayed';

let keys = 0;
let key = '';
beforeEach(() => {
  keys += 1;
  key = `key-${keys}`;
});

const withKey = () => ({ 'idempotency-key': key });
const idOf = (body: unknown) => (body as ShownInstance).id;

describe('create', () => {
  test('one key sent 20 times at once makes one VM and one body', async () => {
    const admin = new ComputeUser(cloud(), 'admin');
    const before = (await cloud().machines()).length;

    const answers = await Promise.all(Array.from({ length: 20 }, () => admin.create(withKey())));

    const made = answers.filter(({ status }) => status === 201);
    const first = made.filter(({ headers }) => !headers.has(REPLAYED));
    expect(first).toHaveLength(1);
    for (const { body, headers } of made) {
      expect(body).toEqual(first[0]?.body);
      expect(headers.get('location')).toBe(first[0]?.headers.get('location'));
    }
    for (const late of answers.filter(({ status }) => status !== 201)) {
      expect(late).toMatchObject({ status: 409, body: { reason: 'idempotency_key_in_use' } });
      expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(await cloud().machines()).toHaveLength(before + 1);
  });

  test('the answer is the same a day later, word for word, and after that the key is free', async () => {
    const admin = new ComputeUser(cloud(), 'admin');
    const first = await admin.create(withKey());
    await settled(cloud());

    const again = await admin.create(withKey());
    await cloud().advance(86_400);
    const dayAfter = await admin.create(withKey());

    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers.get(REPLAYED)).toBe('true');
    expect(dayAfter.status).toBe(201);
    expect(dayAfter.headers.has(REPLAYED)).toBe(false);
    expect(idOf(dayAfter.body)).not.toBe(idOf(first.body));
  });

  test('422: the same key for another body; another layout of the same body is the same body', async () => {
    const admin = new ComputeUser(cloud(), 'admin');
    const first = await admin.create(withKey());

    const other = await admin.create(withKey(), { ...CREATE_BODY, template_id: 'ubuntu-22-large' });
    const layout = await admin.create(
      withKey(),
      JSON.stringify({ config_id: CREATE_BODY.config_id, template_id: CREATE_BODY.template_id }, null, 4),
    );

    expect(other).toMatchObject({ status: 422, body: { reason: 'idempotency_key_reused' } });
    expect(layout).toMatchObject({ status: 201, body: first.body });
  });

  test('a key belongs to a customer: the same word of another one is another key', async () => {
    const admin = new ComputeUser(cloud(), 'admin');
    const carol = new ComputeUser(cloud(), 'carol');

    const [mine, hers] = await Promise.all([admin.create(withKey()), carol.create(withKey())]);

    expect([mine.status, hers.status]).toEqual([201, 201]);
    expect(idOf(mine.body)).not.toBe(idOf(hers.body));
    expect(hers.headers.has(REPLAYED)).toBe(false);
  });

  test('422: the same key of a colleague who shares no group does not show the colleague what it made', async () => {
    const state = ['--local', '--state-dir', cloud().stateFolder];
    const made = async (line: string) =>
      JSON.parse((await runLine(accountsLine, [...line.split(' '), ...state, '--json'])).stdout) as Record<
        string,
        string
      >;
    const { id: user } = await made('users create --customer acme --group elsewhere --name Dave');
    const { token = '' } = await made(`sessions create --user ${user ?? ''} --ttl 30d`);
    const [alice, bob] = [new ComputeUser(cloud(), 'alice'), new ComputeUser(cloud(), 'bob')];
    const first = await alice.create(withKey());

    const dave = await fetch(`${cloud().baseUrl}/api/compute/v1/instances`, {
      method: 'POST',
      headers: { ...withKey(), authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(CREATE_BODY),
    });

    expect(first.status).toBe(201);
    expect(dave.status).toBe(422);
    expect(await dave.json()).toMatchObject({ reason: 'idempotency_key_reused' });
    // A key belongs to the customer, so users who may see the instance get the same reply.
    expect(await bob.create(withKey())).toMatchObject({ status: 201, body: first.body });
  });

  test('a refusal is not kept: with the reason gone, the same key makes the VM', async () => {
    const admin = new ComputeUser(cloud(), 'admin');
    await cloud().addFaults({ service: 'compute', method: 'instances.insert', kind: 'error', status: 403, count: 1 });

    const refused = await admin.create(withKey());
    const retried = await admin.create(withKey());

    expect(refused.status).toBe(500);
    expect(retried.status).toBe(201);
    expect(retried.headers.has(REPLAYED)).toBe(false);
  });

  test('the first process is killed in the middle: a retry with the key never makes a second VM', async () => {
    const admin = new ComputeUser(cloud(), 'admin');
    const before = new Set((await cloud().machines()).map(({ name }) => name));
    // The insert is held inside Compute Engine: the record is written, the VM does not exist yet.
    await cloud().addFaults({
      service: 'compute',
      method: 'instances.insert',
      kind: 'delay',
      delayMs: 1_500,
      count: 1,
    });
    const first = admin.create(withKey());
    await eventually(async () =>
      ((await cloud().control('GET', '/faults')).body as readonly unknown[]).length === 0 ? true : undefined,
    );

    cloud().killFunctionHosts();
    const lost = await first;
    const early = await eventually(async () => {
      const answer = await admin.create(withKey());
      // The gateway replies 503 while the processes are being restarted.
      return answer.status === 503 ? undefined : answer;
    });
    await settled(cloud());
    const late = await admin.create(withKey());

    expect(lost.status).toBe(503);
    expect(early).toMatchObject({ status: 409, body: { reason: 'idempotency_key_in_use' } });
    expect(late.status).toBe(201);
    expect(late.headers.get(REPLAYED)).toBe('true');
    const made = (await cloud().machines()).filter(({ name }) => !before.has(name));
    expect(made.map(({ name }) => name)).toEqual([idOf(late.body)]);
    expect((await admin.shown(idOf(late.body))).status).toBe('RUNNING');
    await expectInvariants(cloud());
  });
});

describe('power', () => {
  test('one key sent 20 times at once is one operation', async () => {
    const admin = new ComputeUser(cloud(), 'admin');
    const id = await admin.running();

    const answers = await Promise.all(Array.from({ length: 20 }, () => admin.power(id, 'reset', withKey())));

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(operationOf)).size).toBe(1);
    const [answer] = answers;
    if (answer !== undefined) await admin.ended(answer);
    expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert', 'instances.reset']);
  });

  test('a retry after the operation has ended is answered with it, and does nothing again', async () => {
    const admin = new ComputeUser(cloud(), 'admin');
    const id = await admin.running();
    const first = await admin.power(id, 'stop', withKey());
    await admin.ended(first);
    await admin.powered(id, 'start');

    const retried = await admin.power(id, 'stop', withKey());
    await settled(cloud());

    expect(retried.headers.get(REPLAYED)).toBe('true');
    expect(operationOf(retried)).toBe(operationOf(first));
    expect((await admin.shown(id)).status).toBe('RUNNING');
  });

  test('a key that joined an operation stays with it', async () => {
    const admin = new ComputeUser(cloud(), 'admin');
    const id = await admin.running();
    // The stop is not published, so it is still pending when the second request arrives.
    await cloud().addFaults({ service: 'pubsub', method: 'publish', kind: 'error', count: 1 });
    const first = await admin.power(id, 'stop');
    const joined = await admin.power(id, 'stop', withKey());
    await settled(cloud());
    await admin.powered(id, 'start');

    const retried = await admin.power(id, 'stop', withKey());
    await settled(cloud());

    expect(operationOf(joined)).toBe(operationOf(first));
    expect(operationOf(retried)).toBe(operationOf(first));
    expect(retried.headers.get(REPLAYED)).toBe('true');
    expect((await admin.shown(id)).status).toBe('RUNNING');
  });

  test('422: the same key for another instance', async () => {
    const admin = new ComputeUser(cloud(), 'admin');
    const [one, other] = await Promise.all([admin.running(), admin.running()]);
    await admin.power(one, 'reset', withKey());

    const answer = await admin.power(other, 'reset', withKey());

    expect(answer).toMatchObject({ status: 422, body: { reason: 'idempotency_key_reused' } });
    await settled(cloud());
    await expectInvariants(cloud());
  });
});
