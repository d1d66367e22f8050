import { describe, expect, test } from 'vitest';
import { JsonLog } from '#shared/runtime/log.ts';
import type { RequestLine } from '#shared/http/pipeline.ts';

function harness(logLevel: 'debug' | 'info' | 'warn' | 'error' = 'info') {
  const texts: string[] = [];
  const log = new JsonLog({ logLevel, project: 'demo-project' }, { write: (text) => void texts.push(text) });
  const lines = () => texts.map((text) => JSON.parse(text) as Readonly<Record<string, unknown>>);
  return { log, texts, lines };
}

const LINE: RequestLine = {
  requestId: 'request-0001',
  endpoint: 'compute-instances-get',
  method: 'GET',
  path: '/api/compute/v1/instances/tw-1',
  status: 200,
  latencyMs: 12,
  trace: undefined,
  userId: 'u-1',
  customerId: 'acme',
  credential: { type: 'key', id: 'ak_live_0123456789abcdef' },
  outcome: 'granted',
};

test('each line is one JSON object in the words of Cloud Logging', () => {
  const { log, texts, lines } = harness();
  log.info('all is well', { instanceId: 'tw-1' });
  log.warn('look at this');
  log.error('that failed');

  expect(texts.every((text) => text.endsWith('\n') && text.indexOf('\n') === text.length - 1)).toBe(true);
  expect(lines().map(({ severity, message }) => [severity, message])).toEqual([
    ['INFO', 'all is well'],
    ['WARNING', 'look at this'],
    ['ERROR', 'that failed'],
  ]);
  expect(lines()[0]).toMatchObject({ instanceId: 'tw-1', time: expect.stringMatching(/^\d{4}-.*Z$/) as string });
});

test('what is below the level is not written', () => {
  const { log, lines } = harness('error');
  log.info('a');
  log.warn('b');
  log.error('c');

  expect(lines().map(({ message }) => message)).toEqual(['c']);
});

describe('the line of a request', () => {
  test.each([
    [200, 'INFO'],
    [404, 'INFO'],
    [429, 'INFO'],
    [500, 'ERROR'],
    [503, 'ERROR'],
  ])('with status %i is %s', (status, severity) => {
    const { log, lines } = harness();
    log.request({ ...LINE, status });

    expect(lines()).toMatchObject([{ severity, status, requestId: 'request-0001', outcome: 'granted', latencyMs: 12 }]);
  });

  test.each(['0123456789abcdef0123456789abcdef/123;o=1', '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01'])(
    'is grouped with the trace %s',
    (trace) => {
      const { log, lines } = harness();
      log.request({ ...LINE, trace });

      expect(lines()[0]?.['logging.googleapis.com/trace']).toBe(
        'projects/demo-project/traces/0123456789abcdef0123456789abcdef',
      );
    },
  );

  test.each([undefined, '', 'not a trace', '"},{"severity":"CRITICAL'])('has no trace for %j', (trace) => {
    const { log, texts } = harness();
    log.request({ ...LINE, trace });

    expect(texts).toHaveLength(1);
    expect(texts[0]).not.toContain('trace');
  });
});

describe('errors', () => {
  test('are written with their causes, a few deep', () => {
    const { log, lines } = harness();
    let error = new Error('cause 9');
    for (let depth = 8; depth >= 0; depth -= 1) error = new Error(`cause ${depth}`, { cause: error });
    log.error('that failed', { cause: Object.assign(error, { code: 'E_CODE', reason: 'why' }) });

    const text = JSON.stringify(lines()[0]);
    expect(lines()[0]?.['cause']).toMatchObject({ name: 'Error', message: 'cause 0', code: 'E_CODE', reason: 'why' });
    expect(text).toContain('"message":"cause 3"');
    expect(text).not.toContain('"message":"cause 4"');
  });

  test('of several are written, a few of them', () => {
    const { log, lines } = harness();
    log.error('that failed', {
      cause: new AggregateError(Array.from({ length: 9 }, (_, i) => (i === 1 ? `text ${i}` : new Error(`error ${i}`)))),
    });

    expect(lines()[0]?.['cause']).toMatchObject({
      errors: [{ message: 'error 0' }, 'text 1', { message: 'error 2' }, { message: 'error 3' }],
    });
  });

  test('that hold more than an error should, are written without it', () => {
    const { log, texts } = harness();
    const error = Object.assign(new Error('refused'), {
      config: { headers: { 'api-secret': 'sk_do_not_log_me', authorization: 'Bearer do-not-log-me' } },
      request: { body: 'do-not-log-the-body' },
    });
    log.error('that failed', { cause: error });
    log.request({ ...LINE, status: 500, cause: error });

    expect(texts.join('')).not.toMatch(/do.not.log/);
  });

  test('a cause that is no error is written as it is', () => {
    const { log, lines } = harness();
    log.error('that failed', { cause: 'text' });

    expect(lines()[0]?.['cause']).toBe('text');
  });
});

test('text from outside cannot make a line of its own', () => {
  const { log, texts } = harness();
  log.request({ ...LINE, path: '/x\n{"severity":"CRITICAL"}' });

  expect(texts).toHaveLength(1);
  expect(texts[0]?.trimEnd()).not.toContain('\n');
});

test('the line of the first request says what V8 did with the shipped code cache, and no other line does', () => {
  const texts: string[] = [];
  const log = new JsonLog(
    { logLevel: 'info', project: 'demo-project', codeCache: 'rejected' },
    { write: (text) => void texts.push(text) },
  );
  log.info('before any request');
  log.request(LINE);
  log.request(LINE);

  const told = texts.map((text) => (JSON.parse(text) as { codeCache?: string }).codeCache);
  expect(told).toEqual([undefined, 'rejected', undefined]);
});
