import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, takesConnections } from '#scripts/local/state/ports.ts';

const EMULATOR = join('platform', 'pubsub-emulator', 'bin', 'cloud-pubsub-emulator');

/** Time that a Java virtual machine may need to start on a busy machine. */
const START_MS_MAX = 240_000;
const PROBE_MS = 100;

export interface GooglePubSubEmulator {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Returns the path of Google's Pub/Sub emulator; undefined if the gcloud SDK or that component is not installed. */
export function findPubSubEmulator(): string | undefined {
  const gcloud = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'gcloud'))
    .find((path) => existsSync(path));
  if (gcloud === undefined) return undefined;
  // Running gcloud takes seconds; the target of the link gives the same path in all but packaged installations.
  const beside = join(realpathSync(gcloud), '..', '..', EMULATOR);
  if (existsSync(beside)) return beside;
  const path = join(askSdkRoot(gcloud), EMULATOR);
  return existsSync(path) ? path : undefined;
}

/**
 * Starts Google's Pub/Sub emulator on a free port; undefined if it is not installed. Throws if it does not start
 * listening.
 */
export async function startPubSubEmulator(): Promise<GooglePubSubEmulator | undefined> {
  const path = findPubSubEmulator();
  if (path === undefined) return undefined;
  const port = await freePort();
  // The start script and its Java process form one process group, to be killed together.
  const child = spawn(path, ['--host=127.0.0.1', `--port=${port}`], { detached: true, stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const killOnExit = (): void => killGroup(child);
  process.once('exit', killOnExit);
  const stop = async (): Promise<void> => {
    process.off('exit', killOnExit);
    killGroup(child);
    await exited;
  };
  if (await listens(port, child)) return { address: `127.0.0.1:${port}`, stop };
  await stop();
  throw new Error(`Google's Pub/Sub emulator did not listen within ${START_MS_MAX} ms.`);
}

function askSdkRoot(gcloud: string): string {
  try {
    return execFileSync(gcloud, ['info', '--format=value(installation.sdk_root)'], { encoding: 'utf8' }).trim();
  } catch {
    // A gcloud that cannot print its SDK root has no usable emulator.
    return '';
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The process group has ended already.
  }
}

async function listens(port: number, child: ChildProcess): Promise<boolean> {
  const deadlineMs = Date.now() + START_MS_MAX;
  while (Date.now() < deadlineMs && child.exitCode === null) {
    if (await takesConnections(port)) return true;
    await sleep(PROBE_MS);
  }
  return false;
}
