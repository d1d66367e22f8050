import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Fault } from '#scripts/emulators/faults.ts';
import {
  appliedCalls,
  ComputeUser,
  expectComeBack,
  QUICK_MACHINES,
  type PowerVerb,
} from '#test/support/compute-api.ts';
import { expectInvariants, settled } from '#test/support/invariants.ts';
import { sharedLocalCloud } from '#test/support/local-cloud.ts';

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });
const admin = () => new ComputeUser(cloud(), 'admin');

type ComputeFault = Omit<Fault, 'service' | 'count'> & { readonly count?: number };
const inject = (...faults: readonly ComputeFault[]) =>
  cloud().addFaults(...faults.map((fault) => ({ service: 'compute' as const, count: 1, ...fault })));

/** A count that is never used up. */
const ALWAYS = 1_000;

afterEach(() => cloud().clearFaults());

// Checks all calls, VMs and records of this file's tests at once, which is as good as after each test.
afterAll(async () => {
  await settled(cloud());
  await expectInvariants(cloud());
});

describe('insert', () => {
  test.each<readonly [string, ComputeFault]>([
    ['lost answer', { method: 'instances.insert', kind: 'lostAnswer' }],
    ['refused once with 503', { method: 'instances.insert', kind: 'error', status: 503 }],
    ['refused once with 500', { method: 'instances.insert', kind: 'error', status: 500 }],
  ])('%s: 201, and one VM', async (_what, fault) => {
    await inject(fault);

    const id = await admin().running();

    expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert']);
    expect((await admin().shown(id)).status).toBe('RUNNING');
  });

  test('every response lost: 201, the worker finds the outcome, and one VM', async () => {
    await inject({ method: 'instances.insert', kind: 'lostAnswer', count: 5 });

    const id = await admin().created();
    await cloud().clearFaults();
    await settled(cloud());

    expect((await admin().shown(id)).status).toBe('RUNNING');
    expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert']);
  });

  test.each([503, 403])('an answer lost, then refused with %i: the VM is there, so 201, and one VM', async (status) => {
    await inject(
      { method: 'instances.insert', kind: 'lostAnswer' },
      { method: 'instances.insert', kind: 'error', status, count: 2 },
    );

    const id = await admin().created();
    await cloud().clearFaults();
    await settled(cloud());

    expect((await admin().shown(id)).status).toBe('RUNNING');
    expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert']);
  });

  test.each<readonly [string, readonly ComputeFault[]]>([
    ['with 503 every time', [{ method: 'instances.insert', kind: 'falseError', count: ALWAYS }]],
    [
      'with 500, then refused with 403',
      [
        { method: 'instances.insert', kind: 'falseError', status: 500 },
        { method: 'instances.insert', kind: 'error', status: 403 },
      ],
    ],
  ])('carried out, but answered %s: 201, and the same key is the same VM', async (_what, faults) => {
    await inject(...faults);
    const headers = { 'idempotency-key': 'a-key-whose-vm-was-denied' + String(faults.length) };

    const first = await admin().create(headers);
    await cloud().clearFaults();
    const second = await admin().create(headers);
    await settled(cloud());

    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    const { id } = first.body as { readonly id: string };
    expect((await admin().shown(id)).status).toBe('RUNNING');
    expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert']);
  });

  test('refused with 503, and reads of the VM fail: 201, and the worker finds the outcome', async () => {
    await inject(
      { method: 'instances.insert', kind: 'error', status: 503, count: 3 },
      { method: 'instances.get', kind: 'error', status: 503, count: ALWAYS },
    );

    const id = await admin().created();
    await cloud().clearFaults();
    await settled(cloud());

    expect((await admin().shown(id)).status).toBe('RUNNING');
    expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert']);
  });

  test.each([
    [503, 'cloud_unavailable'],
    [403, 'cloud_permission_denied'],
    [400, 'cloud_invalid_argument'],
  ])('refused with %i again and again: 500 with the reason %s, and nothing is left of it', async (status, reason) => {
    const names = async () => (await cloud().machines()).map(({ name }) => name);
    const before = await names();
    await inject({ method: 'instances.insert', kind: 'error', status, count: ALWAYS });

    const answer = await admin().create();

    expect(answer).toMatchObject({ status: 500, body: { title: 'GCP operation failed', reason } });
    expect(answer.headers.get('x-error')).toMatch(/^GCP operation failed\./);
    expect(await names()).toEqual(before);
  });

  test('too many requests, which Compute Engine reports with 403: 503 with Retry-After, not a missing permission', async () => {
    await inject({ method: 'instances.insert', kind: 'error', status: 429 });

    const answer = await admin().create();

    expectComeBack(answer);
    expect(answer.body).toMatchObject({ reason: 'cloud_rate_limited' });
  });

  test('slower than the request waits: 201, and one VM', async () => {
    await inject({ method: 'instances.insert', kind: 'delay', delayMs: 9_000 });

    const id = await admin().running();

    expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert']);
  });

  test('no capacity: the operation fails and the instance is ERROR, both with the reason', async () => {
    await inject({ method: 'instances.insert', kind: 'stockout' });

    const answer = await admin().create();
    const operation = await admin().ended(answer);
    const shown = await admin().shown(operation.instanceId);

    expect(answer.status).toBe(201);
    expect(operation).toMatchObject({ state: 'failed', error: { reason: 'zone_exhausted' } });
    expect(shown).toMatchObject({ status: 'ERROR', statusReason: { reason: 'zone_exhausted' } });
    expect((await admin().history(operation.instanceId))[0]).toMatchObject({
      status: 'ERROR',
      cause: 'operation',
      reason: 'zone_exhausted',
    });
    expect(operation.error?.message).toMatch(/Zone us-central1-a has no capacity for n1-standard-2 now/);
    expect(operation.error?.message).toContain('us-central1-b');
    expect(shown).toMatchObject({ allowedActions: ['delete'], lastOperation: { state: 'failed', kind: 'create' } });
    expect((await admin().power(operation.instanceId, 'start')).status).toBe(409);
    expect((await admin().delete(operation.instanceId)).status).toBe(204);
  });

  test('no capacity with a stop queued behind: both fail, and the first reason stays', async () => {
    await inject({ method: 'instances.insert', kind: 'stockout' });
    // The create's message is lost, so the worker starts it only at the next sweep, after the stop was accepted.
    await cloud().addFaults({ service: 'pubsub', method: 'publish', kind: 'error', count: 1 });
    const id = await admin().created();

    const stop = await admin().power(id, 'stop');
    await settled(cloud());

    expect(stop.status).toBe(202);
    expect(await admin().ended(stop)).toMatchObject({ state: 'failed' });
    expect(await admin().shown(id)).toMatchObject({ status: 'ERROR', statusReason: { reason: 'zone_exhausted' } });
  });
});

