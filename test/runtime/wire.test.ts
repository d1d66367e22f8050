import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { WireRequest } from '#shared/http/request.ts';
import { Failure } from '#shared/domain/failure.ts';
import { sendReply, toWireRequest } from '#shared/runtime/wire.ts';

const BYTES_MAX = 1024;

interface Sent {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

/** Starts a server that replies with the body it read or the kind of failure, and records the requests. */
async function harness() {
  const seen: WireRequest[] = [];
  const server = createServer((request, response) => {
    const wire = toWireRequest(request, BYTES_MAX);
    seen.push(wire);
    wire.readBody().then(
      (body) => sendReply(response, { status: 200, headers: { 'x-answer': 'read' }, body }),
      (thrown: unknown) => sendReply(response, { status: 413, headers: {}, body: Failure.from(thrown).kind }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const send = ({ path = '/', headers = {}, body }: Sent) =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const outgoing = httpRequest({
        host: '127.0.0.1',
        port,
        method: 'POST',
        path,
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
        ),
      });
      outgoing.once('error', reject);
      outgoing.once('response', (response: IncomingMessage) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('end', () => resolve({ status: response.statusCode, text }));
      });
      outgoing.end(body);
    });
  return { seen, send };
}

test('path and query are as they came, headers in lower case, repeated ones joined', async () => {
  const { seen, send } = await harness();
  await send({ path: '/a%2Fb//c?x=1&x=%zz?', headers: { 'X-Thing': ['one', 'two'], 'content-length': '0' } });

  expect(seen[0]).toMatchObject({ method: 'POST', path: '/a%2Fb//c', query: 'x=1&x=%zz?', peer: '127.0.0.1' });
  expect(seen[0]?.headers['x-thing']).toBe('one, two');
});

test.each([
  ['published', { 'content-length': String(BYTES_MAX) }, BYTES_MAX, 200],
  ['in pieces', { 'transfer-encoding': 'chunked' }, BYTES_MAX, 200],
  ['published', { 'content-length': String(BYTES_MAX + 1) }, BYTES_MAX + 1, 413],
  ['in pieces', { 'transfer-encoding': 'chunked' }, BYTES_MAX + 1, 413],
  ['in pieces', { 'transfer-encoding': 'chunked' }, 5_000_000, 413],
])('a body %s %j of %i bytes is answered with %4$i', async (_, headers, bytes, status) => {
  const { send } = await harness();

  expect((await send({ headers, body: 'x'.repeat(bytes) })).status).toBe(status);
});

test('characters that were cut by the network are whole again', async () => {
  const { send } = await harness();
  const text = 'grüße 🙂 '.repeat(50);

  expect(await send({ headers: { 'transfer-encoding': 'chunked' }, body: text })).toEqual({ status: 200, text });
});
