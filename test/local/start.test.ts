import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { Connection } from '#scripts/local/state/connection.ts';
import { portOf, takesConnections } from '#scripts/local/state/ports.ts';
import { LocalCloudProcess, eventually, isRunning, startLocalCloud } from '#test/support/local-cloud.ts';

const INDEX = fileURLToPath(new URL('../../scripts/local/index.ts', import.meta.url));

const OPTIONS = [
  'port',
  'state-dir',
  'reset',
  'boot-seconds',
  'stop-seconds',
  'function-processes',
  'emulators',
  'sweep-seconds',
  'entity-writes-per-second',
  'compute-reads-per-second',
  'watch',
  'inspect',
  'routes',
  'quiet',
];

test('the connection file is complete when it is ready, and for its owner only', async () => {
  const cloud = await startLocalCloud();

  const { principals, emulators, control, baseUrl } = cloud.connection;

  expect(baseUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(control).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  for (const address of Object.values(emulators)) expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(Object.keys(emulators).sort()).toEqual(['compute', 'datastore', 'pubsub']);
  expect(principals.alice).toMatchObject({ customerId: 'acme', tier: 'pro', groups: ['group1'], roles: [] });
  expect(principals.bob).toMatchObject({ customerId: 'acme', tier: 'pro', groups: ['group1'], roles: [] });
  expect(principals.carol).toMatchObject({ customerId: 'umbrella', tier: 'free', groups: ['group2'], roles: [] });
  expect(principals.admin).toMatchObject({ customerId: 'platform', roles: ['compute_admin'] });
  for (const { userId, project, token, apiKey, apiSecret, xApiKey } of Object.values(principals)) {
    expect(userId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(project).toMatch(/^proj_[a-z0-9]{16}$/);
    expect(token.length).toBeGreaterThan(40);
    expect(xApiKey).toBe(`${apiKey}_${apiSecret}`);
  }
  expect(statSync(join(cloud.stateFolder, 'connection.json')).mode & 0o777).toBe(0o600);
});

test('the one curl that it prints, on a line of its own, makes a VM that runs', async () => {
  const cloud = await startLocalCloud();
  const curls = cloud.output.split('\n').filter((line) => line.startsWith('curl '));
  expect(curls).toHaveLength(1);
  expect(cloud.output.trim().split('\n').length).toBeLessThanOrEqual(20);

  const { stdout, status } = await pasted(curls[0] ?? '');

  expect(status).toBe(0);
  const { id } = JSON.parse(stdout) as { id: string };
  const running = await eventually(async () => {
    const { body } = await cloud.request('alice', 'GET', `/api/compute/v1/instances/${id}`);
    const instance = body as { status: string; internalIp: string };
    return instance.status === 'RUNNING' ? instance : undefined;
  });
  expect(running.internalIp).toMatch(/^10\./);
  expect(await cloud.machines()).toMatchObject([{ name: id, status: 'RUNNING' }]);
});

test('after kill -9 and after Ctrl-C the same connection file is valid again, and the clock has not gone back', async () => {
  const cloud = await startLocalCloud();
  const before = cloud.connection;
  await cloud.advance(3600);

  await cloud.kill9();
  await cloud.start();
  const afterKill = cloud.connection;
  const exitCode = await cloud.stop('SIGINT');
  await cloud.start();

  expect(exitCode).toBe(0);
  await expectStillValid(afterKill, before);
  await expectStillValid(cloud.connection, afterKill);
  expect((await cloud.control('POST', '/clock', { advanceSeconds: 0 })).body).toMatchObject({ offsetSeconds: 3600 });
});

/** Expects the same credentials and addresses, except for a port that another program may have taken meanwhile. */
async function expectStillValid(now: Connection, before: Connection): Promise<void> {
  expect(now.principals).toEqual(before.principals);
  const addressesOf = ({ baseUrl, control, emulators }: Connection) => [baseUrl, control, ...Object.values(emulators)];
  const current = addressesOf(now);
  for (const [index, address] of addressesOf(before).entries()) {
    if (current[index] !== address) expect(await takesConnections(portOf(address) ?? 0), address).toBe(true);
  }
}

test('--reset begins anew, with new credentials and the real time', async () => {
  const cloud = await startLocalCloud();
  const before = cloud.connection.principals.alice;
  await cloud.advance(3600);
  await cloud.stop();

  await cloud.start(['--reset']);

  expect(cloud.connection.principals.alice.apiKey).not.toBe(before.apiKey);
  expect((await cloud.control('POST', '/clock', { advanceSeconds: 0 })).body).toMatchObject({ offsetSeconds: 0 });
});

test('no process outlives it when it is killed', async () => {
  const cloud = await startLocalCloud({ args: ['--function-processes', '2'] });
  const { main, functionHosts } = cloud.processes;
  expect(functionHosts).toHaveLength(2);

  process.kill(main, 'SIGKILL');

  await eventually(async () => ([main, ...functionHosts].some(isRunning) ? undefined : 'all gone'));
});

test('a function host that is killed is replaced, and the file of processes says by whom', async () => {
  const cloud = await startLocalCloud();
  const { functionHosts } = cloud.processes;

  cloud.killFunctionHosts();

  const replaced = await eventually(async () => {
    const now = cloud.processes.functionHosts;
    return now.length === 1 && now[0] !== functionHosts[0] ? now : undefined;
  });
  expect(replaced.every(isRunning)).toBe(true);
  expect((await fetch(`${cloud.baseUrl}/healthz`)).status).toBe(200);
});

test('--help names every option; a wrong one is refused in words', () => {
  const run = (...args: string[]) => spawnSync(process.execPath, [INDEX, ...args], { encoding: 'utf8' });

  const help = run('--help');
  const wrong = run('--port', 'eighty');

  expect(help.status).toBe(0);
  for (const option of OPTIONS) expect(help.stdout).toContain(`--${option}`);
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toContain('whole number from 0 to 65535');
});

test('a port in use is told in one line', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const cloud = new LocalCloudProcess({ port });
  onTestFinished(() => cloud.dispose());

  await expect(cloud.start()).rejects.toThrow(`Port ${port} is in use.`);

  expect(cloud.output.trim().split('\n')).toHaveLength(1);
});

test('a state folder that another one serves is refused in one line, and left alone', async () => {
  const first = await startLocalCloud();
  const second = new LocalCloudProcess({ stateFolder: first.stateFolder });
  onTestFinished(() => second.dispose());

  await expect(second.start(['--reset'])).rejects.toThrow(`runs already at ${first.baseUrl}`);

  expect(second.output.trim().split('\n')).toHaveLength(1);
  expect((await fetch(`${first.baseUrl}/healthz`)).status).toBe(200);
});

/** Runs a line in a shell and returns its output. */
async function pasted(line: string): Promise<{ readonly stdout: string; readonly status: number | null }> {
  const shell = spawn('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  shell.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  await once(shell, 'close');
  return { stdout, status: shell.exitCode };
}
