import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { nextTime } from '#scripts/local/services/cron.ts';
import { Scheduler } from '#scripts/local/services/scheduler.ts';

/** Creates a scheduler with a job whose calls wait until the test replies. */
async function harness(cron = '* * * * *') {
  const calls: { readonly request: IncomingMessage; readonly response: ServerResponse }[] = [];
  const server = createServer((request, response) => calls.push({ request, response })).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clock = new ShiftableClock();
  const troubles: string[] = [];
  const scheduler = new Scheduler({
    jobs: [{ name: 'sweep', url: `http://127.0.0.1:${port}/sweep`, cron }],
    everySeconds: 3600,
    clock,
    onTrouble: (message) => troubles.push(message),
  });
  scheduler.start();
  onTestFinished(() => {
    scheduler.stop();
    clock.stop();
    server.closeAllConnections();
    server.close();
  });
  const called = (times: number) => vi.waitFor(() => expect(calls).toHaveLength(times), { timeout: 60_000 });
  return { calls, called, clock, scheduler, troubles };
}

test('a job is called at the start, as Cloud Scheduler would call it', async () => {
  const h = await harness();

  await h.called(1);

  expect(h.calls[0]?.request.method).toBe('POST');
  expect(h.calls[0]?.request.headers.authorization).toMatch(/^Bearer [\w-]+\.[\w-]+\.$/);
  expect(h.calls[0]?.request.headers).toMatchObject({
    'x-cloudscheduler': 'true',
    'x-cloudscheduler-jobname': 'sweep',
  });
});

test('a clock that is moved past the next beat brings it at once', async () => {
  const h = await harness();
  await h.called(1);
  h.calls[0]?.response.end();
  await vi.waitFor(() => expect(h.calls[0]?.response.writableFinished).toBe(true), 60_000);

  // The scheduler must get the reply before it plans the next run, so the clock is moved until that run takes place.
  await vi.waitFor(() => {
    h.clock.advance(3600);
    expect(h.calls).toHaveLength(2);
  }, 60_000);

  expect(h.troubles).toEqual([]);
});

test('a job that runs is not called again, however far the clock moves', async () => {
  const h = await harness();
  await h.called(1);

  h.clock.advance(36_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(h.calls).toHaveLength(1);
  h.calls[0]?.response.end();

  await h.called(2);
});

test('an answer that is no success is told, and the next beat still comes', async () => {
  const h = await harness();
  await h.called(1);

  h.calls[0]?.response.writeHead(500).end();
  await vi.waitFor(() => expect(h.troubles).toEqual(['sweep answered its schedule with 500.']), 60_000);
  await vi.waitFor(() => {
    h.clock.advance(3600);
    expect(h.calls).toHaveLength(2);
  }, 60_000);
});

test('after stop nothing is called', async () => {
  const h = await harness();
  await h.called(1);

  h.scheduler.stop();
  h.clock.advance(36_000);
  await vi.waitFor(() => expect(h.calls[0]?.request.destroyed).toBe(true), 60_000);

  expect(h.calls).toHaveLength(1);
  expect(h.troubles).toEqual([]);
});

test('a job of once a day is called at its time, and not at the start', async () => {
  const h = await harness('17 3 * * *');
  const untilMs = nextTime('17 3 * * *', h.clock.nowMs()) - h.clock.nowMs();

  h.clock.advance(Math.floor(untilMs / 1000) - 30);
  await new Promise(setImmediate);
  const before = h.calls.length;
  h.clock.advance(31);

  await h.called(1);
  expect(before).toBe(0);
});

test.each([
  ['* * * * *', '2026-03-01T10:00:00.000Z', '2026-03-01T10:01:00.000Z'],
  ['*/5 * * * *', '2026-03-01T10:03:20.000Z', '2026-03-01T10:05:00.000Z'],
  ['17 3 * * *', '2026-03-01T03:16:59.999Z', '2026-03-01T03:17:00.000Z'],
  ['17 3 * * *', '2026-03-01T03:17:00.000Z', '2026-03-02T03:17:00.000Z'],
  ['0 */6 * * *', '2026-12-31T20:00:00.000Z', '2027-01-01T00:00:00.000Z'],
  ['30 4 1 * *', '2026-01-15T00:00:00.000Z', '2026-02-01T04:30:00.000Z'],
])('%s after %s is due at %s', (cron, after, due) => {
  expect(new Date(nextTime(cron, Date.parse(after))).toISOString()).toBe(due);
});

test.each([['0 0 0 1 * *'], ['61 * * * *'], ['*/0 * * * *'], ['']])(
  'a schedule that is not understood is refused: %s',
  (cron) => {
    expect(() => nextTime(cron, 0)).toThrow(/schedule/);
  },
);
