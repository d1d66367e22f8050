import { describe, expect, test } from 'vitest';
import { workerLocalCloud } from '#test/support/worker-local-cloud.ts';
import {
  ABSENT,
  bearer,
  complaint,
  EVERY_ENDPOINT,
  headerOf,
  sendExample,
  sendRaw,
  targetOf,
} from './every-endpoint.ts';

const cloud = workerLocalCloud();
const BODY_BYTES_MAX = 256 * 1024;

describe('a body that is too large is refused in the envelope of the family, whether anybody wanted one or not', () => {
  test.each(EVERY_ENDPOINT.filter(([, { method }]) => method !== 'GET'))('%s', async (_, contract) => {
    const answer = await sendRaw(cloud(), {
      method: contract.method,
      target: targetOf(contract, ABSENT),
      headers: { ...bearer(cloud(), 'admin'), 'content-type': 'application/json' },
      body: `"${'x'.repeat(BODY_BYTES_MAX)}"`,
    });

    expect(answer.status).toBe(413);
    expect(headerOf(answer, 'x-request-id')).toBeDefined();
    expect(answer.text).not.toContain('<html');
  });
});

describe('every endpoint is limited', () => {
  test.each(EVERY_ENDPOINT)('%s', (_, { limit, role, name }) => {
    // Administrators are few and known, and reading one's own limits costs only a few look-ups.
    expect(limit !== null || role !== null || name.startsWith('billing-')).toBe(true);
  });
});

describe('nobody can ask for everything at once', () => {
  const numbers = EVERY_ENDPOINT.flatMap(([title, contract]) =>
    Object.entries(contract.query.properties).flatMap(([parameter, schema]) =>
      // Parameters that choose the beginning (a page number, a position in a console's output) do not enlarge the
      // reply.
      'type' in schema && schema.type === 'integer' && !['page', 'start'].includes(parameter)
        ? [[title, parameter, contract, schema] as const]
        : [],
    ),
  );

  test.each(numbers)('%s: %s', async (_, parameter, contract, schema) => {
    const maximum = 'maximum' in schema ? Number(schema.maximum) : Number.POSITIVE_INFINITY;

    const answer = await sendRaw(cloud(), {
      method: contract.method,
      target: targetOf(contract, ABSENT, `${parameter}=${maximum + 1}`),
      headers: bearer(cloud(), contract.role === null ? 'alice' : 'admin'),
    });

    expect(maximum).toBeLessThanOrEqual(1000);
    expect([400, 422]).toContain(answer.status);
    expect(complaint(answer)).toContain(parameter);
  });
});

test('a page that is far away costs no more than a page that is near', async () => {
  const startedAt = performance.now();

  const answer = await sendRaw(cloud(), {
    method: 'GET',
    target: '/api/compute/v1/admin/instances?page=9007199254740991&pageSize=100',
    headers: bearer(cloud(), 'admin'),
  });

  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toMatchObject({ instances: [], pagination: { hasNext: false } });
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

test.each([
  ['nested lists', '['.repeat(100_000)],
  ['a number without end', `{"template_id":${'9'.repeat(100_000)}}`],
  ['a hundred thousand keys', `{${Array.from({ length: 15_000 }, (_, i) => `"key${i}":1`).join()}}`],
  ['a string of escapes', `{"template_id":"${'\\u0000'.repeat(20_000)}"}`],
])('a body that is meant to be work is refused like any other: %s', async (_, body) => {
  const answer = await sendRaw(cloud(), {
    method: 'POST',
    target: '/api/compute/v1/instances',
    headers: { ...bearer(cloud(), 'alice'), 'content-type': 'application/json' },
    body,
  });

  expect([400, 404]).toContain(answer.status);
  expect((headerOf(answer, 'x-error') ?? '').length).toBeLessThanOrEqual(1024);
});

test.each([
  ['PATCH', '/v2/instances', { instances: Array.from({ length: 100_000 }, () => 1), status: 'x' }, 422],
  ['POST', '/v1/instances', Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`u${i}`, 1])), 400],
  [
    'POST',
    '/api/compute/v1/instances',
    Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`u${i}`, 1])),
    400,
  ],
] as const)('%s %s with nothing but mistakes is answered briefly', async (method, path, body, status) => {
  const response = await fetch(`${cloud().baseUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${cloud().connection.principals.alice.token}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  });

  expect(response.status).toBe(status);
  expect((await response.text()).length).toBeLessThan(10_000);
  expect(response.headers.get('x-error')?.length ?? 0).toBeLessThanOrEqual(1024);
});

test('keys of requests are bounded', async () => {
  const [, create] = EVERY_ENDPOINT.find(([, { name }]) => name === 'compute-instances-create') ?? [];
  if (create === undefined) throw new Error('There is no create.');

  for (const key of ['x'.repeat(256), 'two words', 'ä']) {
    const answer = await sendExample(cloud(), create, {
      as: 'alice',
      headers: { 'idempotency-key': Buffer.from(key, 'utf8').toString('latin1') },
    });
    expect(answer.status).toBe(400);
  }
  const long = await sendExample(cloud(), create, { headers: { 'x-request-id': 'x'.repeat(4_000) } });
  expect(headerOf(long, 'x-request-id')).toMatch(/^[0-9a-f]{32}$/);
});
