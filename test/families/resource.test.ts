import { describe, expect, test } from 'vitest';
import { FAILURE_STATUS } from '#shared/contracts/failure-status.ts';
import { instancesDelete } from '#shared/contracts/resource/instances-delete.ts';
import { instancesCreate } from '#shared/contracts/resource/instances-create.ts';
import { instancesGet } from '#shared/contracts/resource/instances-get.ts';
import { operationsGet } from '#shared/contracts/resource/operations-get.ts';
import { RESOURCE_STATES } from '#shared/contracts/resource/states.ts';
import { Failure, FAILURE_KINDS } from '#shared/domain/failure.ts';
import { OPERATION_KINDS } from '#shared/domain/instance.ts';
import { type Operation, OPERATION_FAILURES } from '#shared/domain/operation.ts';
import { tokenAt, uncounted, windowAt } from '#shared/domain/rate-limit.ts';
import { INSTANCE_STATUSES, type InstanceStatus } from '#shared/domain/status.ts';
import { failureCode } from '#shared/families/resource/failure-codes.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { nameTheMissing } from '#shared/families/resource/name-the-missing.ts';
import {
  operationHeaders,
  presentCreated,
  presentDeletion,
  presentOperation,
  presentResource,
} from '#shared/families/resource/present.ts';
import { STATE } from '#shared/families/resource/states.ts';
import { aFailure } from '#test/support/a-failure.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { replyViolations } from '#test/support/reply-check.ts';
import { ORIGINAL_BODY } from '#test/support/resource-api.ts';

const IDS = { errorId: '0123456789abcdef0123456789abcdef', requestId: 'request-0001' };
const NOW_MS = 1_700_000_005_000;

function anOperation(overrides: Partial<Operation> = {}): Operation {
  return {
    id: 'op-0123456789',
    kind: 'create',
    instanceId: 'inst-550e84-a1b2c3d4',
    state: 'running',
    actor: { type: 'user', id: '550e8400-e29b-41d4-a716-446655440000' },
    customerId: 'acme',
    visibleBy: ['group1'],
    requestId: 'request-0001',
    attempts: 1,
    leaseUntilMs: 0,
    dueAtMs: 0,
    leaseToken: '',
    call: null,
    edit: null,
    callCount: 0,
    error: null,
    seenStatus: null,
    createdAtMs: 1_736_937_000_000,
    startedAtMs: null,
    completedAtMs: null,
    ...overrides,
  };
}

describe('errors', () => {
  test.each(FAILURE_KINDS)('%s has its status, and its sentence as the only member of the body', (kind) => {
    const { status, body, headers, contentType } = resourceFamily.failure(aFailure(kind, 'What happened.'), IDS);

    expect(status).toBe(FAILURE_STATUS[kind]);
    expect(body).toEqual({ error: 'What happened.' });
    expect(contentType).toMatch(/^application\/json/);
    expect(headers).toMatchObject({ 'x-error': 'What happened.', 'x-error-id': IDS.errorId });
    expect(headers).toHaveProperty('x-error-reason');
  });

  test('what the caller can mend is 422, although Compute Engine found it', () => {
    const failure = new Failure('cloud_failed', 'Not possible.', { reason: 'cloud_invalid_argument' });

    expect(resourceFamily.failure(failure, IDS).status).toBe(422);
  });
});

describe('credentials', () => {
  const id = 'ak_live_0123456789abcdef';
  const secret = `sk_${'s'.repeat(43)}`;

  test.each([
    ['X-API-Key', { 'x-api-key': `${id}_${secret}` }, { type: 'key', id, secret }],
    ['a bearer token', { 'x-forwarded-authorization': 'Bearer token' }, { type: 'bearer', token: 'token' }],
    ['a pair', { 'api-key': id, 'api-secret': secret }, { type: 'key', id, secret }],
  ])('%s is taken', (_, headers, credential) => {
    expect(resourceFamily.credential(headers)).toEqual(credential);
  });

  test.each([
    ['half a key', { 'x-api-key': id }],
    ['two kinds at once', { 'x-api-key': `${id}_${secret}`, 'x-forwarded-authorization': 'Bearer token' }],
    ['half a pair', { 'api-key': id }],
  ])('%s is malformed', (_, headers) => {
    expect(resourceFamily.credential(headers).type).toBe('malformed');
  });
});

