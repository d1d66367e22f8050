import addFormats from 'ajv-formats';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { TSchema } from 'typebox';
import { describe, expect, test } from 'vitest';
import { plainSchema } from '#scripts/generate/plain-schema.ts';
import { COMPUTE_SCHEMAS } from '#shared/contracts/compute/schemas.ts';
import { FAILURE_STATUS } from '#shared/contracts/failure-status.ts';
import { Failure, FAILURE_KINDS } from '#shared/domain/failure.ts';
import type { Operation } from '#shared/domain/operation.ts';
import { INSTANCE_STATUSES } from '#shared/domain/status.ts';
import { answerAccepted } from '#shared/families/compute/answer-accepted.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { presentCreated, presentEvent, presentInstance, presentOperation } from '#shared/families/compute/present.ts';
import { rateLimitHeaders } from '#shared/families/rate-limit-headers.ts';
import { timestamp } from '#shared/families/timestamp.ts';
import { aFailure } from '#test/support/a-failure.ts';
import { anInstance } from '#test/support/an-instance.ts';

const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false });
addFormats.default(ajv);

function wrong(schema: TSchema, value: unknown): string[] {
  const validate = ajv.compile(plainSchema(schema));
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
}

const IDS = { errorId: '0123456789abcdef0123456789abcdef', requestId: 'request-0001' };

function failed(failure: Failure) {
  const { status, headers = {}, body, contentType } = computeFamily.failure(failure, IDS);
  return { status, headers, body, contentType };
}

const OPERATION: Operation = {
  id: 'op-0123456789',
  kind: 'stop',
  instanceId: 'tw-550e84-a1b2c3d4',
  state: 'pending',
  actor: { type: 'user', id: '550e8400-e29b-41d4-a716-446655440000' },
  customerId: 'acme',
  visibleBy: ['group1'],
  requestId: 'request-0001',
  attempts: 0,
  leaseUntilMs: 0,
  dueAtMs: 0,
  leaseToken: 'lease',
  call: null,
  edit: null,
  callCount: 0,
  error: null,
  seenStatus: null,
  createdAtMs: 1_700_000_000_999,
  startedAtMs: null,
  completedAtMs: null,
};

describe('the error of every kind', () => {
  test.each(FAILURE_KINDS)('%s has the documented status, headers and a valid problem document', (kind) => {
    const { status, headers, body, contentType } = failed(aFailure(kind, 'What happened.'));

    expect(status).toBe(FAILURE_STATUS[kind]);
    expect(contentType).toBe('application/problem+json');
    expect(headers).toMatchObject({ 'x-error': 'What happened.', 'x-error-id': IDS.errorId });
    expect(wrong(COMPUTE_SCHEMAS.Problem, body)).toEqual([]);
    expect(body).toMatchObject({ type: `/docs/errors/${headers['x-error-reason'] ?? ''}` });
    expect(body).toMatchObject({
      status,
      detail: 'What happened.',
      reason: headers['x-error-reason'],
      errorId: IDS.errorId,
    });
  });

  test('only missing and wrong credentials ask for some', () => {
    const asking = FAILURE_KINDS.filter((kind) => 'www-authenticate' in failed(aFailure(kind, '')).headers);

    expect(asking).toEqual(['unauthenticated']);
  });

  test('invalid fields are listed, with places', () => {
    const fields = [{ place: 'body', pointer: '/a', message: 'is required', rule: 'required' }] as const;
    const { body } = failed(new Failure('invalid_request', 'Wrong.', { fields }));

    expect(body).toMatchObject({ errors: fields });
    expect(wrong(COMPUTE_SCHEMAS.Problem, body)).toEqual([]);
  });
});

describe('x-error', () => {
  test('is one line of printable ASCII of at most 1 KiB, whatever the text holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 900, maxLength: 3000 })), (text) => {
        const header = failed(new Failure('invalid_request', text)).headers['x-error'];
        expect(header).toMatch(/^[\x20-\x7e]{0,1024}$/);
      }),
    );
  });

  test.each([
    ['one\r\nset-cookie: evil=1', 'one set-cookie: evil=1'],
    ['tab\tand\u0000nul', 'tab and nul'],
    ['naïve – ok', 'na ve ok'],
    ['\u2028line\u2029', 'line'],
    ['🙂', ''],
  ])('of %j is %j', (text, header) => {
    expect(failed(new Failure('invalid_request', text)).headers['x-error']?.replaceAll(/ +/g, ' ')).toBe(header);
  });

  test('of the longest text is cut to 1 KiB, while the document has all of it', () => {
    const { headers, body } = failed(new Failure('invalid_request', 'x'.repeat(5_000)));

    expect(headers['x-error']).toHaveLength(1024);
    expect(body).toMatchObject({ detail: 'x'.repeat(5_000) });
  });
});

