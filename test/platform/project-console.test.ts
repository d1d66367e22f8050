import { request as httpRequest } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { consoleLine } from '#scripts/platform/console/console-line.ts';
import { ProjectConsole } from '#scripts/platform/console/project-console.ts';
import { DEAD_LETTER } from '#shared/datastore/bookkeeping-rows.ts';
import { COMPOSITE_INDEXES } from '#shared/datastore/indexes.ts';
import { put } from '#shared/datastore/write.ts';
import { OUR_LABEL } from '#test/support/cloud-and-records.ts';
import { accessibilityFaults, CHROMIUM, sharedBrowser } from '#test/support/console-page.ts';
import { runLine } from '#test/support/run-line.ts';
import { aDesk, ID } from './a-desk.ts';

/** The console over the desk's emulators, which are the project here. */
async function aProject() {
  const desk = await aDesk({ compositeIndexes: COMPOSITE_INDEXES });
  const { store, compute, nowMs } = desk.tools;
  const server = new ProjectConsole({ store, compute, nowMs, title: 'Project demo-project', port: 0 });
  await server.start();
  onTestFinished(() => server.stop());
  const origin = `http://${server.address}`;
  const get = async (path: string) => (await fetch(origin + path)).json();
  return { ...desk, origin, get };
}

test('shows records beside VMs, and in words where they differ', async () => {
  const { cloud, advance, get } = await aProject();
  await cloud.insert('tw-550e84-ffffffff', { labels: OUR_LABEL });
  cloud.emulator.drift(ID, 'stop');
  advance(10);

  const overview = await get('/console/overview');
  const { lines } = (await get('/console/machines')) as { readonly lines: readonly object[] };
  const machine = await get(`/console/machine?id=${ID}`);

  expect(overview).toMatchObject({ title: 'Project demo-project', readOnly: true, machines: 2, differing: 2 });
  expect(lines).toMatchObject([
    { id: 'tw-550e84-ffffffff', record: null, differences: ['There is no record of this VM.'] },
    { id: ID, record: 'RUNNING', vm: 'TERMINATED' },
  ]);
  expect(machine).toMatchObject({
    record: { id: ID },
    vm: { status: 'TERMINATED' },
    differences: ['Status: the record says RUNNING, the VM is TERMINATED.'],
    calls: null,
  });
  expect(await get('/console/machine?id=tw-nothing')).toEqual({ error: 'There is no machine tw-nothing.' });
});

test('shows operations with their attempts, those that wait first, and dead letters', async () => {
  const { accepted, work, store, tools, get } = await aProject();
  await accepted('stop');
  await work('op-1');
  const letter = { operationId: 'op-1', instanceId: ID, messageId: '4711', data: '{}', attributes: {} };
  await store.write([put(DEAD_LETTER, '4711', { ...letter, recordedAtMs: tools.nowMs() })]);

  const { operations } = (await get(`/console/machine?id=${ID}`)) as { readonly operations: readonly object[] };

  expect(await get('/console/operations')).toMatchObject({
    operations: [{ id: 'op-1', kind: 'stop', state: 'completed' }],
    deadLetters: [{ id: '4711', operationId: 'op-1' }],
  });
  expect(operations).toMatchObject([{ id: 'op-1', attempts: expect.any(Number) as number }]);
});

test('records and VMs are read once a minute, however many pages look', async () => {
  const { cloud, advance, get } = await aProject();
  await get('/console/overview');
  cloud.emulator.drift(ID, 'stop');
  advance(10);

  expect(await get('/console/overview')).toMatchObject({ differing: 0 });
  advance(60);
  expect(await get('/console/overview')).toMatchObject({ differing: 1 });
});

test('every change is refused, and so are pages of other origins and hosts whose name leads here', async () => {
  const { origin } = await aProject();
  const paths = [
    '/console/overview',
    '/console/request',
    '/faults',
    '/clock',
    '/drift',
    '/deploy',
    '/console/snapshots',
  ];

  for (const path of paths) {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await fetch(origin + path, { method, ...(method === 'DELETE' ? {} : { body: '{}' }) });
      expect([answer.status, answer.headers.get('allow')], `${method} ${path}`).toEqual([405, 'GET']);
    }
  }
  expect((await fetch(`${origin}/console/overview`, { headers: { origin: 'http://page.example' } })).status).toBe(403);
  const rebound = new Promise<number | undefined>((resolve, reject) => {
    const asked = httpRequest(`${origin}/console/overview`, { headers: { host: 'page.example' } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.once('error', reject).end();
  });
  expect(await rebound).toBe(403);
  expect((await fetch(`${origin}/faults`)).status).toBe(404);
  expect((await fetch(`${origin}//`)).status).toBe(400);
  expect((await fetch(`${origin}/console`)).status).toBe(200);
});

test('what Compute Engine or Datastore refuses is said, and asked again', async () => {
  const { cloud, get } = await aProject();
  cloud.faults.add([
    { service: 'compute', method: 'instances.aggregatedList', kind: 'error', count: 1_000, status: 403 },
  ]);

  expect(await get('/console/overview')).toMatchObject({ error: expect.any(String) as string });
  cloud.faults.clear();
  expect(await get('/console/overview')).toMatchObject({ machines: 1 });
});

describe('npm run console', () => {
  test('prints the address on 127.0.0.1, serves the page, and ends when it is asked to', async () => {
    const { environment } = await aDesk();
    const pages: Response[] = [];
    let printed = '';
    const line = consoleLine(
      { environment, stdout: (text) => (printed += text), stderr: () => undefined },
      async () => void pages.push(await fetch(printed.trim())),
    );

    const exitCode = await line.run(['--project', 'demo-project']);

    expect(exitCode).toBe(0);
    expect(printed).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/console\n$/);
    expect(pages[0]?.headers.get('content-security-policy')).toContain("default-src 'self'");
    await expect(fetch(printed.trim())).rejects.toThrow();
  });

  test('is no command that changes anything, says what it takes, and refuses a port that is none', async () => {
    const help = await runLine(consoleLine, ['--help']);
    const port = await runLine(consoleLine, ['--project', 'p', '--port', '70000']);

    expect(consoleLine().changingCommands()).toEqual([]);
    expect([help.exitCode, port.exitCode]).toEqual([0, 2]);
    expect(help.stdout).toMatch(/--project[^]*npm run console -- --project my-project/);
    expect(port.stderr).toContain('It is a number from 0 to 65535.');
  });
});

describe.skipIf(CHROMIUM === undefined)('in Chromium', () => {
  const browse = sharedBrowser();

  test('the page has machines and operations, no button that changes anything, and no fault of accessibility', async () => {
    const { origin, accepted, work } = await aProject();
    await accepted('stop');
    await work('op-1');

    const { page, complaints } = await browse(origin);
    await page.getByRole('heading', { name: 'Project demo-project' }).waitFor();
    await page.locator('#machine-table').getByRole('button').first().click();
    await page.locator('#details-title').waitFor();

    expect(await page.getByRole('navigation').getByRole('link').allTextContents()).toEqual(['Machines', 'Operations']);
    const buttons = await page.getByRole('button').allTextContents();
    expect(buttons.filter((text) => text !== ID)).toEqual(['Previous', 'Next']);
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