describe('power', () => {
  const verbs: readonly PowerVerb[] = ['start', 'stop', 'reset'];

  test.each<readonly [PowerVerb, string, Partial<ComputeFault> & Pick<ComputeFault, 'kind'>]>([
    ['start', 'answer lost', { kind: 'lostAnswer' }],
    ['stop', 'answer lost', { kind: 'lostAnswer' }],
    ['reset', 'answer lost three times', { kind: 'lostAnswer', count: 3 }],
    ['start', 'carried out, answered 503', { kind: 'falseError' }],
    ['stop', 'carried out, answered 503 three times', { kind: 'falseError', count: 3 }],
    ['reset', 'carried out, answered 503 three times', { kind: 'falseError', count: 3 }],
    ['start', 'refused with 503', { kind: 'error', status: 503 }],
    ['stop', 'refused as too many requests', { kind: 'error', status: 429 }],
    ['reset', 'refused with 503', { kind: 'error', status: 503 }],
  ])('%s %s: applied once, and completed', async (verb, _what, fault) => {
    const id = await admin().running();
    if (verb === 'start') await admin().powered(id, 'stop');
    await inject({ ...fault, method: `instances.${verb}` });

    const answer = await admin().power(id, verb);
    await settled(cloud());
    const operation = await admin().ended(answer);

    expect(operation).toMatchObject({ kind: verb, state: 'completed' });
    expect((await appliedCalls(cloud(), id)).filter((method) => method === `instances.${verb}`)).toHaveLength(1);
    expect((await admin().shown(id)).status).toBe(verb === 'stop' ? 'TERMINATED' : 'RUNNING');
  });

  test.each(verbs)('%s refused for good: the operation fails with the reason, and the truth is shown', async (verb) => {
    const id = await admin().running();
    if (verb === 'start') await admin().powered(id, 'stop');
    await inject({ method: `instances.${verb}`, kind: 'error', status: 403 });

    const operation = await admin().powered(id, verb);

    expect(operation).toMatchObject({ state: 'failed', error: { reason: 'cloud_permission_denied' } });
    expect((await admin().shown(id)).status).toBe(verb === 'start' ? 'TERMINATED' : 'RUNNING');
  });

  test('a reset that is never answered is applied once, whatever becomes of its operation', async () => {
    const id = await admin().running();
    await inject({ method: 'instances.reset', kind: 'lostAnswer', count: ALWAYS });

    const answer = await admin().power(id, 'reset');
    await settled(cloud());

    const operation = await admin().ended(answer);
    expect(operation).toMatchObject({ state: 'failed', error: { reason: 'cloud_unavailable' } });
    expect((await appliedCalls(cloud(), id)).filter((method) => method === 'instances.reset')).toHaveLength(1);
  });

  test('no capacity at start: the operation fails with the reason, and the instance is still stopped', async () => {
    const id = await admin().running();
    await admin().powered(id, 'stop');
    await inject({ method: 'instances.start', kind: 'stockout' });

    const operation = await admin().powered(id, 'start');
    const shown = await admin().shown(id);
    const again = await admin().powered(id, 'start');

    expect(operation).toMatchObject({ state: 'failed', error: { reason: 'zone_exhausted' } });
    expect(shown.status).toBe('TERMINATED');
    expect(again.state).toBe('completed');
  });

  test.each<readonly [string, readonly ComputeFault[]]>([
    ['refused', [{ method: 'zoneOperations.wait', kind: 'error', status: 503, count: 4 }]],
    [
      'lost',
      [
        { method: 'zoneOperations.wait', kind: 'lostAnswer', count: 2 },
        { method: 'zoneOperations.get', kind: 'lostAnswer', count: 2 },
      ],
    ],
    ['gone', [{ method: 'zoneOperations.wait', kind: 'error', status: 404 }]],
  ])('looks at the zone operation %s: the stop is completed all the same', async (_what, faults) => {
    const id = await admin().running();
    await inject(...faults);

    const answer = await admin().power(id, 'stop');
    await settled(cloud());

    expect(await admin().ended(answer)).toMatchObject({ state: 'completed' });
    expect((await appliedCalls(cloud(), id)).filter((method) => method === 'instances.stop')).toHaveLength(1);
    expect((await admin().shown(id)).status).toBe('TERMINATED');
  });

  test('one failed read does not delay an operation by its whole lease', async () => {
    const id = await admin().running();
    await inject({ method: 'zoneOperations.wait', kind: 'error', status: 503, count: 1 });

    const answer = await admin().power(id, 'stop');
    // The delivery checks again after a short pause. A lease that was not released would last longer than this wait.
    const operation = await admin().operation(answer.headers.get('x-operation-id') ?? '', 8);

    expect(operation.state).toBe('completed');
  });
});