describe('an instance as its owner sees it', () => {
  test.each(INSTANCE_STATUSES)('is what the contract says when it is %s', (status) => {
    const reason = status === 'ERROR' ? { reason: 'vm_missing', message: 'It is gone.' } : null;
    const shown = presentInstance(anInstance({ status, statusReason: reason }));

    expect(wrong(COMPUTE_SCHEMAS.Instance, shown)).toEqual([]);
    expect(shown).toMatchObject({ status, machineType: 'zones/us-central1-a/machineTypes/n1-standard-2' });
    expect(shown.statusReason).toEqual(reason);
  });

  test('has no field of the original that is null or missing; its addresses are empty texts until they are known', () => {
    const shown = presentInstance(anInstance());
    const originals = Object.entries(COMPUTE_SCHEMAS.Instance.properties).filter(([name]) =>
      COMPUTE_SCHEMAS.Instance.required.includes(name as never),
    );

    for (const [name] of originals) expect(shown[name as 'id'], name).toEqual(expect.anything());
    expect(originals.length).toBe(12);
    expect(Object.values(shown)).not.toContain(undefined);
    expect(shown).toMatchObject({ externalIp: '', internalIp: '', name: 'tw-550e84-a1b2c3d4' });
  });

  test('says where to log in once it has an address, and a new one warns when nobody can', () => {
    const keyed = anInstance({
      externalIp: '34.120.1.100',
      login: { user: 'debian', keyIds: ['key-1'] },
      machine: { ...anInstance().machine, metadata: { 'ssh-keys': 'debian:ssh-ed25519 AAAA alice' } },
    });

    expect(presentInstance(anInstance())).not.toHaveProperty('ssh');
    expect(presentCreated(keyed, OPERATION)).toMatchObject({
      ssh: { user: 'debian', host: '34.120.1.100', port: 22, command: 'ssh debian@34.120.1.100' },
      sshKeyIds: ['key-1'],
    });
    expect(presentCreated(keyed, OPERATION)).not.toHaveProperty('warnings');
    const [warning = ''] = presentCreated(anInstance(), OPERATION).warnings ?? [];
    expect(warning).toContain('POST /api/compute/v1/ssh-keys');
    expect(wrong(COMPUTE_SCHEMAS.CreatedInstance, presentCreated(anInstance(), OPERATION))).toEqual([]);
  });

  test('says which operation it waits for, and how the last one ended', () => {
    const error = { reason: 'zone_exhausted', message: 'No capacity.' };
    const lastOperation = { id: 'op-1', kind: 'start', state: 'failed', completedAtMs: 0, error } as const;
    const shown = presentInstance(anInstance({ lastOperation }), { ...OPERATION, attempts: 2 });

    expect(wrong(COMPUTE_SCHEMAS.Instance, shown)).toEqual([]);
    expect(shown).toMatchObject({
      pendingOperation: { id: 'op-0123456789', kind: 'stop', state: 'pending', attempts: 2 },
      lastOperation: { id: 'op-1', kind: 'start', state: 'failed', completedAt: '1970-01-01T00:00:00Z', error },
    });
  });

  test('shows nothing of how the record is stored', () => {
    const text = JSON.stringify(presentInstance(anInstance({ cloudId: '4242', checkAtMs: 1, bid: 'bid-1' })));

    expect(text).not.toMatch(/4242|checkAt|queue|eventCount|bid-1|subnetwork/);
  });
});

describe('an operation', () => {
  test.each([
    OPERATION,
    { ...OPERATION, state: 'running', startedAtMs: 1, attempts: 2 },
    { ...OPERATION, state: 'failed', completedAtMs: 1, error: { reason: 'zone_exhausted', message: 'No capacity.' } },
  ] as const)('is what the contract says: $state', (operation) => {
    const shown = presentOperation(operation);

    expect(wrong(COMPUTE_SCHEMAS.Operation, shown)).toEqual([]);
    expect(JSON.stringify(shown)).not.toMatch(/lease|request-0001|acme/);
  });

  test('that was accepted is named by headers, without a body', () => {
    expect(answerAccepted({ representation: 'none' })(OPERATION)).toEqual({
      status: 202,
      headers: {
        'operation-location': '/api/compute/v1/operations/op-0123456789',
        'x-operation-id': 'op-0123456789',
      },
    });
  });

  test('is the body for callers who prefer it, and Preference-Applied says so', () => {
    const reply = answerAccepted({ representation: 'preferred' })(OPERATION);

    expect(reply.headers).toMatchObject({ 'preference-applied': 'return=representation' });
    expect(reply.body).toEqual(presentOperation(OPERATION));
  });
});

test('an event of the history is what the contract says', () => {
  const shown = presentEvent({
    instanceId: 'tw-1',
    sequence: 1,
    status: 'DELETED',
    atMs: 1_700_000_000_000,
    cause: 'cloud event',
    actor: { type: 'system', id: 'reconciler-sync' },
    operationId: null,
    reason: null,
    note: false,
    action: null,
    userId: 'u',
    customerId: 'acme',
    visibleBy: ['group1'],
    project: '',
    bid: null,
    reservation: null,
  });

  expect(wrong(COMPUTE_SCHEMAS.HistoryEvent, shown)).toEqual([]);
  expect(JSON.stringify(shown)).not.toMatch(/acme|group1/);
});

test.each([
  [0, '1970-01-01T00:00:00Z'],
  [1_704_067_200_999, '2024-01-01T00:00:00Z'],
])('%i ms is %s: UTC, whole seconds', (ms, text) => {
  expect(timestamp(ms)).toBe(text);
});

test('limit headers name the policy, what is left and when it begins anew', () => {
  const token = { operation: 'create', limit: 10, remaining: 4, resetAtMs: 60_000, granted: true };

  expect(rateLimitHeaders(token, 18_500)).toEqual({
    'ratelimit-policy': '"create";q=10;w=60',
    ratelimit: '"create";r=4;t=42',
  });
  expect(rateLimitHeaders({ ...token, limit: -1 }, 0)).toEqual({});
});
