import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';

export interface LocalOptions {
  /** Port of the gateway; 0: any free port. */
  readonly port: number;
  /** An absolute path. */
  readonly stateFolder: string;
  readonly reset: boolean;
  readonly bootSeconds: number;
  readonly stopSeconds: number;
  readonly functionProcesses: number;
  readonly emulators: 'embedded' | 'google';
  readonly sweepSeconds: number;
  /** Limit of the embedded Datastore per entity; undefined: no limit. */
  readonly entityWritesPerSecond: number | undefined;
  /** Reads of Compute Engine that are taken; `undefined`: all. */
  readonly computeReadsPerSecond: number | undefined;
  /** Whether a saved source is built and served. */
  readonly watch: boolean;
  /** Port on 127.0.0.1 to which a debugger can attach to debug any function; `undefined`: none. */
  readonly inspectPort: number | undefined;
  /** Whether the greeting lists every function with its method and path. */
  readonly routes: boolean;
  /** Whether the functions are loaded ahead of their first requests. */
  readonly preload: boolean;
  readonly quiet: boolean;
}

interface Parsed {
  readonly port: number;
  readonly stateDir: string;
  readonly reset?: true;
  readonly bootSeconds: number;
  readonly stopSeconds: number;
  readonly functionProcesses: number;
  readonly emulators: 'embedded' | 'google';
  readonly sweepSeconds: number;
  readonly entityWritesPerSecond?: number;
  readonly computeReadsPerSecond?: number;
  readonly watch?: true;
  readonly inspect?: number | true;
  readonly routes?: true;
  readonly preload: boolean;
  readonly quiet?: true;
}

/** The port on which debuggers look for Node.js processes by default. */
const INSPECT_PORT = 9229;

/** Parses the command line. Ends the process with a message if it is invalid or asks for help. */
export function parseOptions(argv: readonly string[]): LocalOptions {
  const command = new Command('npm start --')
    .description(
      'Runs the whole API with its cloud on this machine: gateway, functions, Datastore, Pub/Sub, Compute Engine.',
    )
    .addOption(
      new Option('--port <number>', "the gateway's port on 127.0.0.1; 0 is any free one")
        .env('PORT')
        .default(8080)
        .argParser((text) => wholeNumber(text, 0, 65_535)),
    )
    .addOption(new Option('--state-dir <folder>', 'where all state is kept').env('LOCAL_STATE_DIR').default('.local'))
    .option('--reset', 'begin with an empty cloud and new credentials')
    .option('--boot-seconds <number>', 'how long a VM takes to boot', seconds, 2)
    .option('--stop-seconds <number>', 'how long a VM takes to stop', seconds, 1)
    .option(
      '--function-processes <number>',
      'how many processes run the functions (round-robin)',
      (text) => wholeNumber(text, 1, 64),
      1,
    )
    .addOption(
      new Option('--emulators <which>', "of Datastore and Pub/Sub: embedded ones, or Google's from the gcloud SDK")
        .choices(['embedded', 'google'])
        .default('embedded'),
    )
    .option(
      '--sweep-seconds <number>',
      'time between two runs of scheduled functions',
      (text) => wholeNumber(text, 1, 86_400),
      60,
    )
    .option(
      '--entity-writes-per-second <number>',
      'how often one entity of the embedded Datastore takes a write; more are ABORTED (default: no limit)',
      rate,
    )
    .option(
      '--compute-reads-per-second <number>',
      'how many reads the embedded Compute Engine takes; more are told rateLimitExceeded (default: no limit; Google: 25)',
      rate,
    )
    .option('--watch', 'serve a source as soon as it is saved; bundles are not minified')
    .option(
      '--inspect [port]',
      `let a debugger stop in the functions, on 127.0.0.1:${INSPECT_PORT} unless a port is given; bundles are not minified`,
      (text) => wholeNumber(text, 1, 65_535),
    )
    .option('--routes', 'list every function with its method and path once it runs')
    .option('--no-preload', 'load each function at its first request: less memory, a slower first answer of each')
    .option('--quiet', 'print nothing but errors')
    .allowExcessArguments(false)
    .parse(argv, { from: 'user' });
  const parsed = command.opts<Parsed>();
  return {
    port: parsed.port,
    stateFolder: resolve(parsed.stateDir),
    reset: parsed.reset === true,
    bootSeconds: parsed.bootSeconds,
    stopSeconds: parsed.stopSeconds,
    functionProcesses: parsed.functionProcesses,
    emulators: parsed.emulators,
    sweepSeconds: parsed.sweepSeconds,
    entityWritesPerSecond: parsed.entityWritesPerSecond,
    computeReadsPerSecond: parsed.computeReadsPerSecond,
    watch: parsed.watch === true,
    inspectPort: parsed.inspect === true ? INSPECT_PORT : parsed.inspect,
    routes: parsed.routes === true,
    preload: parsed.preload,
    quiet: parsed.quiet === true,
  };
}

function wholeNumber(text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  }
  return value;
}

function rate(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value > 3600)
    throw new InvalidArgumentError('It must be a number from 0 to 3600.');
  return value;
}
