import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { passesOverUnknown } from '#test/support/contract-samples.ts';
import { workerLocalCloud } from '#test/support/worker-local-cloud.ts';
import {
  bearer,
  CONTROL,
  ENDPOINTS_WITH_BODY,
  EVERY_ENDPOINT,
  exampleBody,
  headerOf,
  sendRaw,
  targetOf,
  ABSENT,
  type RawAnswer,
} from './every-endpoint.ts';

const cloud = workerLocalCloud();

/** A value that would become a header or a page of its own if it were returned unchanged. */
const EVIL = '\r\nset-cookie: evil=1\r\n\r\n<script>alert(1)</script>';
const ENCODED = encodeURIComponent(EVIL);

function expectClean(answer: RawAnswer): void {
  expect(headerOf(answer, 'set-cookie')).toBeUndefined();
  for (const [name, value] of answer.headers) {
    expect(name).toMatch(/^[a-z0-9-]+$/);
    expect(value).not.toMatch(CONTROL);
  }
  if (answer.text !== '') expect(headerOf(answer, 'content-type')).toMatch(/json/);
}

describe('what is echoed stays in its line', () => {
  test.each(EVERY_ENDPOINT)('%s', async (_, contract) => {
    const as = bearer(cloud(), contract.role === null ? 'alice' : 'admin');
    const send = (target: string, headers = {}, body?: string) =>
      sendRaw(cloud(), {
        method: contract.method,
        target,
        headers: { ...as, ...headers },
        ...(body === undefined ? {} : { body }),
      });
    const target = targetOf(contract, ABSENT);
    const body = contract.body === null ? undefined : JSON.stringify(exampleBody(contract));

    const answers = [
      await send(
        targetOf(contract, { instanceId: EVIL, operationId: EVIL, sshKeyId: EVIL, bid: EVIL, project: ENCODED }),
        {},
        body,
      ),
      await send(targetOf(contract, ABSENT, `${ENCODED}=1`), {}, body),
      ...(await Promise.all(
        Object.keys(contract.query.properties).map((name) =>
          send(targetOf(contract, ABSENT, `${name}=${ENCODED}`), {}, body),
        ),
      )),
      await send(target, { 'x-request-id': 'ümläut-and-more', prefer: 'return="\tä"' }, body),
    ];

    for (const answer of answers) expectClean(answer);
  });
});

describe('names and values of bodies too', () => {
  test.each(ENDPOINTS_WITH_BODY)('%s', async (_, contract) => {
    const example = exampleBody(contract) ?? {};
    const bodies = [
      { ...example, [EVIL]: 1 },
      ...Object.keys(example).map((name) => ({ ...example, [name]: EVIL })),
      ...Object.keys(example).map((name) => ({ ...example, [name]: '\u2028\u0000é\ud800' })),
    ];

    for (const body of bodies) {
      const answer = await sendRaw(cloud(), {
        method: contract.method,
        target: targetOf(contract, ABSENT),
        headers: { ...bearer(cloud(), 'alice'), 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      // The fleet family ignores unknown members.
      if (!passesOverUnknown(contract, 'body')) expect(answer.status).toBeGreaterThanOrEqual(400);
      expectClean(answer);
    }
  });
});

test('a request id is kept when it is a token, and made anew when it is anything else', async () => {
  const asked = async (id: string) =>
    headerOf(
      await sendRaw(cloud(), { method: 'GET', target: '/api/compute/v1/templates', headers: { 'x-request-id': id } }),
      'x-request-id',
    );

  expect(await asked('a-sane-token-1234')).toBe('a-sane-token-1234');
  for (const id of ['short', 'two words here', '<script>alert(1)</script>', 'a"b"c"d"e"f', 'x'.repeat(200)]) {
    expect(await asked(id)).toMatch(/^[0-9a-f]{32}$/);
  }
});

test('a header that is folded or broken by a bare line feed makes no header of its own', async () => {
  for (const lines of ['x-request-id: abcdefgh\n set-cookie: evil=1', 'x-request-id: abcdefgh\rset-cookie: evil=1']) {
    const text = await overSocket(
      `GET /api/compute/v1/templates HTTP/1.1\r\nhost: x\r\n${lines}\r\nconnection: close\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 4\d\d/);
    expect(text).not.toMatch(/^set-cookie/im);
  }
});

/** Returns the reply to bytes that no HTTP client would send. */
function overSocket(bytes: string): Promise<string> {
  const { hostname, port } = new URL(cloud().baseUrl);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes, 'latin1'));
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}