describe('delete', () => {
  test.each<readonly [string, ComputeFault]>([
    ['answer lost', { method: 'instances.delete', kind: 'lostAnswer' }],
    ['every answer lost', { method: 'instances.delete', kind: 'lostAnswer', count: 6 }],
    ['carried out, answered 503 every time', { method: 'instances.delete', kind: 'falseError', count: 6 }],
    ['refused once with 503', { method: 'instances.delete', kind: 'error', status: 503 }],
    [
      'refused with 403 until nobody but the reconciler tries',
      { method: 'instances.delete', kind: 'error', status: 403, count: 3 },
    ],
    ['refused as too many requests', { method: 'instances.delete', kind: 'error', status: 429 }],
  ])('%s: 204, the record is gone at once, and the VM in the end', async (_what, fault) => {
    const id = await admin().running();
    await inject(fault);

    const answer = await admin().delete(id);
    const gone = await admin().get(id);
    await settled(cloud());

    expect(answer.status).toBe(204);
    expect(gone.status).toBe(404);
    expect((await cloud().machines()).map(({ name }) => name)).not.toContain(id);
    expect((await appliedCalls(cloud(), id)).filter((method) => method === 'instances.delete')).toHaveLength(1);
    expect((await admin().history(id))[0]).toMatchObject({ status: 'DELETED' });
  });
});

test.each(['error', 'lostAnswer'] as const)(
  'a look that Compute Engine does not answer (%s) answers the record, and says that it is old',
  async (kind) => {
    const id = await admin().running();
    const before = await admin().get(id);
    await inject({ method: 'instances.get', kind, ...(kind === 'error' ? { status: 500 } : {}), count: ALWAYS });

    const answer = await admin().get(id);
    await cloud().clearFaults();
    const after = await admin().get(id);

    expect(before.headers.get('x-stale')).toBeNull();
    expect(answer.headers.get('x-stale')).toBe('true');
    expect(answer).toMatchObject({ status: 200, body: { id, status: 'RUNNING' } });
    const syncedAt = (body: unknown) => (body as { readonly statusSyncedAt: string }).statusSyncedAt;
    expect(syncedAt(answer.body) <= syncedAt(after.body)).toBe(true);
    expect(after.headers.get('x-stale')).toBeNull();
  },
);
