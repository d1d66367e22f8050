import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { processStart } from '#scripts/local/state/process-start.ts';
import { LOCK_HEADER, StateLock } from '#scripts/local/state/state-lock.ts';

/*
 * After a kill -9, `npm start` refused with "It runs already" if the killed process was a zombie or its pid was reused,
 * and its port was taken: by another program, or by the gateway of this very start.
 */

function stateFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'state-lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a server that answers `/healthz`, with the token of a lock or without one. */
async function gatewayOf(token: string | undefined): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer((_, response) => {
    if (token !== undefined) response.setHeader(LOCK_HEADER, token);
    response.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, server };
}

function leaveLock(folder: string, holder: object): void {
  writeFileSync(join(folder, 'lock.json'), JSON.stringify(holder));
}

/** Starts a process that only waits and is no zombie. */
function aProcess() {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { pid: child.pid ?? 0, child };
}

test('a lock whose process id was used again is taken over, also when its port is taken by a stranger', async () => {
  const folder = stateFolder();
  const { port } = await gatewayOf(undefined);
  leaveLock(folder, { pid: aProcess().pid, port, token: 'killed', startedAt: 'long ago' });
  const lock = new StateLock(folder);

  await lock.acquire(port);

  const atMs = performance.now();
  await expect(new StateLock(folder).refuseIfHeld()).rejects.toThrow('has not ended');
  expect(performance.now() - atMs).toBeGreaterThanOrEqual(1_900);
  lock.release();
  await new StateLock(folder).refuseIfHeld();
});

test('a lock of an earlier version, which has no token, is taken over', async () => {
  const folder = stateFolder();
  const { port } = await gatewayOf(undefined);
  leaveLock(folder, { pid: aProcess().pid, port });

  await new StateLock(folder).acquire(port);
});

test('the own gateway at the port of a killed one is not mistaken for another’s', async () => {
  const folder = stateFolder();
  const lock = new StateLock(folder);
  const { port } = await gatewayOf(lock.token);
  leaveLock(folder, { pid: aProcess().pid, port, token: 'killed', startedAt: 'long ago' });

  await lock.acquire(port);
});

test.runIf(process.platform === 'linux')('a zombie holds nothing', async () => {
  const folder = stateFolder();
  // The shell does not wait for its child, which therefore stays a zombie after its end.
  const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  const { port } = await gatewayOf(undefined);
  while (processStart(pid) !== undefined) await new Promise((resolve) => setImmediate(resolve));
  process.kill(pid, 0);

  leaveLock(folder, { pid, port, token: 'killed', startedAt: 'any' });

  await new StateLock(folder).acquire(port);
});

test('a folder whose gateway answers with the token of its lock is refused, naming where', async () => {
  const folder = stateFolder();
  const { port } = await gatewayOf('serving');
  leaveLock(folder, { pid: 1, port, token: 'serving', startedAt: null });

  await expect(new StateLock(folder).acquire(port)).rejects.toThrow(`It runs already at http://127.0.0.1:${port}`);
});

test('a holder that is ending is waited for', async () => {
  const folder = stateFolder();
  const { pid, child } = aProcess();
  let looks = 0;
  const { port, server } = await gatewayOf(undefined);
  // The holder ends only after it was looked at twice, so a start that does not wait is refused.
  server.on('request', () => {
    looks += 1;
    if (looks === 3) child.kill('SIGKILL');
  });
  leaveLock(folder, { pid, port, token: 'leaving', startedAt: processStart(pid) });

  await new StateLock(folder).acquire(port);

  expect(looks).toBeGreaterThanOrEqual(3);
});

/* 12 of 45 starts after a kill -9 were refused. The parent of these zombies does not reap them while it lives. */
test('45 holders that were killed and left as zombies are taken over, each at once', async () => {
  const takenMs: number[] = [];
  for (let start = 0; start < 45; start += 1) {
    const folder = stateFolder();
    const pid = await zombieToBe();
    leaveLock(folder, { pid, port: 1, token: 'killed', startedAt: processStart(pid) });
    process.kill(pid, 'SIGKILL');
    const atMs = performance.now();
    const lock = new StateLock(folder);

    await lock.acquire(2);

    takenMs.push(performance.now() - atMs);
    lock.release();
  }
  expect(Math.max(...takenMs)).toBeLessThan(1_000);
});

/** Starts a process whose parent never reaps it. */
async function zombieToBe(): Promise<number> {
  const parent = spawn('sh', ['-c', 'sleep 600 & echo $!; exec sleep 600'], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
  return Number(pid.toString());
}
