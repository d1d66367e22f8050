import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { DirectAuth } from '#shared/gce/direct-auth.ts';
import { directFetch } from '#shared/gce/direct-fetch.ts';

async function harness(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const seen: { method: string | undefined; headers: IncomingMessage['headers']; body: string; port: unknown }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push({ method: request.method, headers: request.headers, body, port: request.socket.remotePort });
      answer(request, response);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return { seen, url: new URL(`http://127.0.0.1:${address.port}/path?x=1`) };
}

async function textOf(response: Awaited<ReturnType<typeof directFetch>>): Promise<string> {
  return new TextDecoder().decode(await response.arrayBuffer());
}

test('method, headers and body arrive, and the answer comes back whole', async () => {
  const { seen, url } = await harness((_request, response) => {
    response.write('ö'.repeat(50_000));
    response.end('end');
  });

  const response = await directFetch(url, { method: 'POST', headers: new Headers({ 'X-Word': 'w' }), body: '{"ä":1}' });

  expect(response).toMatchObject({ status: 200, ok: true });
  expect(await textOf(response)).toBe(`${'ö'.repeat(50_000)}end`);
  expect(seen).toMatchObject([{ method: 'POST', headers: { 'x-word': 'w', 'content-length': '8' }, body: '{"ä":1}' }]);
});

test.each([204, 401, 403, 404, 500])('%i is an answer, not a failure', async (status) => {
  const { url } = await harness((_request, response) => response.writeHead(status).end());

  expect(await directFetch(url, {})).toMatchObject({ status, ok: status < 300 });
});

test('calls share a connection', async () => {
  const { seen, url } = await harness((_request, response) => response.end('{}'));

  await textOf(await directFetch(url, {}));
  await textOf(await directFetch(url, {}));

  expect(new Set(seen.map(({ port }) => port)).size).toBe(1);
});

test('an answer that breaks off is a failure', async () => {
  const { url } = await harness((_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half', () => response.destroy());
  });

  await expect(directFetch(url, {})).rejects.toThrow();
});

test('a call that is given up ends at once', async () => {
  const stop = new AbortController();
  const { url } = await harness(() => stop.abort());

  await expect(directFetch(url, { signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' });
});

test('a call carries the token of the account, beside its own headers', async () => {
  const { seen, url } = await harness((_request, response) => response.end('{}'));
  const auth = new DirectAuth();
  auth.getRequestHeaders = async () => new Headers({ authorization: 'Bearer t' });

  const init = { method: 'GET', headers: new Headers({ 'x-word': 'w' }) };
  await auth.fetch(url.href, init);

  expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer t', 'x-word': 'w' });
});

test("a call needs no class of Node.js's own fetch, which would be loaded as a whole", async () => {
  const { seen, url } = await harness((_request, response) => response.end('{}'));
  const auth = new DirectAuth();
  const token = new Headers({ authorization: 'Bearer t' });
  auth.getRequestHeaders = async () => token;
  vi.stubGlobal('Headers', undefined);
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });

  await auth.fetch(url.href, { method: 'GET', headers: new Map([['x-word', 'w']]) as never });

  expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer t', 'x-word': 'w' });
});
