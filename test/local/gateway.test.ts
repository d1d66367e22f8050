import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Gateway } from '#scripts/local/gateway/gateway.ts';
import type { GatewayOptions } from '#scripts/local/gateway/gateway.ts';
import type { RequestEntry } from '#scripts/local/gateway/request-entry.ts';
import { RouteTable } from '#scripts/local/gateway/route-table.ts';

const backend = (name: string, deadline = 5) => ({
  'x-google-backend': { address: `\${${name}}`, path_translation: 'APPEND_PATH_TO_ADDRESS', deadline },
});

const DOCUMENT = {
  swagger: '2.0',
  paths: {
    '/api/machines': {
      get: { operationId: 'MachinesList', ...backend('machines_list') },
      post: backend('machines_create'),
    },
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

/** Starts a gateway with one function behind it, which records the requests that reach it. */
async function harness(listener?: RequestListener, options: Pick<GatewayOptions, 'log' | 'timeouts'> = {}) {
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
    ...options,
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

/** Sends a request with its path unchanged; `fetch` would normalise it. */
async function rawRequest(
  baseUrl: string,
  path: string,
  options: { readonly method?: string; readonly headers?: string[]; readonly localAddress?: string } = {},
) {
  const { hostname, port } = new URL(baseUrl);
  const request = httpRequest({
    hostname,
    port,
    path,
    method: options.method ?? 'GET',
    headers: options.headers ?? ['Host', 'x'],
    ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
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

  test('the caller’s Authorization moves to X-Forwarded-Authorization, replacing one that they sent', async () => {
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

  test('X-Forwarded-For ends with the caller’s real address and the gateway’s, whatever the caller sent', async () => {
    const h = await harness();

    await rawRequest(h.gateway.baseUrl, '/api/machines', { localAddress: '127.0.0.2' });
    await rawRequest(h.gateway.baseUrl, '/api/machines', {
      localAddress: '127.0.0.3',
      headers: ['Host', 'x', 'X-Forwarded-For', '203.0.113.9'],
    });

    expect(h.seen.map(({ headers }) => headers['x-forwarded-for'])).toEqual([
      '127.0.0.2, 127.0.0.1',
      '203.0.113.9, 127.0.0.3, 127.0.0.1',
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

describe('a caller who names headers in Connection', () => {
  test('does not smuggle a request to the function, to be taken for the next caller’s', async () => {
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

  // ESPv2's BackendRetryNum is 1, for `reset,connect-failure,refused-stream`, whatever the method.
  test('a request over which a function dies is sent once more, POST with its body too', async () => {
    const bodies: string[] = [];
    const h = await harness((request, response) => {
      readText(request).then(
        (body) => {
          bodies.push(body);
          if (bodies.length === 1) request.socket.destroy();
          else response.end('at the second time');
        },
        () => undefined,
      );
    });

    const response = await fetch(h.url('/api/machines'), { method: 'POST', body: '{"name":"a"}' });

    expect([response.status, await response.text()]).toEqual([200, 'at the second time']);
    expect(bodies).toEqual(['{"name":"a"}', '{"name":"a"}']);
  });

  test('503: a function that dies over the repetition as well, which is the only one', async () => {
    let requests = 0;
    const h = await harness((request) => {
      requests += 1;
      request.socket.destroy();
    });

    const response = await fetch(h.url('/api/machines'), { method: 'POST', body: '{}' });

    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      code: 503,
      message:
        'upstream connect error or disconnect/reset before headers. retried and the latest reset reason: connection termination',
    });
    expect(requests).toBe(2);
  });

  test('503: a body above Envoy’s buffer of 1 MiB is not sent again', async () => {
    let requests = 0;
    const h = await harness((request) => {
      request.once('end', () => request.socket.destroy());
      request.resume();
      requests += 1;
    });

    const response = await fetch(h.url('/api/machines'), { method: 'POST', body: Buffer.alloc(1024 * 1024 + 1) });

    expect(response.status).toBe(503);
    expect(requests).toBe(1);
  });

  test('an answer that breaks off half-way is broken for the caller, and not asked for again', async () => {
    let requests = 0;
    const h = await harness((request, response) => {
      requests += 1;
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => request.socket.destroy());
    });

    const broken = fetch(h.url('/api/machines')).then((response) => response.text());

    await expect(broken).rejects.toThrow();
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

describe('what is too big or too slow for the gateway', () => {
  const streamIdleMs = 150;
  const patient = { streamIdleMs: 10_000, keepAliveMs: 10_000 };

  /** Returns everything that the gateway sends on a connection until it closes. */
  async function conversation(h: Awaited<ReturnType<typeof harness>>, said: string): Promise<string> {
    const { hostname, port } = new URL(h.gateway.baseUrl);
    const socket = connect(Number(port), hostname);
    socket.write(said);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  }

  test('431: headers above 60 KiB', async () => {
    const h = await harness();

    const answer = await conversation(
      h,
      `GET /api/machines HTTP/1.1\r\nHost: x\r\nX-Big: ${'b'.repeat(60 * 1024)}\r\n\r\n`,
    );

    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toMatch(/\{"code":431,"message":"Request Header Fields Too Large"\}$/);
    expect(h.called).toEqual([]);
  });

  test('431: more than 100 headers', async () => {
    const h = await harness();
    const many = (count: number) => Array.from({ length: count }, (_, at) => [`X-${at}`, 'v']).flat();

    const most = await rawRequest(h.gateway.baseUrl, '/api/machines', { headers: ['Host', 'x', ...many(98)] });
    const tooMany = await rawRequest(h.gateway.baseUrl, '/api/machines', { headers: ['Host', 'x', ...many(100)] });

    expect([most.status, tooMany.status]).toEqual([200, 431]);
    expect(h.called).toEqual(['machines-list']);
  });

  test('400: what is not HTTP, in the gateway’s own words', async () => {
    const h = await harness();

    expect(await conversation(h, 'HELLO\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 [\s\S]*\{"code":400,"message":"Bad Request"\}$/,
    );
  });

  test('408: headers that do not come to their end', { timeout: 10_000 }, async () => {
    const h = await harness(undefined, { timeouts: { ...patient, streamIdleMs } });

    const answer = await conversation(h, 'GET /api/machines HTTP/1.1\r\nHost: x\r\nX-Slow: ');

    expect(answer === '' || answer.startsWith('HTTP/1.1 408 ')).toBe(true);
    expect(h.called).toEqual([]);
  });

  test('headers that come byte by byte do not keep the connection for longer', { timeout: 10_000 }, async () => {
    const h = await harness(undefined, { timeouts: { ...patient, streamIdleMs } });
    const { hostname, port } = new URL(h.gateway.baseUrl);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.write('GET /api/machines HTTP/1.1\r\nX-Slow: ');
    const drip = setInterval(() => socket.write('a'), 20);
    onTestFinished(() => clearInterval(drip));

    await once(socket, 'close');

    expect(Buffer.concat(chunks).toString()).toMatch(
      /^HTTP\/1\.1 408 [\s\S]*\{"code":408,"message":"stream timeout"\}$/,
    );
  });

  test('408: a body that stops coming', { timeout: 10_000 }, async () => {
    const h = await harness(undefined, { timeouts: { ...patient, streamIdleMs } });

    const answer = await conversation(h, 'POST /api/machines HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');

    expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*\{"code":408,"message":"stream timeout"\}$/);
  });

  test('a connection without a next request is closed, and not before its time', { timeout: 10_000 }, async () => {
    const h = await harness(undefined, { timeouts: { ...patient, keepAliveMs: 50 } });

    const answer = await conversation(h, 'GET /api/machines HTTP/1.1\r\nHost: x\r\n\r\n');

    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('the log', () => {
  async function logged(requests: (h: Awaited<ReturnType<typeof harness>>) => Promise<unknown>) {
    const entries: RequestEntry[] = [];
    const h = await harness(undefined, { log: (entry) => entries.push(entry) });
    await requests(h);
    await h.gateway.stop();
    return entries;
  }

  test.each([
    ['the query’s key', '/api/machines?key=k-1&api_key=k-2', { 'x-api-key': 'k-3' }, 'k-1'],
    ['the query’s api_key', '/api/machines?api_key=k-2', { 'x-api-key': 'k-3' }, 'k-2'],
    ['the header x-api-key', '/api/machines', { 'X-API-Key': 'id.secret' }, 'id.secret'],
    ['one on a path that is not defined', '/nowhere?key=k-1', {}, 'k-1'],
  ])('holds an API key in clear text, declared or not: %s', async (_where, path, headers, key) => {
    const [entry] = await logged((h) => fetch(h.url(path), { headers }));

    expect(entry?.jsonPayload.api_key).toBe(key);
  });

  test('holds no member api_key for other credentials', async () => {
    const headers = { authorization: 'Bearer token', 'api-key': 'id', 'api-secret': 'secret' };

    const [entry] = await logged((h) => fetch(h.url('/api/machines'), { headers }));

    expect(entry?.jsonPayload).not.toHaveProperty('api_key');
    expect(JSON.stringify(entry)).not.toMatch(/token|secret/);
  });

  test('tells method, URL, status, caller and operation of each request, refused ones too', async () => {
    const entries = await logged(async (h) => {
      await rawRequest(h.gateway.baseUrl, '/api/machines?a=b', { localAddress: '127.0.0.2' });
      await rawRequest(h.gateway.baseUrl, '/nowhere');
    });

    expect(entries).toMatchObject([
      {
        severity: 'INFO',
        httpRequest: { requestMethod: 'GET', requestUrl: '/api/machines?a=b', status: 200, remoteIp: '127.0.0.2' },
        jsonPayload: { http_status_code: 200, api_method: '1.compute_api_apigateway_local.MachinesList' },
      },
      {
        severity: 'ERROR',
        httpRequest: { requestUrl: '/nowhere', status: 404 },
        jsonPayload: { api_method: '<Unknown Operation Name>' },
      },
    ]);
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