describe('rate headers', () => {
  test('say limit, what remains and when the minute is over', () => {
    expect(resourceFamily.limitHeaders(tokenAt('get', 100, 1, windowAt(NOW_MS)), NOW_MS)).toEqual({
      'x-ratelimit-limit': '100',
      'x-ratelimit-remaining': '99',
      'x-ratelimit-reset': '1700000040',
    });
  });

  test('are there where nothing is counted', () => {
    expect(resourceFamily.limitHeaders(uncounted(NOW_MS), NOW_MS)).toEqual({
      'x-ratelimit-limit': '-1',
      'x-ratelimit-remaining': '-1',
      'x-ratelimit-reset': '1700000040',
    });
  });
});

describe('states', () => {
  const expected: Readonly<Record<(typeof RESOURCE_STATES)[number], readonly InstanceStatus[]>> = {
    provisioning: ['PENDING', 'PROVISIONING', 'STAGING'],
    running: ['RUNNING', 'REPAIRING'],
    stopping: ['PENDING_STOP', 'STOPPING', 'SUSPENDING'],
    stopped: ['STOPPED', 'TERMINATED', 'SUSPENDED'],
    terminated: ['DEPROVISIONING', 'DELETING', 'ERROR'],
  };

  test.each(RESOURCE_STATES)('%s', (state) => {
    expect(INSTANCE_STATUSES.filter((status) => STATE[status] === state).sort()).toEqual([...expected[state]].sort());
  });
});

describe('an instance', () => {
  const made = anInstance({
    id: 'inst-550e84-a1b2c3d4',
    displayName: 'web-server-01',
    status: 'PROVISIONING',
    spec: ORIGINAL_BODY.spec,
    machine: { ...anInstance().machine, labels: ORIGINAL_BODY.metadata.labels },
    createdAtMs: Date.parse('2025-01-15T10:30:00Z'),
    templateId: '',
    configId: '',
  });

  test('is shown as the original shows it, with what is not known yet as empty strings', () => {
    const machine = { ...made.machine, metadata: { 'ssh-keys': 'ubuntu:ssh-ed25519 AAAA alice' } };
    expect(presentCreated({ ...made, machine }, anOperation())).toEqual({
      id: 'inst-550e84-a1b2c3d4',
      metadata: { ...ORIGINAL_BODY.metadata, created_at: '2025-01-15T10:30:00Z' },
      spec: ORIGINAL_BODY.spec,
      status: {
        state: 'provisioning',
        host_id: '',
        private_ip: '',
        public_ip: '',
        synced_at: '2023-11-14T22:13:20Z',
        reason: null,
        message: null,
        pending_operation: expect.objectContaining({ id: 'op-0123456789', attempts: 1 }) as object,
        last_operation: null,
        allowed_actions: expect.any(Array) as unknown[],
        blocked_because: expect.any(Object) as object,
      },
      operation_id: 'op-0123456789',
    });
  });

  test.each(INSTANCE_STATUSES)('is valid by its contract when it is %s', (status) => {
    const body = presentResource({
      ...made,
      status,
      cloudId: '42',
      externalIp: '203.0.113.42',
      internalIp: '10.0.1.15',
    });

    expect(body.status).toMatchObject({ host_id: '42', private_ip: '10.0.1.15', public_ip: '203.0.113.42' });
    expect(replyViolations(instancesGet, { status: 200, body })).toEqual([]);
  });

  test('says where to log in once it has an address, and warns when nobody can', () => {
    expect(presentResource({ ...made, externalIp: '203.0.113.42' }).status).toMatchObject({
      ssh: { user: 'ubuntu', host: '203.0.113.42', port: 22, command: 'ssh ubuntu@203.0.113.42' },
    });
    const body = presentCreated(made, anOperation());
    expect(body).toMatchObject({ warnings: [expect.stringContaining('POST /v1/ssh-keys') as string] });
    expect(replyViolations(instancesCreate, { status: 201, body })).toEqual([]);
  });

  test('that has failed says why, and how its last operation ended', () => {
    const error = { reason: 'zone_exhausted', message: 'No capacity.' };
    const lastOperation = { id: 'op-1', kind: 'create', state: 'failed', completedAtMs: 0, error } as const;
    const body = presentResource({ ...made, status: 'ERROR', statusReason: error, lastOperation });

    expect(body.status).toMatchObject({
      state: 'terminated',
      reason: 'CAPACITY_EXHAUSTED',
      message: 'No capacity.',
      last_operation: { id: 'op-1', status: 'failed', error: { code: 'CAPACITY_EXHAUSTED', message: 'No capacity.' } },
      allowed_actions: ['delete'],
    });
    expect(replyViolations(instancesGet, { status: 200, body })).toEqual([]);
  });

  test('does not echo what was not sent', () => {
    const spec = { type: 'cx31', image: 'ubuntu-22.04' };

    expect(presentResource({ ...made, spec }).spec).toStrictEqual(spec);
  });

  test('of another family shows machine type, image and disk as its spec', () => {
    const body = presentResource(anInstance());

    expect(body).toMatchObject({
      metadata: { name: 'tw-550e84-a1b2c3d4', labels: {} },
      spec: {
        type: 'n1-standard-2',
        image: 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts',
        disk_gb: 50,
      },
    });
    expect(replyViolations(instancesGet, { status: 200, body })).toEqual([]);
  });
});

