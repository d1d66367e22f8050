import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Emulator } from '#scripts/emulators/emulator.ts';
import { takesConnections } from '../state/ports.ts';

const GUARD_MODULE = fileURLToPath(new URL('child-guard.ts', import.meta.url));

/** The emulators are Java programs, which start slowly on a busy machine. */
const START_MS_MAX = 60_000;
const PROBE_PAUSE_MS = 100;

/** Google's emulators cannot run here; the message says what is missing. */
export class GoogleEmulatorMissing extends Error {
  override readonly name = 'GoogleEmulatorMissing';
}

/**
 * One of Google's own emulators from the gcloud SDK: Firestore in Datastore mode, or Pub/Sub. State is kept in memory
 * and ends with the process.
 */
export class GoogleEmulator implements Emulator {
  readonly name: 'datastore' | 'pubsub';
  readonly #port: number;
  #child: ChildProcess | undefined;

  /** The emulators do not support port 0, so the caller has to find a free one. */
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

  /** Restarts the process, which holds all state. */
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
    // The emulator finds its error messages only in English.
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

/** Returns the `platform/` folder of the SDK that contains the `gcloud` on the path. */
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
        // The program is not in this folder.
        return false;
      }
    });
}
