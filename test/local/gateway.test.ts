import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Gateway } from '#scripts/local/gateway/gateway.ts';
import { RouteTable } from '#scripts/local/gateway/route-table.ts';

const backend = (name: string, deadline = 5) => ({
  'x-google-backend': { address: `\${${name}}`, path_translation: 'APPEND_PATH_TO_ADDRESS', deadline },
});

const DOCUMENT = {
  swagger: '2.0',
  paths: {
    '/api/machines': { get: backend('machines_list'), post: backend('machines_create') },
    '/api/machines/{id}': {
      get: backend('machines_get'),
      delete: backend('machines_delete'),
      head: backend('machines_get'),
    },
    '/api/slow': { get: backend('slow', 0.05) },
    '/wild/{rest=**}': { get: backend('wild_get'), post: backend('wild_post') },
    '/wild/known': { get: backend('wild_known') },
  },
};

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** A gateway before one function, which tells what reached it and who it is taken for. */
async function harness(listener?: RequestListener) {
  const seen: Seen[] = [];
  const called: string[] = [];
  const tell: RequestListener = (request, response) => {
    readText(request).then(
      (body) => {
        seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
        response.setHeader('x-function', 'yes');
        response.end('from the function');
      },
      () => undefined,
    );
  };
  const server = createServer(listener ?? tell).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const gateway = new Gateway({
    port: 0,
    routes: new RouteTable(DOCUMENT),
    resolve: async (name) => {
      called.push(name);
      return { host: '127.0.0.1', port };
    },
    nowMs: () => Date.parse('2026-11-01T00:00:00Z'),
  });
  await gateway.start();
  gateway.open();
  onTestFinished(async () => {
    await gateway.stop(0);
    server.closeAllConnections();
    server.close();
  });
  return { gateway, seen, called, url: (path: string) => gateway.baseUrl + path };
}

/** A request with its path as it is; `fetch` would tidy it up. */
async function rawRequest(baseUrl: string, path: string, options: { method?: string; headers?: string[] } = {}) {
  const { hostname, port } = new URL(baseUrl);
  const request = httpRequest({
    hostname,
    port,
    path,
    method: options.method ?? 'GET',
    headers: options.headers ?? ['Host', 'x'],
  });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await readText(response) };
}

describe('routing', () => {
  test.each([
    ['GET', '/api/machines', 'machines-list'],
    ['POST', '/api/machines?x=1', 'machines-create'],
    ['GET', '/api/machines/a-1', 'machines-get'],
    ['DELETE', '/api/machines/a%2Fb', 'machines-delete'],
    ['GET', '/wild/known', 'wild-known'],
    ['GET', '/wild/known/more', 'wild-get'],
    ['POST', '/wild/known', 'wild-post'],
    ['GET', '/wild/', 'wild-get'],
    ['GET', '//api///machines', 'machines-list'],
    ['GET', '/api/x/../machines', 'machines-list'],
    ['GET', '/api/x/%2e%2E/machines', 'machines-list'],
  ])('%s %s reaches %s', async (method, path, name) => {
    const h = await harness();

    const { status } = await rawRequest(h.gateway.baseUrl, path, { method });

    expect(status).toBe(200);
    expect(h.called).toEqual([name]);
  });

  test.each(['/', '/api', '/API/machines', '/api/machines/', '/api/machines/a/b', '/wild', '/api/machinesx'])(
    '404: %s is not defined, in the gateway’s own words',
    async (path) => {
      const h = await harness();

      const response = await fetch(h.url(path));

      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(await response.json()).toEqual({ code: 404, message: 'The current request is not defined by this API.' });
      expect(h.called).toEqual([]);
    },
  );

  test('405: a path that only other methods know names its template', async () => {
    const h = await harness();

    const response = await fetch(h.url('/api/machines/a-1'), { method: 'PUT' });

    expect(response.status).toBe(405);
    expect(await response.json()).toEqual({
      code: 405,
      message:
        'The current request is matched to the defined url template "/api/machines/{id}" but its http method is not allowed',
    });
  });

  test('X-HTTP-Method-Override decides before routing, on POST only', async () => {
    const h = await harness();

    await fetch(h.url('/api/machines/a-1'), { method: 'POST', headers: { 'x-http-method-override': 'delete' } });
    await fetch(h.url('/api/machines/a-1'), { headers: { 'x-http-method-override': 'DELETE' } });

    expect(h.called).toEqual(['machines-delete', 'machines-get']);
    expect(h.seen.map(({ method }) => method)).toEqual(['DELETE', 'GET']);
    expect(h.seen[0]?.headers['x-http-method-override']).toBeUndefined();
  });

  test('a document whose parameter is only a part of a segment is refused', () => {
    const document = { swagger: '2.0', paths: { '/m/{id}:start': { post: backend('start') } } };

    expect(() => new RouteTable(document)).toThrow('whole segment');
  });
});

