import { describe, expect, test } from 'vitest';
import { workerLocalCloud } from '#test/support/worker-local-cloud.ts';
import {
  ABSENT,
  bearer,
  ENDPOINTS_WITH_BODY,
  EVERY_ENDPOINT,
  headerOf,
  sendExample,
  sendRaw,
  targetOf,
  type RawAnswer,
} from './every-endpoint.ts';

const cloud = workerLocalCloud();

/** Words that would show a caller which software runs here, or how it failed. */
const INTERNALS =
  /node_modules|\.ts:\d|\.js:\d|\n\s+at |ECONN|127\.0\.0\.1|localhost|DatastoreClient|grpc|express|functions-framework|<html|demo-|stack/i;

function expectHardened(answer: RawAnswer): void {
  expect(headerOf(answer, 'cache-control')).toBe('no-store');
  expect(headerOf(answer, 'x-powered-by')).toBeUndefined();
  expect(headerOf(answer, 'server')).toBeUndefined();
  expect(headerOf(answer, 'set-cookie')).toBeUndefined();
  expect(answer.headers.filter(([name]) => name.startsWith('access-control-'))).toEqual([]);
  const names = answer.headers.map(([name]) => name);
  expect(new Set(names).size).toBe(names.length);
}

describe('every answer is private, says what it is, and nothing of what made it', () => {
  test.each(EVERY_ENDPOINT)('%s', async (_, contract) => {
    const origin = { origin: 'https://evil.example' };
    const answers = [
      await sendExample(cloud(), contract, { as: 'admin', headers: origin }),
      await sendExample(cloud(), contract, { headers: origin }),
    ];

    for (const answer of answers) {
      expectHardened(answer);
      expect(headerOf(answer, 'x-content-type-options')).toBe('nosniff');
      if (answer.text !== '') expect(headerOf(answer, 'content-type')).toMatch(/^application\/(problem\+)?json/);
      if (answer.status >= 400) expect(answer.text).not.toMatch(INTERNALS);
    }
  });
});

describe('a body that cannot be read is answered by us, in the envelope of the family', () => {
  test.each(ENDPOINTS_WITH_BODY)('%s', async (_, contract) => {
    for (const [type, body] of [
      ['application/json', '{"template_id":'],
      ['application/json', 'undefined'],
      ['application/json; charset=utf-7', '{}'],
      ['application/x-www-form-urlencoded', 'template_id=x&config_id=y'],
      ['text/xml', '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>'],
      ['application/json', ''],
    ] as const) {
      const answer = await sendRaw(cloud(), {
        method: contract.method,
        target: targetOf(contract, ABSENT),
        headers: { ...bearer(cloud(), contract.role === null ? 'alice' : 'admin'), 'content-type': type },
        body,
      });

      expect([400, 422], body).toContain(answer.status);
      expect(headerOf(answer, 'content-type')).toMatch(/json/);
      expect(answer.text).not.toMatch(INTERNALS);
      expectHardened(answer);
    }
  });
});

test.each(['OPTIONS', 'TRACE', 'PUT', 'PROPFIND'])('%s does nothing and echoes nothing', async (method) => {
  const answer = await sendRaw(cloud(), {
    method,
    target: '/api/compute/v1/instances',
    headers: { ...bearer(cloud(), 'alice'), 'x-secret': 'do-not-echo' },
  });

  expect(answer.status).toBe(405);
  expect(answer.text).not.toContain('do-not-echo');
});
