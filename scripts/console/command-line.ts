import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { Gate } from '#shared/concurrency/gate.ts';
import { Store } from '#shared/datastore/store.ts';
import type { AuditActor } from '#shared/domain/audit.ts';
import { commandActor } from './command-actor.ts';
import { datastoreTarget, targetText, type Target, type TargetOptions } from './datastore-target.ts';
import { durationMs } from './durations.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { explain } from './explain.ts';
import { outliveOutput } from './outlive-output.ts';
import { reach } from './reach.ts';

/** Options that every command has. */
export interface CommonOptions extends TargetOptions {
  readonly json?: boolean;
}

/** What a command's function receives. */
export interface Session {
  /** Refuses writes, unless the command is declared as one that changes stored data. */
  readonly store: Store;
  /**
   * The store's location, with the options and variables that determined it; commands find other services with them.
   */
  readonly place: { readonly target: Target; readonly options: CommonOptions; readonly environment: Environment };
  /** The actor and the id of this run, for the audit trail. */
  readonly by: { readonly actor: AuditActor; readonly requestId: string };
  /** The Datastore on which the command works. */
  readonly target: Target;
  readonly json: boolean;
  /** Prints the result: text for people, or the value with --json. */
  print(text: string, value: unknown): void;
  /** Prints anything but the result (progress, warnings) to standard error. */
  note(text: string): void;
}

export interface Leaf {
  /** Name and arguments, as commander writes them: `create <id>`. */
  readonly usage: string;
  readonly summary: string;
  /** Whether the command changes stored data and therefore adds an entry to the audit trail. Default: false. */
  readonly changes?: boolean;
  /** Example arguments, to be printed after `npm run NAME --`. */
  readonly examples: readonly string[];
  /** Adds the command's own options and the descriptions of its arguments. */
  readonly configure?: (command: Command) => Command;
  /** Returns what is wrong with the combination of arguments and options, before the store is used. */
  readonly check?: (args: readonly string[], options: never) => string | undefined;
}

/** Runs a command with the options that commander has checked. Returns the exit code. */
export type Work = (session: Session, args: readonly string[], options: never) => Promise<ExitCode>;

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment and outputs of a program run. */
export interface Surroundings {
  readonly environment: Environment;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

function processSurroundings(): Surroundings {
  outliveOutput();
  return {
    environment: process.env,
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
  };
}

/** A program with its commands: common options, examples in every help text, exit codes. */
export class CommandLine {
  readonly program: Command;
  readonly #surroundings: Surroundings;
  readonly #changing = new Set<Command>();
  #exitCode: ExitCode = EXIT.ok;

  constructor(name: string, description: string, surroundings: Surroundings = processSurroundings()) {
    this.#surroundings = surroundings;
    this.program = new Command(name)
      .description(description)
      .usage('COMMAND')
      .exitOverride()
      .configureOutput({ writeOut: surroundings.stdout, writeErr: surroundings.stderr })
      .showHelpAfterError('Add --help to see what it takes.');
  }

  /** Adds a command that only has subcommands. */
  group(name: string, summary: string): Command {
    return this.program.command(name).summary(summary).description(summary);
  }

  leaf(parent: Command, leaf: Leaf, work: Work): void {
    this.#equip(parent.command(leaf.usage).summary(leaf.summary).description(leaf.summary), leaf, work);
  }

  /** Makes the program itself the only command. */
  only(leaf: Omit<Leaf, 'usage' | 'summary'>, work: Work): void {
    this.#equip(this.program.usage('[options]'), leaf, work);
  }

  #equip(command: Command, leaf: Omit<Leaf, 'usage' | 'summary'>, work: Work): void {
    leaf.configure?.(command);
    if (leaf.changes === true) this.#changing.add(command);
    command
      .option('--json', 'print JSON instead of tables')
      .option('--local', 'work on the local cloud that `npm start` runs')
      .option('--state-dir <dir>', 'where the local cloud keeps its state (default: $LOCAL_STATE_DIR or .local)')
      .option('--project <id>', 'Google Cloud project (default: $GOOGLE_CLOUD_PROJECT)')
      .option('--env <name>', 'environment of the deployment, as `npm run deploy` was given it: staging, for one')
      .option('--database <id>', 'Datastore database (default: $DATASTORE_DATABASE or that of production)')
      .addHelpText(
        'after',
        `\nExamples:\n${leaf.examples.map((example) => `  npm run ${this.program.name()} -- ${example}\n`).join('')}`,
      )
      .action(async () => {
        const wrong = impossibleArgument(command) ?? leaf.check?.(command.args, command.opts<never>());
        if (wrong !== undefined) command.error(`error: ${wrong}`);
        this.#exitCode = await this.#work(command, leaf, work);
      });
  }

