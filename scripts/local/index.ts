/** `npm start`: runs the whole API and its cloud on this machine until Ctrl-C. */
import { outliveOutput } from '#scripts/console/outlive-output.ts';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseOptions } from './options.ts';

const repositoryFolder = fileURLToPath(new URL('../../', import.meta.url));

/** npm passes the terminal's Ctrl-C on to its child, which already got it, so a second signal this soon is ignored. */
const SAME_SIGNAL_MS = 300;

/** A stop that takes longer has hung, and the process exits. */
const STOP_MS_MAX = 1_900;

const PARENT_CHECK_MS = 250;

const options = parseOptions(process.argv.slice(2));
outliveOutput();

// Imported only from here on, so that --help and a wrong option are answered at once. Google's clients talk to
// emulators only; without this setting they would first look for a metadata server.
process.env['METADATA_SERVER_DETECTION'] = 'none';
enableCompileCache(join(repositoryFolder, 'node_modules', '.cache', 'local-cloud'));
const { LocalCloud } = await import('./local-cloud.ts');
const { Snapshots } = await import('./console/snapshots.ts');

let cloud = newCloud();

function newCloud(settings: Partial<typeof options> = {}): InstanceType<typeof LocalCloud> {
  return new LocalCloud({
    ...options,
    ...settings,
    repositoryFolder,
    environment: process.env,
    print: (line) => console.error(line),
    onLoadSnapshot: loadSnapshot,
  });
}

/** Stops the cloud, replaces its state by the snapshot, and starts it again on the same ports. */
function loadSnapshot(name: string): void {
  const load = async (): Promise<void> => {
    const { port = options.port } = cloud;
    await cloud.stop();
    new Snapshots(options.stateFolder).restore(name);
    cloud = newCloud({ reset: false, port });
    await cloud.start();
    console.error(`The snapshot ${name} is loaded.`);
  };
  load().catch((thrown: unknown) => {
    console.error(explain(thrown));
    process.exit(1);
  });
}

let stopAskedAtMs: number | undefined;

function stop(): void {
  const nowMs = performance.now();
  if (stopAskedAtMs !== undefined) {
    if (nowMs - stopAskedAtMs > SAME_SIGNAL_MS) process.exit(130);
    return;
  }
  stopAskedAtMs = nowMs;
  setTimeout(() => process.exit(1), STOP_MS_MAX).unref();
  cloud.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  );
}

process.on('SIGINT', stop);
process.on('SIGTERM', stop);
process.on('SIGHUP', stop);
stopWithSetUp();

try {
  const greeting = await cloud.start();
  if (!options.quiet) console.log(`\n${greeting}\n`);
} catch (thrown) {
  if (stopAskedAtMs === undefined) {
    console.error(explain(thrown));
    process.exit(1);
  }
}

/**
 * Under npm, ends this process with the setup process that started it, which ends with npm, even if one of them is
 * killed.
 */
function stopWithSetUp(): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const setUp = process.ppid;
  setInterval(() => {
    if (process.ppid !== setUp) stop();
  }, PARENT_CHECK_MS).unref();
}

/** Returns one line for errors that the user can correct, and the whole error otherwise. */
function explain(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if ('code' in thrown && thrown.code === 'EADDRINUSE') {
    return `Port ${options.port} is in use. Stop what listens there, or choose another with --port or PORT.`;
  }
  if (thrown.name === 'StateInUse' || thrown.name === 'GoogleEmulatorMissing') return thrown.message;
  return `The local cloud could not be started. ${thrown.stack ?? thrown.message}`;
}
