import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ComputeUser, operationOf, QUICK_MACHINES, type ShownOperation } from '#test/support/compute-api.ts';
import { settled } from '#test/support/invariants.ts';
import { sharedLocalCloud } from '#test/support/local-cloud.ts';

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });
let alice: ComputeUser;

beforeAll(() => {
  alice = new ComputeUser(cloud(), 'alice');
});

afterEach(() => cloud().clearFaults());

const ask = (method: string, path: string, body?: unknown, as: 'alice' | 'carol' | 'admin' = 'alice') =>
  cloud().request(as, method, path, body === undefined ? {} : { body });

const inject = (method: string, kind: 'stockout' | 'error', status?: number) =>
  cloud().addFaults({ service: 'compute', method, kind, count: 1, ...(status === undefined ? {} : { status }) });

describe('a start that failed, and whose operation nobody remembers', () => {
  test('is found by its instance, in every family, with its reason and the zones where there is room', async () => {
    const id = await alice.running();
    await alice.powered(id, 'stop');
    await inject('instances.start', 'stockout');
    await alice.powered(id, 'start');

    const { body } = await ask('GET', `/api/compute/v1/operations?instance=${id}&state=failed`);
    const { operations } = body as { readonly operations: readonly ShownOperation[] };
    expect(operations).toMatchObject([{ kind: 'start', state: 'failed', error: { reason: 'zone_exhausted' } }]);
    expect(operations[0]?.error?.message).toMatch(/us-central1-a.*n1-standard-2.*us-central1-b/);
    const [failed] = operations;
    expect(await alice.shown(id)).toMatchObject({
      status: 'TERMINATED',
      statusReason: null,
      pendingOperation: null,
      lastOperation: { id: failed?.id, kind: 'start', state: 'failed', error: { reason: 'zone_exhausted' } },
      allowedActions: ['start', 'stop', 'update', 'resize', 'delete'],
      blockedBecause: { restart: 'wrong_state', reset: 'wrong_state' },
    });
    expect(await ask('GET', `/v1/operations?resource_id=${id}&status=failed`)).toMatchObject({
      status: 200,
      body: { items: [{ id: failed?.id, type: 'start', result: { code: 'CAPACITY_EXHAUSTED' } }], next_cursor: null },
    });
    expect((await ask('GET', `/v1/instances/${id}`)).body).toMatchObject({
      status: { state: 'stopped', last_operation: { error: { code: 'CAPACITY_EXHAUSTED' } } },
    });
    expect((await ask('GET', `/v2/instances/inst_${id}/status`)).body).toMatchObject({
      last_operation: { type: 'start', status: 'failed', error: { code: 'zone_exhausted' } },
    });
    expect(
      (await ask('GET', '/api/compute/v1/admin/operations?reason=zone_exhausted&customerID=acme', undefined, 'admin'))
        .body,
    ).toMatchObject({ operations: [{ id: failed?.id, customerId: 'acme' }] });
    expect((await alice.history(id))[0]).toMatchObject({
      status: 'TERMINATED',
      cause: 'operation',
      reason: 'zone_exhausted',
      action: 'start',
    });
    await alice.delete(id);
    expect((await ask('GET', `/api/compute/v1/operations?instance=${id}&kind=start`)).body).toMatchObject({
      operations: [{ id: failed?.id }],
    });
    expect((await ask('GET', `/api/compute/v1/operations?instance=${id}`, undefined, 'carol')).body).toMatchObject({
      operations: [],
    });
  });
});

describe('a create of the resource family that fails after it was accepted', () => {
  test('says why, and is freed by a delete', async () => {
    await inject('instances.insert', 'stockout');
    const spec = { type: 'cx31', image: 'ubuntu-22.04' };
    const created = await ask('POST', '/v1/instances', { metadata: { name: 'web' }, spec });
    expect(created).toMatchObject({ status: 201, body: { status: { pending_operation: { type: 'create' } } } });
    const { id } = created.body as { readonly id: string };
    await settled(cloud());

    expect((await ask('GET', `/v1/instances/${id}`)).body).toMatchObject({
      status: {
        state: 'terminated',
        reason: 'CAPACITY_EXHAUSTED',
        message: expect.stringContaining('Zone us-central1-a has no capacity') as string,
        allowed_actions: ['delete'],
      },
    });
    expect((await ask('GET', `/v2/instances/inst_${id}/status`)).body).toMatchObject({
      status: 'STATUS_ERROR',
      last_operation: { type: 'create', error: { message: expect.stringContaining('us-central1-b') as string } },
    });
    expect((await ask('DELETE', `/v1/instances/${id}`)).status).toBe(202);
    await settled(cloud());
    expect((await ask('GET', `/v1/instances/${id}`)).status).toBe(404);
  });
});

test('what is at work is shown while it is, and a batch names its operations', async () => {
  const id = await alice.running();
  // The stop is not published, so the worker gets it only from the sweep.
  await cloud().addFaults({ service: 'pubsub', method: 'publish', kind: 'error', count: 1 });
  const batch = await ask('PATCH', '/v2/instances', { instances: [`inst_${id}`], status: 'STATUS_PAUSED' });
  const operationId = batch.headers.get('x-operation-ids');

  expect(operationId).toMatch(/^op-/);
  expect(await alice.shown(id)).toMatchObject({
    pendingOperation: { id: operationId, kind: 'stop', state: 'pending', attempts: 0 },
  });
  const restart = await alice.power(id, 'restart');
  expect(restart).toMatchObject({ status: 409, body: { reason: 'wrong_state' } });
  expect((restart.body as { readonly detail: string }).detail).toContain('it cannot restart');
  await settled(cloud());
  expect(await alice.shown(id)).toMatchObject({ pendingOperation: null, lastOperation: { id: operationId } });
  await alice.delete(id);
});

test('a reset is in the history, by whom and when', async () => {
  const id = await alice.running();
  const answer = await alice.power(id, 'reset');
  await alice.ended(answer);

  const [newest] = await alice.history(id);

  expect(newest).toMatchObject({
    status: 'RUNNING',
    cause: 'operation',
    action: 'reset',
    operationId: operationOf(answer),
    actor: cloud().connection.principals.alice.userId,
  });
  await alice.delete(id);
});
