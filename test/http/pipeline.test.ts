import { describe, expect, test } from 'vitest';
import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { put } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import { ALICE, served } from './a-pipeline.ts';

const ADMIN_ONLY = { role: 'compute_admin' } as const;
const wrongCredential = async () => {
  throw new Failure('unauthenticated', 'The credentials are not valid.', { reason: 'credentials_invalid' });
};

test('a request is identified, limited and checked before it is acted on', async () => {
  const { reply, body, steps } = await served({});

  expect(steps).toEqual([
    'credential',
    'signIn',
    'tier',
    'takeToken',
    'readBody',
    'checkParams',
    'checkQuery',
    'checkBody',
    'handle',
  ]);
  expect(reply.status).toBe(200);
  expect(body).toEqual({ id: 'tw-1' });
});

describe('what is wrong first is said first', () => {
  const everythingWrong = { query: 'colour=red', readBody: async () => 'no json' };

  test('401 before all else: an unknown caller takes no token, and their body is not read', async () => {
    const { reply, steps } = await served(everythingWrong, {
      signIn: wrongCredential,
      endpoint: ADMIN_ONLY,
      token: 11,
    });

    expect(reply.status).toBe(401);
    expect(steps).toEqual(['credential']);
  });

  test('429 before 403 and 400', async () => {
    const { reply, calls } = await served(everythingWrong, { endpoint: ADMIN_ONLY, token: 11 });

    expect(reply.status).toBe(429);
    expect(calls).toEqual([]);
  });

  test('429 before 413', async () => {
    const readBody = async () => {
      throw new Failure('payload_too_large', 'Too large.');
    };

    expect((await served({ readBody }, { token: 11 })).reply.status).toBe(429);
    expect((await served({ readBody })).reply.status).toBe(413);
  });

  test('403 for a missing role before 400', async () => {
    const { reply, steps, body } = await served(everythingWrong, { endpoint: ADMIN_ONLY });

    expect(reply.status).toBe(403);
    expect(body).toMatchObject({ reason: 'role_missing' });
    expect(steps).not.toContain('checkBody');
  });

  test('400 names everything that is wrong with path, query and body at once', async () => {
    const { reply, body, calls } = await served({ query: 'colour=red', readBody: async () => '{}' });

    expect(reply.status).toBe(400);
    expect(body).toMatchObject({
      reason: 'invalid_request',
      errors: [
        { place: 'query', pointer: '/colour', rule: 'additionalProperties' },
        { place: 'body', pointer: '/name', rule: 'required' },
      ],
    });
    expect(calls).toEqual([]);
  });

  test('a refused token comes before anything that the handler found', async () => {
    const { reply } = await served({}, { token: 11, handle: async () => ({ status: 200, body: {} }) });

    expect(reply.status).toBe(429);
  });

  test('the handler begins before the token is granted, so that what it reads takes no time of its own', async () => {
    const order: string[] = [];

    await served(
      {},
      {
        spent: async () => {
          await new Promise((resolve) => setImmediate(resolve));
          order.push('token');
        },
        handle: async (_, gate) => {
          order.push('read');
          await gate.opened();
          order.push('act');
          return { status: 200 };
        },
      },
    );

    expect(order).toEqual(['read', 'token', 'act']);
  });

  test('a refusal that is known before the handler starts skips the handler', async () => {
    const readBody = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return '{"name":"n"}';
    };

    const { reply, calls } = await served({}, { token: 11, readBody });

    expect(reply.status).toBe(429);
    expect(calls).toEqual([]);
  });

  test('a failure to take the token is the reply, and nothing that waits for the token is executed', async () => {
    const changed: string[] = [];
    const { reply } = await served(
      {},
      {
        token: 11,
        handle: async (_, gate) => {
          await gate.opened();
          changed.push('something');
          return { status: 200 };
        },
      },
    );

    expect(reply.status).toBe(429);
    expect(changed).toEqual([]);
  });
});

test('a refusal is answered at once, also when the handler still waits for something else', async () => {
  const { reply } = await served({}, { token: 11, handle: () => new Promise(() => undefined) });

  expect(reply.status).toBe(429);
});

describe('a role', () => {
  test('makes its holder act as an administrator, and only where the endpoint asks for the role', async () => {
    const signIn = async () => ({ principal: { ...ALICE, roles: ['compute_admin' as const] }, notes: [] });

    const admin = await served({}, { endpoint: ADMIN_ONLY, signIn });
    const user = await served({}, { signIn });

    expect(admin.calls[0]?.actor).toEqual({ type: 'admin', id: ALICE.userId });
    expect(user.calls[0]?.actor).toEqual({ type: 'user', id: ALICE.userId });
  });

  test('lets its holder through', async () => {
    const { reply } = await served(
      {},
      {
        endpoint: ADMIN_ONLY,
        signIn: async () => ({ principal: { ...ALICE, roles: ['compute_admin'] }, notes: [] }),
      },
    );

    expect(reply.status).toBe(200);
  });
});

