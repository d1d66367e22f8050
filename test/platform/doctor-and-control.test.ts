import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { DRIFT_ACTIONS, type DriftAction } from '#scripts/emulators/compute/compute-emulator.ts';
import { FAULT_METHODS } from '#scripts/emulators/faults.ts';
import { ControlServer } from '#scripts/local/control.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { aDesk, type Findings, ID } from './a-desk.ts';
import { commandIn } from './run-repair.ts';

/*
 * Whatever the control interface of a local cloud breaks, and that lasts, the doctor finds and says how to repair. The
 * lists are the control interface's own.
 */

const SETTINGS = { identity: { database: '', epochMs: 0 }, keptMs: 7 * 86_400_000 };

type Desk = Awaited<ReturnType<typeof aDesk>>;

/** The control interface over the desk's emulators. */
async function controlOf({ cloud }: Desk) {
  const server = new ControlServer({
    compute: cloud.emulator,
    faults: cloud.faults,
    clock: cloud.clock,
  });
  await server.start();
  onTestFinished(() => server.stop());
  return (method: string, path: string, body?: unknown) =>
    fetch(`http://${server.address}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

test('every fault in force is named, and one command takes all of them away', async () => {
  const desk = await aDesk();
  const { settings } = await desk.localCloud();
  const all = Object.entries(FAULT_METHODS).flatMap(([service, methods]) =>
    Object.entries(methods).flatMap(([method, kinds]) => kinds.map((kind) => ({ service, method, kind, left: 3 }))),
  );
  settings.faults = all;

  const done = await desk.runLocal('doctor', '--json');

  expect(done.exitCode, done.stderr).toBe(3);
  const { findings } = JSON.parse(done.stdout) as Findings;
  const found = findings.find(({ check }) => check === 'injected faults');
  for (const { service, method, kind } of all)
    expect(found?.finding).toContain(`${method} of ${service}: ${kind}, 3 times`);
  const [, url = ''] = /^curl -X DELETE (\S+)$/.exec(found?.repair ?? '') ?? [];
  await fetch(url, { method: 'DELETE' });
  expect(JSON.parse((await desk.runLocal('doctor', '--json')).stdout)).toEqual({ findings: [] });
});

/** The change that must come before each one, if any: only a stopped VM can be started. */
const BEFORE: Readonly<Record<DriftAction, DriftAction | undefined>> = {
  stop: undefined,
  start: 'stop',
  delete: undefined,
  preempt: undefined,
};

test.each(DRIFT_ACTIONS)('a VM that drifts by %s is named, and one command repairs it', async (action) => {
  const desk = await aDesk();
  const control = await controlOf(desk);
  const before = BEFORE[action];
  if (before !== undefined) {
    desk.cloud.emulator.drift(ID, before);
    desk.advance(10);
    await sweep(SETTINGS, desk.tools);
  }

  expect((await control('POST', '/drift', { instance: ID, action })).status).toBe(200);
  desk.advance(400);
  await desk.swept();

  const { findings } = await desk.doctor();
  expect(findings).toHaveLength(1);
  expect(findings[0]?.finding).toContain(ID);
  const repaired = await desk.repair(commandIn(findings[0]?.repair ?? ''));
  expect(repaired.exitCode, repaired.stderr).toBe(0);
  expect((await desk.doctor()).findings).toEqual([]);
});

test('what the control interface can change besides is a fault of neither kind', async () => {
  const desk = await aDesk();
  const control = await controlOf(desk);

  const { error } = (await (await control('GET', '/nothing')).json()) as { readonly error: string };
  const paths = /There are: (.*)\.$/.exec(error)?.[1]?.split(', ') ?? [];
  const changing: string[] = [];
  for (const path of paths) {
    const { status, headers } = await control('PATCH', path);
    expect(status).toBe(405);
    if (/POST|DELETE/.test(headers.get('allow') ?? '')) changing.push(path);
  }

  // `/clock` moves the one clock of everything, `/networks` adds what no row names yet. The walk of `/deploy` is in
  // test/local/desk.test.ts, because a wrong setting needs functions that have it.
  expect(changing.toSorted()).toEqual(['/clock', '/deploy', '/drift', '/faults', '/networks']);
  await control('POST', '/clock', { advanceSeconds: 3 });
  await control('POST', '/networks', [{ name: 'made', mode: 'auto' }]);
  await desk.swept();
  expect((await desk.doctor()).findings).toEqual([]);
});

test('a fault that hurts what the doctor asks keeps it neither from the other checks nor from saying so', async () => {
  const desk = await aDesk();
  desk.storeFaults.add([{ service: 'datastore', method: 'runQuery', kind: 'error', count: 1_000, status: 7 }]);

  const done = await desk.run('doctor', '--json');

  expect(done.exitCode, done.stderr).toBe(3);
  const checks = (JSON.parse(done.stdout) as Findings).findings.map(({ check }) => check);
  expect(checks).toEqual(expect.arrayContaining(['operations', 'dead letters', 'machines', 'customers', 'keys']));
});

test('the README names every kind of fault that the control interface takes', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const kinds = new Set(Object.values(FAULT_METHODS).flatMap((methods) => Object.values(methods).flat()));

  for (const kind of kinds) expect(readme).toContain(`\`${kind}\``);
});
