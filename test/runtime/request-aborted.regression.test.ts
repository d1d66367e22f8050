import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Failure } from '#shared/domain/failure.ts';
import { JsonLog } from '#shared/runtime/log.ts';
import { sendReply, toWireRequest } from '#shared/runtime/wire.ts';
import { served } from '#test/http/a-pipeline.ts';

/* A caller who aborted an upload was logged as a 500 with severity ERROR. */

/** Returns the error of reading a body whose caller closes the connection after some bytes. */
async function brokenOff(head: string, bytes: string): Promise<unknown> {
  let told: (outcome: unknown) => void = () => undefined;
  const outcome = new Promise((resolve) => (told = resolve));
  const server = createServer((request, response) => {
    toWireRequest(request)
      .readBody()
      .then(told, (thrown: unknown) => {
        // A reply to a closed connection must not throw.
        sendReply(response, { status: 499, headers: { 'x-answer': 'late' }, body: 'late' });
        told(thrown);
      });
    socket.destroy();
  });
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n${bytes}`);
  return outcome;
}

test.each([
  ['of a known length', 'Content-Length: 1000', '{"template_id":'],
  ['in pieces', 'Transfer-Encoding: chunked', '5\r\n{"tem\r\n'],
  ['before its first byte', 'Content-Length: 10', ''],
])('a body %s that breaks off is the caller’s, not ours', async (_, head, bytes) => {
  const outcome = await brokenOff(head, bytes);

  expect(outcome).toBeInstanceOf(Failure);
  expect(outcome).toMatchObject({ kind: 'request_aborted', cause: { code: 'ECONNRESET' } });
});

test('the log says 499 and request_aborted, with severity INFO', async () => {
  const readBody = async (): Promise<string> => {
    throw new Failure('request_aborted', 'The request was broken off.', { cause: new Error('aborted') });
  };
  const { reply, lines } = await served({ readBody });
  const written: string[] = [];
  const log = new JsonLog({ logLevel: 'info', project: 'p' }, { write: (line: string) => void written.push(line) });
  for (const line of lines) log.request(line);

  expect(reply.status).toBe(499);
  expect(JSON.parse(written[0] ?? '')).toMatchObject({ severity: 'INFO', status: 499, outcome: 'request_aborted' });
});
