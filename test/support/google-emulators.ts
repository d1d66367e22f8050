import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '#scripts/local/state/ports.ts';

/** Time that a Java virtual machine may need to start on a busy machine. */
const START_MS_MAX = 240_000;
const PROBE_MS = 100;

const FIRESTORE = join('platform', 'cloud-firestore-emulator', 'cloud_firestore_emulator');

export interface GoogleEmulator {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** Ends the emulator's whole process group. */
  stop(): Promise<void>;
}

/** Returns the path of Google's Firestore emulator; undefined if the gcloud SDK or that component is not installed. */
export function findFirestoreEmulator(): string | undefined {
  return findInSdk(FIRESTORE);
}

/** Starts Google's Firestore emulator in Datastore mode on a free port; undefined if it is not installed. */
export async function startFirestoreEmulator(): Promise<GoogleEmulator | undefined> {
  const path = findFirestoreEmulator();
  if (path === undefined) return undefined;
  const port = await freePort();
  const parameters = ['start', '--host=127.0.0.1', `--port=${port}`, '--database-mode=datastore-mode'];
  return startEmulator({ path, parameters, port });
}

function findInSdk(component: string): string | undefined {
  const gcloud = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'gcloud'))
    .find((path) => existsSync(path));
  if (gcloud === undefined) return undefined;
  // Running gcloud takes seconds; the target of the link gives the same path in all but packaged installations.
  const beside = join(realpathSync(gcloud), '..', '..', component);
  if (existsSync(beside)) return beside;
  const path = join(askSdkRoot(gcloud), component);
  return existsSync(path) ? path : undefined;
}

function askSdkRoot(gcloud: string): string {
  try {
    return execFileSync(gcloud, ['info', '--format=value(installation.sdk_root)'], { encoding: 'utf8' }).trim();
  } catch {
    // A gcloud that cannot print its SDK root has no usable emulator.
    return '';
  }
}

async function startEmulator({
  path,
  parameters,
  port,
}: {
  readonly path: string;
  readonly parameters: readonly string[];
  readonly port: number;
}): Promise<GoogleEmulator> {
  // The start script and its Java process form one process group, to be killed together.
  const child = spawn(path, parameters, { detached: true, stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const killOnExit = (): void => killGroup(child);
  process.once('exit', killOnExit);
  const stop = async (): Promise<void> => {
    process.off('exit', killOnExit);
    killGroup(child);
    await exited;
  };
  if (await answers(port, child)) return { address: `127.0.0.1:${port}`, stop };
  await stop();
  throw new Error(`${path} did not answer within ${START_MS_MAX} ms.`);
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The process group has ended already.
  }
}

/** Waits until the emulator serves: it then replies "Ok" to a plain GET. False if it exits or the time is up. */
async function answers(port: number, child: ChildProcess): Promise<boolean> {
  const deadlineMs = Date.now() + START_MS_MAX;
  while (Date.now() < deadlineMs && child.exitCode === null) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      if (response.ok) return true;
    } catch {
      // The port does not accept connections yet.
    }
    await sleep(PROBE_MS);
  }
  return false;
}
