import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ShiftableClock } from '#scripts/local/clock.ts';
import { Scheduler } from '#scripts/local/scheduler.ts';

/** A job whose calls are kept until the test answers them. */
async function harness() {
  const calls: { readonly request: IncomingMessage; readonly response: ServerResponse }[] = [];
  const server = createServer((request, response) => calls.push({ request, response })).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clock = new ShiftableClock();
  const troubles: string[] = [];
  const scheduler = new Scheduler({
    jobs: [{ name: 'sweep', url: `http://127.0.0.1:${port}/sweep` }],
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
  const called = (times: number) => vi.waitFor(() => expect(calls).toHaveLength(times), { timeout: 5000 });
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
  await vi.waitFor(() => expect(h.calls[0]?.response.writableFinished).toBe(true));

  // The answer has to reach the scheduler before it plans the next beat, so the clock is moved until it comes.
  await vi.waitFor(() => {
    h.clock.advance(3600);
    expect(h.calls).toHaveLength(2);
  });

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
  await vi.waitFor(() => expect(h.troubles).toEqual(['sweep answered its schedule with 500.']));
  await vi.waitFor(() => {
    h.clock.advance(3600);
    expect(h.calls).toHaveLength(2);
  });
});

test('after stop nothing is called', async () => {
  const h = await harness();
  await h.called(1);

  h.scheduler.stop();
  h.clock.advance(36_000);
  await vi.waitFor(() => expect(h.calls[0]?.request.destroyed).toBe(true));

  expect(h.calls).toHaveLength(1);
  expect(h.troubles).toEqual([]);
});