describe('headers', () => {
  const GATEWAY_TOKEN = /^Bearer [\w-]+\.[\w-]+\.$/;

  test('the caller’s Authorization moves to X-Forwarded-Authorization, replacing one that he sent', async () => {
    const h = await harness();

    await fetch(h.url('/api/machines'), {
      headers: { authorization: 'Bearer mine', 'x-forwarded-authorization': 'Bearer forged' },
    });

    expect(h.seen[0]?.headers['x-forwarded-authorization']).toBe('Bearer mine');
    expect(h.seen[0]?.headers.authorization).toMatch(GATEWAY_TOKEN);
  });

  test('without Authorization a sent X-Forwarded-Authorization passes as it is', async () => {
    const h = await harness();

    await fetch(h.url('/api/machines'), { headers: { 'x-forwarded-authorization': 'Bearer forged' } });

    expect(h.seen[0]?.headers['x-forwarded-authorization']).toBe('Bearer forged');
    expect(h.seen[0]?.headers.authorization).toMatch(GATEWAY_TOKEN);
  });

  test('the gateway’s own token names the function it calls', async () => {
    const h = await harness();

    await fetch(h.url('/api/machines'));

    const [, payload = ''] = (h.seen[0]?.headers.authorization ?? '').split('.');
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
      aud: 'https://machines-list.local',
      iat: Date.parse('2026-11-01T00:00:00Z') / 1000,
    });
    expect(h.seen[0]?.headers['x-forwarded-authorization']).toBeUndefined();
  });

  test('X-Forwarded-For ends with the caller’s real address and the gateway’s own, whatever the caller sent', async () => {
    const h = await harness();

    await fetch(h.url('/api/machines'));
    await fetch(h.url('/api/machines'), { headers: { 'x-forwarded-for': '203.0.113.9' } });

    expect(h.seen.map(({ headers }) => headers['x-forwarded-for'])).toEqual([
      '127.0.0.1, 127.0.0.1',
      '203.0.113.9, 127.0.0.1, 127.0.0.1',
    ]);
  });

  test('headers of one connection stay there; all others pass, repeated ones too', async () => {
    const h = await harness();

    await rawRequest(h.gateway.baseUrl, '/api/machines', {
      headers: ['Host', 'x', 'Connection', 'close, X-Hop', 'X-Hop', '1', 'X-Many', 'a', 'X-Many', 'b', 'Api-Key', 'k'],
    });

    expect(h.seen[0]?.headers).toMatchObject({ 'x-many': 'a, b', 'api-key': 'k' });
    expect(h.seen[0]?.headers['x-hop']).toBeUndefined();
    expect(h.seen[0]?.headers.connection).toBe('keep-alive');
  });
});

