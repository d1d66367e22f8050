import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { FunctionsSupervisor } from '#scripts/local/functions/functions-supervisor.ts';

const NODE_MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** Small functions in the form of built bundles. */
const BUNDLES = {
  clock: `http('clock', (request, response) => response.json({ now: Date.now(), date: new Date().getTime(), pid: process.pid }));`,
  environment: `http('environment', (request, response) => response.json(process.env));`,
  speaker: `http('speaker', (request, response) => { console.log('{"severity":"INFO"}'); console.error('trouble'); response.end(); });`,
  broken: `throw new Error('this bundle does not load');`,
  relabelled: `
    require('node:diagnostics_channel').subscribe('http.server.request.start', ({ request }) => { request.headers.relabelled = 'yes'; });
    http('relabelled', (request, response) => response.json({ relabelled: request.headers.relabelled ?? 'no' }));`,
};

function bundlesFolder(): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'bundles-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  symlinkSync(NODE_MODULES, join(root, 'node_modules'));
  for (const [name, code] of Object.entries(BUNDLES)) {
    mkdirSync(join(root, name));
    writeFileSync(
      join(root, name, 'index.js'),
      `const { http } = require('@google-cloud/functions-framework');\n${code}\n`,
    );
  }
  return root;
}

async function harness(options: { processes?: number; offsetMs?: number } = {}) {
  const lines: string[] = [];
  const troubles: string[] = [];
  let pids: readonly number[] = [];
  let offsetMs = options.offsetMs ?? 0;
  const supervisor = new FunctionsSupervisor({
    functions: Object.keys(BUNDLES),
    bundlesFolder: bundlesFolder(),
    environment: { GREETING: 'hello' },
    processes: options.processes ?? 1,
    offsetMs: () => offsetMs,
    onLine: (line) => lines.push(line),
    onProcesses: (running) => (pids = running),
    onTrouble: (message) => troubles.push(message),
  });
  onTestFinished(() => supervisor.stop());
  await supervisor.start();
  const call = async (name: string) => {
    const address = await supervisor.resolve(name);
    if (address === undefined) throw new Error(`nobody runs ${name}`);
    return fetch(`http://${address.host}:${address.port}/`);
  };
  return {
    supervisor,
    lines,
    troubles,
    pids: () => pids,
    call,
    json: async (name: string) => (await (await call(name)).json()) as Record<string, unknown>,
    advance: (ms: number) => {
      offsetMs += ms;
      return supervisor.moveClock();
    },
  };
}

test('a function sees the environment it is given, and nothing of the machine', async () => {
  const h = await harness();

  const environment = await h.json('environment');

  expect(environment['GREETING']).toBe('hello');
  expect(environment).not.toHaveProperty('HOME');
  expect(environment).not.toHaveProperty('PATH');
});

test('what a bundle does to the HTTP server is in force for its first request', async () => {
  const h = await harness();

  expect(await h.json('relabelled')).toEqual({ relabelled: 'yes' });
});

test('a function uses the shared clock from its start, and follows its moves', async () => {
  const hourMs = 3_600_000;
  const h = await harness({ offsetMs: hourMs });

  const first = await h.json('clock');
  await h.advance(hourMs);
  const moved = await h.json('clock');

  expect(Number(first['now']) - Date.now()).toBeGreaterThan(hourMs - 60_000);
  expect(Number(moved['now']) - Date.now()).toBeGreaterThan(2 * hourMs - 60_000);
  expect(Math.abs(Number(moved['date']) - Number(moved['now']))).toBeLessThan(1000);
});

test('a request that comes while the clock moves is served in the new time', async () => {
  const dayMs = 86_400_000;
  const h = await harness();
  await h.json('clock');

  const moving = h.advance(dayMs);
  const seen = await h.json('clock');

  expect(Number(seen['now']) - Date.now()).toBeGreaterThan(dayMs - 60_000);
  await moving;
});

test('a host that is killed comes back with the same ports and the right time, and requests wait for it', async () => {
  const dayMs = 86_400_000;
  const h = await harness();
  await h.advance(dayMs);
  const before = await h.supervisor.resolve('clock');
  const [pid = 0] = h.pids();

  process.kill(pid, 'SIGKILL');
  await vi.waitFor(() => expect(h.troubles).toHaveLength(1), 60_000);
  const answer = await h.json('clock');

  expect(answer['pid']).not.toBe(pid);
  expect(h.pids()).toEqual([answer['pid']]);
  expect(await h.supervisor.resolve('clock')).toEqual(before);
  expect(Number(answer['now']) - Date.now()).toBeGreaterThan(dayMs - 60_000);
});

test('requests are spread over several hosts', async () => {
  const h = await harness({ processes: 2 });

  const pids = [await h.json('clock'), await h.json('clock'), await h.json('clock')].map((answer) => answer['pid']);

  expect(new Set(pids.slice(0, 2))).toEqual(new Set(h.pids()));
  expect(pids[2]).toBe(pids[0]);
});

test('a bundle that does not load answers 503 and says why; the others are served', async () => {
  const h = await harness();

  const broken = await h.call('broken');
  const clock = await h.call('clock');

  expect(broken.status).toBe(503);
  expect(clock.status).toBe(200);
  await vi.waitFor(() => expect(h.lines.join('\n')).toContain('this bundle does not load'), 60_000);
});

test('loading all bundles ahead changes nothing for callers', async () => {
  const h = await harness();

  h.supervisor.preload();
  await vi.waitFor(() => expect(h.troubles).toEqual([]), 60_000);

  expect((await h.call('clock')).status).toBe(200);
  expect((await h.call('broken')).status).toBe(503);
});

test('every line that a function writes is handed on', async () => {
  const h = await harness();

  await h.call('speaker');

  await vi.waitFor(() => expect(h.lines.sort()).toEqual(['trouble', '{"severity":"INFO"}']), 60_000);
});

test('after stop no host runs, and no request waits for one', async () => {
  const h = await harness();
  const [pid = 0] = h.pids();

  await h.supervisor.stop();

  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect(await h.supervisor.resolve('clock')).toBeUndefined();
});