describe('an operation', () => {
  test('has no result before it is final', () => {
    expect(presentOperation(anOperation())).toEqual({
      id: 'op-0123456789',
      resource_id: 'inst-550e84-a1b2c3d4',
      type: 'create',
      status: 'running',
      result: null,
      created_at: '2025-01-15T10:30:00Z',
      completed_at: null,
    });
  });

  test.each(OPERATION_KINDS)('%s that has completed says where it brought the instance', (kind) => {
    const body = presentOperation(anOperation({ kind, state: 'completed', completedAtMs: 1_736_937_031_000 }));
    const states = {
      create: 'running',
      start: 'running',
      restart: 'running',
      reset: 'running',
      stop: 'stopped',
      update: 'running',
      resize: 'running',
      delete: 'terminated',
    };

    expect(body).toMatchObject({ result: { state: states[kind] }, completed_at: '2025-01-15T10:30:31Z' });
    expect(replyViolations(operationsGet, { status: 200, body })).toEqual([]);
  });

  test('that has failed says why, for people and for programs', () => {
    const error = { reason: 'zone_exhausted', message: 'There is no capacity.' };
    const body = presentOperation(anOperation({ state: 'failed', error, completedAtMs: 1_736_937_031_000 }));

    expect(body.result).toEqual({ error: 'There is no capacity.', code: 'CAPACITY_EXHAUSTED' });
    expect(replyViolations(operationsGet, { status: 200, body })).toEqual([]);
  });

  test('that deletes is the answer to the delete', () => {
    const body = presentDeletion(anOperation({ kind: 'delete', state: 'pending' }));

    expect(body).toEqual({ operation_id: 'op-0123456789', status: 'pending', resource_id: 'inst-550e84-a1b2c3d4' });
    expect(replyViolations(instancesDelete, { status: 202, body })).toEqual([]);
  });

  test('can be followed by its header', () => {
    expect(operationHeaders(anOperation())).toMatchObject({ 'operation-location': '/v1/operations/op-0123456789' });
  });
});

describe('codes', () => {
  test('every reason has one of its own, in upper case', () => {
    const codes = OPERATION_FAILURES.map(failureCode);

    for (const code of codes) expect(code).toMatch(/^[A-Z][A-Z_]+$/);
    expect(new Set(codes).size).toBe(OPERATION_FAILURES.length);
  });

  test.each(['something_new', 'constructor'])('%s, which nobody has foreseen, is its own code', (reason) => {
    expect(failureCode(reason)).toBe(reason.toUpperCase());
  });
});

describe('what is missing is named', () => {
  const found = () => Promise.resolve('it');

  test('what is there is answered', async () => {
    await expect(nameTheMissing('instance', 'inst-1', found)).resolves.toBe('it');
  });

  test.each([
    ['instance', 'inst-abc123'],
    ['operation', 'op-xyz789'],
  ] as const)('a missing %s is called by its id', async (kind, id) => {
    const missing = () => Promise.reject(aFailure('not_found', 'Nothing.'));

    await expect(nameTheMissing(kind, id, missing)).rejects.toMatchObject({
      kind: 'not_found',
      message: `${kind} not found: ${id}`,
    });
  });

  test.each(['Inst', 'inst_1', '-inst', 'inst-', '__inst__', 'i'.repeat(64), 'inst\n'])(
    '%j cannot be an id: it is not looked up',
    async (id) => {
      let looked = false;
      const find = () => Promise.resolve((looked = true));

      await expect(nameTheMissing('instance', id, find)).rejects.toMatchObject({ kind: 'not_found' });
      expect(looked).toBe(false);
    },
  );

  test('every other failure stays what it is', async () => {
    const conflict = aFailure('conflict', 'No.');

    await expect(nameTheMissing('instance', 'inst-1', () => Promise.reject(conflict))).rejects.toBe(conflict);
  });
});