describe('headers are there before anything can fail', () => {
  test('a success and an error of the same caller have the same limit headers and request id', async () => {
    const good = await served({});
    const bad = await served({ readBody: async () => '{}' });

    for (const { reply } of [good, bad]) {
      expect(reply.headers).toMatchObject({
        'x-request-id': 'request-0001',
        'ratelimit-policy': '"create";q=10;w=60',
        ratelimit: '"create";r=9;t=35',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
    }
    expect(bad.reply.headers).toMatchObject({ 'content-type': 'application/problem+json' });
  });

  test('a refused token says when to come back, and that nothing remains', async () => {
    const { reply } = await served({}, { token: 11 });

    expect(reply.headers).toMatchObject({ 'retry-after': '55', ratelimit: '"create";r=0;t=35' });
  });

  test('where nothing is limited nothing is said of limits', async () => {
    const unlimited = await served({}, { limit: -1 });
    const uncounted = await served({}, { endpoint: { limit: null } });

    for (const { reply } of [unlimited, uncounted]) {
      expect(reply.status).toBe(200);
      expect(Object.keys(reply.headers).filter((name) => name.includes('ratelimit'))).toEqual([]);
    }
  });

  test('before the caller is known only the request id is sent', async () => {
    const { reply } = await served({}, { signIn: wrongCredential });

    expect(reply.headers['x-request-id']).toBe('request-0001');
    expect(reply.headers['ratelimit']).toBeUndefined();
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="compute-api"');
  });

  test('what the handler adds is on the answer', async () => {
    const { reply } = await served(
      {},
      { handle: async () => ({ status: 202, headers: { 'x-operation-id': 'op-1' } }) },
    );

    expect(reply).toMatchObject({ status: 202, body: '', headers: { 'x-operation-id': 'op-1' } });
    expect(reply.headers['content-type']).toBeUndefined();
  });
});

describe('the request id', () => {
  test('is kept when it is a sane token', async () => {
    expect((await served({ headers: { 'x-request-id': 'abc-12345' } })).reply.headers['x-request-id']).toBe(
      'abc-12345',
    );
  });

  test.each([undefined, 'bad id with spaces', 'x', 'a\r\nset-cookie: b=1', 'é'.repeat(10)])(
    'is made when none, or %j, was sent',
    async (sent) => {
      const { reply, lines } = await served({ headers: { 'x-request-id': sent } });

      expect(reply.headers['x-request-id']).toMatch(/^\d{32}$/);
      expect(lines[0]?.requestId).toBe(reply.headers['x-request-id']);
    },
  );
});

describe('methods and paths', () => {
  test('HEAD follows GET', async () => {
    const { reply } = await served({ method: 'HEAD' }, { endpoint: { method: 'GET', checkBody: null } });

    expect(reply.status).toBe(200);
  });

  test.each([
    ['POST', 'GET', 'GET, HEAD'],
    ['GET', 'POST', 'POST'],
    ['HEAD', 'DELETE', 'DELETE'],
    ['OPTIONS', 'GET', 'GET, HEAD'],
  ] as const)('%s of a %s endpoint is 405 and told %s', async (method, known, allow) => {
    const { reply, steps } = await served({ method }, { endpoint: { method: known } });

    expect(reply.status).toBe(405);
    expect(reply.headers['allow']).toBe(allow);
    expect(steps).toEqual([]);
  });

  test('another path, and a trailing slash, are not there', async () => {
    for (const path of ['/things', '/things/', '/things/tw-1/', '/Things/tw-1', '/']) {
      const { reply, body } = await served({ path });

      expect(reply.status).toBe(404);
      expect(body).toMatchObject({ reason: 'unknown_path' });
    }
  });
});

describe('bodies', () => {
  test.each(['', '  \n', '{', 'null x', "{'name':'n'}", '{"name":"n"}}', '\u0000'])(
    '%j is not JSON, and nothing of it is repeated',
    async (text) => {
      const { reply, body } = await served({ readBody: async () => text });

      expect(reply.status).toBe(400);
      expect(body).toMatchObject({ errors: [{ place: 'body', pointer: '', rule: 'json' }] });
    },
  );

  test('an endpoint without a body ignores what is sent, even when it is not JSON', async () => {
    const { reply } = await served({ readBody: async () => 'no json' }, { endpoint: { checkBody: null } });

    expect(reply.status).toBe(200);
  });

  test('JSON nested as deep as a body can be is an answer, not a crash', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const { reply } = await served({ readBody: async () => deep });

    expect(reply.status).toBe(400);
  });
});

describe('errors', () => {
  test('what was not thrown on purpose shows nothing of itself, and its cause is in the log under the same id', async () => {
    const cause = new Error('connect ECONNREFUSED 10.1.2.3:443, api-secret=hunter2');
    const { reply, lines } = await served(
      {},
      {
        handle: async () => {
          throw cause;
        },
      },
    );

    expect(reply.status).toBe(500);
    expect(JSON.stringify(reply)).not.toMatch(/hunter2|10\.1\.2\.3|ECONNREFUSED/);
    expect(lines).toMatchObject([{ status: 500, outcome: 'internal', cause }]);
    expect(lines[0]?.errorId).toBe(reply.headers['x-error-id']);
    expect(reply.headers['x-error-id']).toMatch(/^[0-9a-f]{32}$/);
  });

  test('allow and retry-after of a failure become headers', async () => {
    const { reply } = await served(
      {},
      {
        handle: async () => {
          throw new Failure('conflict', 'Still at work.', {
            reason: 'idempotency_key_in_use',
            retryAfterSeconds: 2,
          });
        },
      },
    );

    expect(reply).toMatchObject({ status: 409, headers: { 'retry-after': '2' } });
  });
});

describe('what is noted about a credential', () => {
  const notes = [put(USAGE, 'acme', { instances: 1 })];
  const signIn = async () => ({ principal: ALICE, notes });

  test('is written by itself where no token is taken', async () => {
    expect((await served({}, { signIn, endpoint: { limit: null } })).written).toEqual([1]);
  });

  test('rides along with the token elsewhere', async () => {
    expect((await served({}, { signIn })).written).toEqual([]);
  });
});

describe('the log line of a request', () => {
  test('tells who, what, how it ended and how long it took, and nothing of body, query or credential', async () => {
    const { lines } = await served({
      headers: {
        'x-request-id': 'request-0001',
        'api-key': 'ak_live_0123456789abcdef',
        'api-secret': 'sk_do_not_log_me',
        'x-cloud-trace-context': '0123456789abcdef0123456789abcdef/1;o=1',
      },
      readBody: async () => '{"name":"do-not-log-the-body"}',
    });

    expect(lines).toEqual([
      {
        requestId: 'request-0001',
        endpoint: 'test-things-rename',
        method: 'POST',
        path: '/things/tw-1',
        status: 200,
        latencyMs: 0,
        trace: '0123456789abcdef0123456789abcdef/1;o=1',
        userId: ALICE.userId,
        customerId: 'acme',
        credential: { type: 'key', id: 'ak_live_0123456789abcdef' },
        outcome: 'granted',
      },
    ]);
  });

  test('is written for requests of nobody as well', async () => {
    const { lines } = await served({}, { signIn: wrongCredential });

    expect(lines).toMatchObject([{ status: 401, outcome: 'credentials_invalid' }]);
    expect(lines[0]).not.toHaveProperty('userId');
  });
});

describe('the address that failed sign-ins are counted for', () => {
  test('is the one our own proxy saw', async () => {
    const { addresses } = await served({ headers: { 'x-forwarded-for': '1.1.1.1, 203.0.113.7' } });

    expect(addresses).toEqual(['203.0.113.7']);
  });
});

describe('a call as its handler gets it', () => {
  test.each([
    ['return=representation', true],
    ['respond-async, return=representation', true],
    ['RETURN=REPRESENTATION; wait=5', true],
    ['return=minimal', false],
    ['xreturn=representation', false],
    [undefined, false],
  ])('Prefer: %s', async (prefer, wanted) => {
    const { calls } = await served({ headers: { prefer } });

    expect(calls[0]?.representation).toBe(wanted ? 'preferred' : 'none');
  });

  test('has the key of an idempotent endpoint, scoped to customer and endpoint', async () => {
    const { calls } = await served({ headers: { 'idempotency-key': 'k-1' } });

    expect(calls[0]?.idempotencyKey?.id).toMatch(/^acme\|test-things-rename\|[0-9a-f]{64}$/);
  });

  test('has no key where the endpoint honours none', async () => {
    const { calls } = await served({ headers: { 'idempotency-key': 'k-1' } }, { endpoint: { idempotent: false } });

    expect(calls[0]?.idempotencyKey).toBeUndefined();
  });

  test('is refused with a key that is none', async () => {
    const { reply, body } = await served({ headers: { 'idempotency-key': 'two words' } });

    expect(reply.status).toBe(400);
    expect(body).toMatchObject({ reason: 'invalid_idempotency_key' });
    // The token was taken, so the reply has the rate limit headers.
    expect(reply.headers['ratelimit']).toBeDefined();
  });

  test('is refused with a key that is none only after the token: a caller over the limit is told that', async () => {
    const { reply } = await served({ headers: { 'idempotency-key': 'two words' } }, { token: 11 });

    expect(reply.status).toBe(429);
  });

  test('names a key that is none together with whatever else is wrong', async () => {
    const { reply, body } = await served({
      headers: { 'idempotency-key': 'two words' },
      readBody: () => Promise.resolve('{}'),
    });

    expect(reply.status).toBe(400);
    expect(JSON.stringify(body)).toMatch(/name.*idempotency-key/s);
  });

  test('carries caller, tier and request id', async () => {
    const { calls } = await served({});

    expect(calls[0]).toMatchObject({ caller: ALICE, tier: { name: 'pro' }, requestId: 'request-0001' });
  });
});