describe('whoever names headers in Connection', () => {
  test('does not smuggle a request of his to the function, to be taken for the next caller’s', async () => {
    const h = await harness();
    const { hostname, port } = new URL(h.gateway.baseUrl);
    const smuggled = 'DELETE /api/machines/victim HTTP/1.1\r\nHost: y\r\nX-Ignore: ';
    const socket = connect(Number(port), hostname);
    socket.end(
      'DELETE /api/machines/mine HTTP/1.1\r\nHost: x\r\nConnection: content-length, close\r\n' +
        `Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    );
    socket.resume();
    await once(socket, 'close');

    await rawRequest(h.gateway.baseUrl, '/api/machines/theirs', { method: 'DELETE' });

    expect(h.seen.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['DELETE', '/api/machines/mine', smuggled],
      ['DELETE', '/api/machines/theirs', ''],
    ]);
  });

  test('does not remove what the gateway answers for', async () => {
    const h = await harness();

    await rawRequest(h.gateway.baseUrl, '/api/machines', {
      headers: [
        ...['Host', 'x', 'Authorization', 'Bearer token'],
        ...['Connection', 'close, X-Forwarded-Authorization, x-forwarded-for, authorization'],
      ],
    });

    expect(h.seen[0]?.headers['x-forwarded-authorization']).toBe('Bearer token');
    expect(h.seen[0]?.headers['x-forwarded-for']).toBe('127.0.0.1, 127.0.0.1');
    expect(h.seen[0]?.headers.authorization).toMatch(/^Bearer /);
  });
});

describe('bodies', () => {
  test('path, query, body and answer pass untouched', async () => {
    const h = await harness();

    const response = await fetch(h.url('/api/machines?a=%20b&a=c'), { method: 'POST', body: '{not json' });

    expect(h.seen[0]).toMatchObject({ method: 'POST', url: '/api/machines?a=%20b&a=c', body: '{not json' });
    expect(response.headers.get('x-function')).toBe('yes');
    expect(await response.text()).toBe('from the function');
  });

  test('a POST without a body arrives without one', async () => {
    const h = await harness();

    await fetch(h.url('/api/machines'), { method: 'POST' });

    expect(h.seen[0]?.body).toBe('');
    expect(h.seen[0]?.headers['content-length']).toBe('0');
  });

  test('the answer flows while the function is still writing it', async () => {
    const h = await harness((_request, response) => response.write('first'));

    const { body } = await fetch(h.url('/api/machines'));
    const reader = body?.getReader();

    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('first');
    await reader?.cancel();
  });

  test('HEAD gets the headers of the answer and no body', async () => {
    const h = await harness();

    const response = await fetch(h.url('/api/machines/a-1'), { method: 'HEAD' });

    expect(response.headers.get('x-function')).toBe('yes');
    expect(await response.text()).toBe('');
  });

  test.each([
    ['published', Buffer.alloc(32 * 1024 * 1024 + 1)],
    ['in chunks', chunksOf(33, 1024 * 1024)],
  ])('413: a body over 32 MB, %s', async (_how, body) => {
    const h = await harness((request) => request.resume());

    const response = await fetch(h.url('/api/machines'), { method: 'POST', body, duplex: 'half' });

    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 413 });
  });
});

function chunksOf(count: number, bytes: number): ReadableStream<Uint8Array> {
  let left = count;
  return new ReadableStream({
    pull(controller) {
      if (left > 0) controller.enqueue(new Uint8Array(bytes));
      else controller.close();
      left -= 1;
    },
  });
}

describe('functions that do not answer', () => {
  test('504: the deadline of the backend', async () => {
    const h = await harness(() => undefined);

    const response = await fetch(h.url('/api/slow'));

    expect(response.status).toBe(504);
    expect(await response.json()).toEqual({ code: 504, message: 'upstream request timeout' });
  });

  test('503: a function that dies over a request, which is not sent again', async () => {
    let requests = 0;
    const h = await harness((request) => {
      requests += 1;
      request.socket.destroy();
    });

    const response = await fetch(h.url('/api/machines'), { method: 'POST', body: '{}' });

    expect(response.status).toBe(503);
    expect(requests).toBe(1);
  });

  test('503: no function at all', async () => {
    const gateway = new Gateway({
      port: 0,
      routes: new RouteTable(DOCUMENT),
      resolve: async () => undefined,
      nowMs: () => 0,
    });
    await gateway.start();
    gateway.open();
    onTestFinished(() => gateway.stop(0));

    const response = await fetch(`${gateway.baseUrl}/api/machines`);

    expect(response.status).toBe(503);
  });
});

test('/healthz is 503 until all is ready, and nothing is let through before', async () => {
  const gateway = new Gateway({
    port: 0,
    routes: new RouteTable(DOCUMENT),
    resolve: async () => expect.fail('nothing may be let through'),
    nowMs: () => 0,
  });
  await gateway.start();
  onTestFinished(() => gateway.stop(0));

  const early = await fetch(`${gateway.baseUrl}/healthz`);
  const shut = await fetch(`${gateway.baseUrl}/api/machines`);
  gateway.open();
  const ready = await fetch(`${gateway.baseUrl}/healthz`);

  expect([early.status, shut.status, ready.status]).toEqual([503, 503, 200]);
  expect(await ready.json()).toEqual({ status: 'ok' });
});
