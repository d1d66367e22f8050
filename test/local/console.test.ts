import { existsSync } from 'node:fs';
import axe, { type AxeResults } from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { platformLine } from '#scripts/platform/platform-line.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { put } from '#shared/datastore/write.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { send } from '#test/support/http-client.ts';
import { eventually, sharedLocalCloud } from '#test/support/local-cloud.ts';
import { Records } from '#test/support/records.ts';
import { runLine } from '#test/support/run-line.ts';

/** Records that the test writes itself have no VM, which a sweep would notice. */
const NO_SWEEP = ['--sweep-seconds', '86400'];
const cloud = sharedLocalCloud({ args: ['--boot-seconds', '0.3', '--stop-seconds', '0.1', ...NO_SWEEP] });
const CREATE = { template_id: 'ubuntu-22-standard', config_id: 'default-network' };

async function ask(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) {
  return send(cloud().connection.control, {
    method,
    path,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Creates a running machine and returns its id. */
async function running(): Promise<string> {
  const { body } = await cloud().request('alice', 'POST', '/api/compute/v1/instances', { body: CREATE });
  const { id } = body as { id: string };
  await eventually(async () => {
    const answer = await cloud().request('alice', 'GET', `/api/compute/v1/instances/${id}`);
    return (answer.body as { status: string }).status === 'RUNNING' ? true : undefined;
  });
  return id;
}

test('shows record and VM side by side, and in words where they differ', async () => {
  const id = await running();
  await ask('POST', '/drift', { instance: id, action: 'delete' });
  await eventually(async () => ((await cloud().machines()).some(({ name }) => name === id) ? undefined : true));

  const { body } = await ask('GET', `/console/machines?search=${id}`);

  expect(body).toMatchObject({
    total: 1,
    lines: [{ id, record: 'RUNNING', vm: null, differences: ['There is no VM for this record.'] }],
  });
});

test('what it reads neither meets a fault nor spends it', async () => {
  const fault = { service: 'datastore', method: 'runQuery', kind: 'error', count: 1 };
  await ask('POST', '/faults', [fault]);

  const { status, body } = await ask('GET', '/console/overview');
  await ask('DELETE', '/faults');

  expect(status).toBe(200);
  expect(body).toMatchObject({ hasRecords: true, faults: [{ ...fault, left: 1 }] });
});

test('pages of other origins, and of hosts whose name leads here, are refused', async () => {
  const { host } = new URL(cloud().connection.control);

  const foreign = await ask('POST', '/faults', [], { origin: 'http://page.example' });
  const rebound = await ask('GET', '/console/overview', undefined, { host: 'page.example' });
  const own = await ask('POST', '/faults', [], { origin: `http://${host}` });

  expect([foreign.status, rebound.status, own.status]).toEqual([403, 403, 200]);
});

test('a request as a local user answers what the API answers; a wrong one says what is wrong', async () => {
  const listed = await ask('POST', '/console/request', { as: 'bob', method: 'GET', path: '/api/compute/v1/templates' });
  const unknown = await ask('POST', '/console/request', { as: 'mallory', method: 'GET', path: '/' });
  const outside = await ask('POST', '/console/request', { as: 'bob', method: 'GET', path: '//page.example/' });

  expect(listed.body).toMatchObject({ status: 200 });
  expect(unknown).toMatchObject({
    status: 400,
    body: { error: expect.stringContaining('alice, bob, carol, admin') as string },
  });
  expect(outside.status).toBe(400);
});

test('a snapshot that is loaded brings back what was deleted since, on the same addresses', async () => {
  const id = await running();
  const before = cloud().connection;
  expect((await ask('POST', '/console/snapshots', { name: '../x' })).status).toBe(400);
  expect((await ask('POST', '/console/snapshots', { name: 'with-vm' })).body).toMatchObject([{ name: 'with-vm' }]);
  await cloud().request('alice', 'DELETE', `/api/compute/v1/instances/${id}`);

  const load = await ask('POST', '/console/snapshots/load', { name: 'with-vm' });
  const missing = await eventually(() =>
    ask('POST', '/console/snapshots/load', { name: 'nothing' }).then(
      (answer) => answer,
      () => undefined,
    ),
  );

  expect(load).toMatchObject({ status: 200, body: { loading: 'with-vm' } });
  expect(missing).toMatchObject({
    status: 400,
    body: { error: expect.stringContaining('There are: with-vm.') as string },
  });
  const seen = await eventually(async () => {
    const answer = await cloud()
      .request('alice', 'GET', `/api/compute/v1/instances/${id}`)
      .catch(() => undefined);
    return answer?.status === 200 ? answer : undefined;
  });
  expect(seen.body).toMatchObject({ id, status: 'RUNNING' });
  expect(cloud().connection).toEqual(before);
});

test('doctor finds every fault that the control interface makes and that lasts, with the repair of each', async () => {
  const { body: left } = await cloud().request('alice', 'GET', '/api/compute/v1/instances');
  for (const { id } of Array.isArray(left) ? (left as readonly { readonly id: string }[]) : []) {
    await cloud().request('admin', 'DELETE', `/api/compute/v1/admin/instances/${id}`);
  }
  const [gone, stopped, refused] = [await running(), await running(), await running()];
  // Without the audit log's messages, a change made directly at Compute Engine leaves record and VM different.
  await ask('POST', '/faults', [{ service: 'pubsub', method: 'push', kind: 'error', count: 1_000 }]);
  await ask('POST', '/drift', { instance: stopped, action: 'stop' });
  await ask('POST', '/drift', { instance: gone, action: 'delete' });
  await ask('POST', '/faults', [
    { service: 'compute', method: 'instances.reset', kind: 'error', count: 7, status: 403 },
  ]);
  await cloud().request('alice', 'POST', `/api/compute/v1/instances/${refused}/reset`);
  await cloud().advance(301);
  const doctor = async () => {
    const { stdout } = await runLine(platformLine, ['doctor', '--json', '--local', '--state-dir', cloud().stateFolder]);
    return (JSON.parse(stdout) as { readonly findings: readonly Readonly<Record<'finding' | 'repair', string>>[] })
      .findings;
  };

  const found = await doctor();

  const repairOf = (text: string) => found.find(({ finding }) => finding.includes(text))?.repair;
  expect(repairOf(`Instance ${stopped}: the record is not`)).toBe(`npm run platform -- instances sync ${stopped}`);
  expect(repairOf(`Instance ${gone} (RUNNING) has no VM`)).toBe(`npm run platform -- instances sync ${gone}`);
  expect(repairOf(`reset of ${refused}`)).toMatch(/^npm run platform -- operations retry op-/);
  expect(repairOf('instances.reset of compute: error, 7 times')).toContain('curl -X DELETE');
  expect(repairOf('push of pubsub: error')).toContain('curl -X DELETE');
  await ask('DELETE', '/faults');
  expect((await doctor()).some(({ finding }) => finding.startsWith('In force'))).toBe(false);
  for (const id of [gone, stopped, refused])
    await cloud().request('admin', 'DELETE', `/api/compute/v1/admin/instances/${id}`);
});

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', process.env['CHROMIUM'] ?? ''].find(
  (path) => path !== '' && existsSync(path),
);
if (CHROMIUM === undefined) console.warn('skipped: the console in a browser, because there is no Chromium.');

describe.skipIf(CHROMIUM === undefined)('in Chromium', () => {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());

  /** Opens the page, and records its errors and every request to another origin. */
  async function open(settings: Parameters<Browser['newPage']>[0] = {}) {
    if (browser === undefined) throw new Error('The browser has not started.');
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...settings });
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(cloud().connection.control) && !url.startsWith('data:')) complaints.push(`left: ${url}`);
    });
    await page.goto(`${cloud().connection.control}/console`);
    await page.getByText(/machines, \d+ differ/).waitFor();
    return { page, complaints };
  }

  async function go(page: Page, view: string): Promise<void> {
    await page.getByRole('navigation').getByRole('link', { name: view }).click();
  }

  async function accessibilityFaults(page: Page): Promise<readonly string[]> {
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate<AxeResults>('axe.run()');
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`.slice(0, 300));
  }

  test('a machine is made, broken, looked at and repaired by buttons alone', async () => {
    const { page, complaints } = await open();
    const said = (text: RegExp) => page.getByRole('status').filter({ hasText: text }).waitFor();

    await go(page, 'Credentials');
    await page.getByRole('button', { name: 'Run as carol' }).click();
    await said(/Create as carol: 201/);
    const id = /tw-[0-9a-f-]+/.exec((await page.getByRole('status').textContent()) ?? '')?.[0] ?? '';
    await go(page, 'Machines');
    await page.getByLabel('Search').fill(id);
    await page.locator('#machine-table').getByText('RUNNING').nth(1).waitFor();
    await go(page, 'Faults');
    const stop = page.getByRole('group', { name: 'instances.stop' });
    await stop.getByRole('button', { name: 'operationError' }).click();
    await said(/instances\.stop meet: operationError/);
    await go(page, 'Machines');
    await page.getByRole('button', { name: id }).click();
    const details = page.locator('#machine-details');
    await details
      .getByRole('group', { name: /administrator/ })
      .getByRole('button', { name: 'stop' })
      .click();
    await said(/stop of .*: 202/);
    await go(page, 'Operations');
    await page
      .locator('#operation-table')
      .getByText(/cloud_quota_exceeded/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: '+1 hour' }).click();
    await said(/3600 seconds/);

    expect(complaints).toEqual([]);
    await page.close();
  });

  test.each([
    ['light', 1280, ['Requests', 'Machines']],
    ['dark', 420, ['Operations', 'Faults', 'Credentials', 'Snapshots', 'Machines']],
  ] as const)('no fault of accessibility in %s and %i wide, in %j', async (colorScheme, width, shown) => {
    const { page, complaints } = await open({ colorScheme, viewport: { width, height: 900 } });

    for (const view of shown) {
      await go(page, view);
      await page.locator(`#${view.toLowerCase()}`).locator('table, dl, button, p').first().waitFor();
      expect(await accessibilityFaults(page), view).toEqual([]);
    }
    await page.locator('#machine-table').getByRole('button').first().click();
    await page.locator('#details-title').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await page.evaluate('document.activeElement.id')).toBe('details-title');
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('of many machines a page has 50 lines, and a search finds one of them', async () => {
    const records = new Records(cloud().connection);
    onTestFinished(() => records.close());
    const ids = Array.from({ length: 400 }, (_, index) => `tw-5000aa-${String(index).padStart(8, '0')}`);
    await records.store.write(ids.map((id) => put(INSTANCE, id, anInstance({ id }))));

    const { page, complaints } = await open();
    await page.locator('#machine-table tbody tr').nth(49).waitFor();
    const lines = await page.locator('#machine-table tbody tr').count();
    await page.getByLabel('Search').fill(ids[321] ?? '');
    await page.getByText('1 found, page 1 of 1').waitFor();

    expect(lines).toBe(50);
    expect(await page.locator('#machine-table tbody tr').count()).toBe(1);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