  /** Returns the full names of all commands that change stored data. */
  changingCommands(): readonly string[] {
    const nameOf = (command: Command): string =>
      command.parent === null || command.parent === this.program
        ? command.name()
        : `${nameOf(command.parent)} ${command.name()}`;
    return [...this.#changing].map(nameOf);
  }

  /** Runs the command line and returns the exit code of the process. */
  async run(args: readonly string[]): Promise<ExitCode> {
    try {
      await this.program.parseAsync(args, { from: 'user' });
      return this.#exitCode;
    } catch (thrown) {
      if (!(thrown instanceof CommanderError)) throw thrown;
      return thrown.code === 'commander.helpDisplayed' || thrown.code === 'commander.version' ? EXIT.ok : EXIT.usage;
    }
  }

  async #work(command: Command, { changes = false }: Pick<Leaf, 'changes'>, work: Work): Promise<ExitCode> {
    const common = command.opts<CommonOptions>();
    const json = common.json ?? false;
    const note = (text: string) => this.#surroundings.stderr(`${forTerminal(text)}\n`);
    const print = (text: string, value: unknown) =>
      this.#surroundings.stdout(json ? `${JSON.stringify(value, undefined, 2)}\n` : forTerminal(text));
    let place = 'Datastore';
    let store: Store | undefined;
    try {
      const target = datastoreTarget(common, this.#surroundings.environment);
      place = targetText(target);
      // Names the store, so that a forgotten variable or option does not send changes elsewhere unnoticed.
      if (common.local !== true || common.project !== undefined) note(`On ${place}.`);
      store = await openStore(target);
      // Only a change looks up the account, because that needs a request to Google.
      const actor = await commandActor(target.emulatorHost !== undefined || !changes);
      const by = { actor, requestId: randomBytes(16).toString('hex') };
      const session = {
        store: changes ? store : store.behind(READ_ONLY),
        place: { target, options: common, environment: this.#surroundings.environment },
        by,
        target,
        json,
        print,
        note,
      };
      return await work(session, command.args, command.opts<never>());
    } catch (thrown) {
      const { exitCode, ...error } = explain(thrown, place, common.local === true);
      note(json ? JSON.stringify({ error }) : `${this.program.name()}: ${error.message}`);
      return exitCode;
    } finally {
      await store?.close();
    }
  }
}

/** Datastore's limit for an id; longer paths of files are not needed either. */
const ARGUMENT_BYTES_MAX = 1500;

/** An empty argument is a variable of a script that was not set; as an id or a filter it would mean something else. */
function impossibleArgument(command: Command): string | undefined {
  if (command.args.includes('')) return 'an argument is empty.';
  if (command.args.some((each) => Buffer.byteLength(each) > ARGUMENT_BYTES_MAX)) return 'an argument is too long.';
  const values = command.opts<Readonly<Record<string, unknown>>>();
  const option = command.options.find((each) => values[each.attributeName()] === '' && !MAY_BE_EMPTY.has(each.name()));
  return option === undefined ? undefined : `the value of --${option.name()} is empty.`;
}

/** A name can be taken off; the API's name of the default database is empty; what a reason is, its action decides. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set(['name', 'database', 'reason']);

/**
 * Names that users choose are shown to operators: without their control characters they cannot move the cursor, change a
 * terminal's title, or hide a line.
 */
function forTerminal(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** Keeps a command that is declared to read from writing. */
const READ_ONLY: Gate = {
  opened: () => Promise.reject(new Error('This command is not declared as one that changes what is stored.')),
  requireNotRefused: () => undefined,
};

async function openStore(target: Target): Promise<Store> {
  if (target.emulatorHost !== undefined) {
    // Without this setting Google's libraries first look for a metadata server, which no emulator needs.
    process.env['METADATA_SERVER_DETECTION'] ??= 'none';
    await reach(target.emulatorHost);
  }
  const store = new Store({ ...target, random: Math.random, sleep });
  // Connects now to report missing credentials: in the first request the client throws where it cannot be caught.
  await store.connect();
  return store;
}

/** Collects the values of an option that may be repeated or hold several, separated by commas. */
export function collected(value: string, before: readonly string[] | undefined): readonly string[] {
  const words = value.split(',').map((word) => word.trim());
  if (words.includes('')) throw new InvalidArgumentError('A name is empty.');
  return [...(before ?? []), ...words];
}

/** Parses `90d`, `12h`, `30m` or `45s` into milliseconds. */
export function parsedDuration(value: string): number {
  const ms = durationMs(value);
  if (ms === undefined)
    throw new InvalidArgumentError('It is a number and a unit: 90d, 12h, 30m, 45s; ten years at most.');
  return ms;
}

/** Parses a whole number from 1 to 1,000. */
export function parsedLimit(value: string): number {
  const limit = Number(value);
  if (!/^[0-9]+$/.test(value) || limit < 1 || limit > 1000)
    throw new InvalidArgumentError('It is a number from 1 to 1000.');
  return limit;
}
