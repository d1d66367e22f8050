import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Emulator } from '#scripts/emulators/emulator.ts';
import { takesConnections } from '../state/ports.ts';

const GUARD_MODULE = fileURLToPath(new URL('child-guard.ts', import.meta.url));

/** They are Java programs, and the machine may be busy. */
const START_MS_MAX = 60_000;
const PROBE_PAUSE_MS = 100;

/** Google's emulators cannot be run here; the message says what is missing. */
export class GoogleEmulatorMissing extends Error {
  override readonly name = 'GoogleEmulatorMissing';
}

/**
 * One of Google's own emulators, from the gcloud SDK: Firestore in Datastore mode, or Pub/Sub. They keep their state in
 * memory, so it ends with them.
 */
export class GoogleEmulator implements Emulator {
  readonly name: 'datastore' | 'pubsub';
  readonly #port: number;
  #child: ChildProcess | undefined;

  /** They take no port 0: the caller finds a free one. */
  constructor(name: 'datastore' | 'pubsub', port: number) {
    this.name = name;
    this.#port = port;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Throws `GoogleEmulatorMissing` before anything is started. */
  async start(): Promise<void> {
    const java = onPath('java');
    if (java === undefined) throw new GoogleEmulatorMissing("Google's emulators need Java, and there is no `java`.");
    const command = this.name === 'datastore' ? firestoreCommand(this.#port) : pubsubCommand(this.#port);
    const child = fork(GUARD_MODULE, [java, ...command], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#child = child;
    let lastWords = '';
    child.stderr?.on('data', (chunk: Buffer) => (lastWords = (lastWords + chunk.toString()).slice(-2000)));
    const giveUpAtMs = performance.now() + START_MS_MAX;
    while (!(await takesConnections(this.#port))) {
      if (child.exitCode !== null || performance.now() > giveUpAtMs) {
        await this.stop();
        throw new Error(`Google's ${this.name} emulator did not start: ${lastWords}`);
      }
      await new Promise((resume) => setTimeout(resume, PROBE_PAUSE_MS));
    }
  }

  /** All state is in the process, so another process it is. */
  async reset(): Promise<void> {
    await this.stop();
    await this.start();
  }

  stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGTERM');
    });
  }
}

function firestoreCommand(port: number): string[] {
  const jar = join(platformFolder(), 'cloud-firestore-emulator', 'cloud-firestore-emulator.jar');
  if (!existsSync(jar)) throw new GoogleEmulatorMissing(missingComponent('cloud-firestore-emulator'));
  return [
    // Its error messages exist in English only.
    '-Duser.language=en',
    '-cp',
    jar,
    'com.google.cloud.datastore.emulator.firestore.CloudFirestore',
    'start',
    '--host=127.0.0.1',
    `--port=${port}`,
    '--database-mode=datastore-mode',
  ];
}

function pubsubCommand(port: number): string[] {
  const folder = join(platformFolder(), 'pubsub-emulator', 'lib');
  const jar = existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith('.jar')) : undefined;
  if (jar === undefined) throw new GoogleEmulatorMissing(missingComponent('pubsub-emulator'));
  return ['-jar', join(folder, jar), '--host=127.0.0.1', `--port=${port}`];
}

function missingComponent(component: string): string {
  return `The gcloud SDK has no ${component}. Install it with: gcloud components install ${component}`;
}

/** `platform/` of the SDK that the `gcloud` on the path belongs to. */
function platformFolder(): string {
  const gcloud = onPath('gcloud');
  if (gcloud === undefined) {
    throw new GoogleEmulatorMissing('--emulators google needs the gcloud SDK, and there is no `gcloud` on the path.');
  }
  return join(dirname(dirname(realpathSync(gcloud))), 'platform');
}

function onPath(program: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        // Not in this folder.
        return false;
      }
    });
}
