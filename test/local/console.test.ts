import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FunctionManifest } from '#scripts/generate/function-manifest.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { put } from '#shared/datastore/write.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { accessibilityFaults, CHROMIUM, go, sharedBrowser } from '#test/support/console-page.ts';
import { send } from '#test/support/http-client.ts';
import { eventually, sharedLocalCloud } from '#test/support/local-cloud.ts';
import { Records } from '#test/support/records.ts';

const MANIFEST = path.join(process.cwd(), 'infra', 'generated', 'functions.json');
const { functions } = JSON.parse(readFileSync(MANIFEST, 'utf8')) as FunctionManifest;
const { trigger } = functions.find(({ name }) => name === 'power-worker') ?? {};
const DELIVERIES_MAX = trigger?.type === 'push' ? (trigger.attemptsMax ?? 0) : 0;

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

/** The first test of the file: no worker that looks for records of a deleted VM can meet the fault meanwhile. */
test('what it reads neither meets a fault nor spends it', async () => {
  const fault = { service: 'datastore', method: 'runQuery', kind: 'error', count: 1 };
  await ask('POST', '/faults', [fault]);

  const { status, body } = await ask('GET', '/console/overview');
  await ask('DELETE', '/faults');

  expect(status).toBe(200);
  expect(body).toMatchObject({ hasRecords: true, faults: [{ ...fault, left: 1 }] });
});

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

describe.skipIf(CHROMIUM === undefined)('in Chromium', () => {
  const browse = sharedBrowser();
  const open = (settings?: Parameters<typeof browse>[1]) => browse(cloud().connection.control, settings);

  test('a machine is made by the curl, broken by buttons, seen to fail, and replayed to its end', async () => {
    const { page, complaints } = await open();
    const said = (text: RegExp) => page.getByRole('status').filter({ hasText: text }).waitFor();
    const details = page.locator('#machine-details');
    const stop = async () => {
      await go(page, 'Machines');
      await details
        .getByRole('group', { name: /administrator/ })
        .getByRole('button', { name: 'stop' })
        .click();
      await said(/stop of .*: 202/);
      await go(page, 'Operations');
    };
    const breakBy = async (method: string, kind: string, count: number) => {
      await go(page, 'Faults');
      await page.getByLabel('How many calls').fill(String(count));
      await page
        .getByRole('group', { name: method, exact: true })
        .getByRole('button', { name: kind, exact: true })
        .click();
      await said(new RegExp(`${method} meet: ${kind}`));
    };

    await go(page, 'Credentials');
    const curl = await page.getByRole('region', { name: 'carol' }).locator('pre').first().textContent();
    const { stdout } = await promisify(execFile)('sh', ['-c', curl ?? '']);
    const { id } = JSON.parse(stdout) as { readonly id: string };
    await go(page, 'Machines');
    await page.getByLabel('Search').fill(id);
    await page.locator('#machine-table').getByText('RUNNING').nth(1).waitFor();
    await page.getByRole('button', { name: id }).click();

    await breakBy('instances.stop', 'operationError', 1);
    await stop();
    await page
      .locator('#operation-table')
      .getByText(/cloud_quota_exceeded/)
      .first()
      .waitFor();

    // As many as Pub/Sub tries before a message is a dead letter.
    await breakBy('push', 'error', DELIVERIES_MAX);
    await stop();
    const replay = page.locator('#dead-letters').getByRole('button', { name: 'Replay' });
    while ((await replay.count()) === 0) {
      await page.getByRole('button', { name: '+1 minute' }).click();
      await said(/60 seconds/);
    }
    expect(await page.locator('#operation-table tbody tr').first().textContent()).toMatch(
      /stop op-.*(pending|running)/,
    );
    await replay.first().click();
    await said(/Replay of op-.*: 200/);
    await go(page, 'Machines');
    await page.locator('#machine-table').getByText('TERMINATED').nth(1).waitFor();

    await cloud().request('bob', 'GET', '/api/compute/v1/instances/tw-000000-00000000');
    await go(page, 'Requests');
    await page.locator('#request-table tbody tr').filter({ hasText: 'instance_not_found' }).first().waitFor();
    const request = page.locator('#request-table tbody tr').filter({ hasText: 'dead-letters' }).first();
    await request.locator('summary').click();
    expect(await request.locator('pre').textContent()).toContain('"message": "request served"');
    expect(complaints).toEqual([]);
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
  });
});
