import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { applyCommand, catalogueCommand, planCommand } from './commands.ts';
import type { DeployContext, World } from './deploy-context.ts';
import { DeployError } from './deploy-error.ts';
import { destroyCommand, type DestroyOptions } from './destroy.ts';
import { localCommand } from './local-command.ts';
import { restoreCommand } from './restore.ts';
import { verifyCommand } from './verify.ts';

interface TargetOptions {
  readonly project: string;
  readonly region: string;
  readonly env: string;
  readonly stateBucket?: string;
  readonly databaseId?: string;
  readonly emptyDatabase?: boolean;
  readonly varFile: readonly string[];
}

interface CatalogOptions {
  readonly catalog: string | false;
}

interface Confirmed {
  readonly confirmInstances?: number;
  readonly confirmVolumes?: number;
}

/** Where results and errors are written. */
export interface Output {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

const PROCESS: Output = {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
};

/** The program `deploy`. */
export class DeployLine {
  readonly #world: World;
  readonly #output: Output;
  readonly #program: Command;
  readonly #changes: Command[] = [];
  #exitCode: 0 | 1 = 0;

  constructor(world: World, output: Output = PROCESS) {
    this.#world = world;
    this.#output = output;
    this.#program = new Command('deploy')
      .description('Deploys this repository to a Google Cloud project, shows what that would change, or removes it.')
      .exitOverride()
      .configureOutput({ writeOut: output.stdout, writeErr: output.stderr })
      .showHelpAfterError('Add --help to see what it takes.')
      .addHelpText(
        'after',
        `
Usual order:
  npm run deploy -- plan --project my-project --region europe-west1
  npm run deploy -- apply --project my-project --region europe-west1

For the local cloud that \`npm start\` runs:
  npm run deploy -- local

Every command can be run again, also after it was interrupted.`,
      );
    this.#addPlanAndApply();
    this.#addRestore();
    this.#addVerify();
    this.#addCatalog();
    this.#addDestroy();
    this.#addLocal();
  }

  /** Runs the command line and returns the exit code of the process. */
  async run(args: readonly string[]): Promise<0 | 1> {
    try {
      await this.#program.parseAsync(args, { from: 'user' });
      return this.#exitCode;
    } catch (thrown) {
      if (!(thrown instanceof CommanderError)) throw thrown;
      return thrown.exitCode === 0 ? 0 : 1;
    }
  }

  #addPlanAndApply(): void {
    this.#catalogued(targeted(this.#program.command('plan')))
      .description('check access, build, and show what apply would change')
      .option('--empty-database', 'make an empty database although machines have their records elsewhere', false)
      .option('--out <folder>', 'keep the plan, with all that applying it needs, for `apply --plan`')
      .action((options: TargetOptions & CatalogOptions & { readonly out?: string }) =>
        this.#work(() =>
          planCommand(this.#contextOf(options), {
            catalogue: catalogueOf(options),
            out: options.out === undefined ? undefined : resolve(options.out),
          }),
        ),
      );
    this.#catalogued(targeted(this.#changing(this.#program.command('apply'))))
      .description('check access, build, apply the infrastructure and the catalogue, and test the deployed API')
      .option('--yes', 'do not ask before changing anything', false)
      .option('--empty-database', 'make an empty database although machines have their records elsewhere', false)
      .option('--plan <folder>', 'apply exactly the plan that `plan --out` has kept, without building or asking')
      .action((options: TargetOptions & CatalogOptions & { readonly yes: boolean; readonly plan?: string }) =>
        this.#work(async () => {
          const { yes } = options;
          const address = await applyCommand(this.#contextOf(options), {
            yes,
            catalogue: catalogueOf(options),
            plan: options.plan === undefined ? undefined : resolve(options.plan),
          });
          this.#output.stdout(`${address}\n`);
        }),
      );
  }

  #addRestore(): void {
    targeted(this.#changing(this.#program.command('restore')))
      .description('take the deployment over to its records as they were at a time of the last seven days')
      .requiredOption(
        '--snapshot-time <time>',
        'a whole minute in UTC, such as 2026-11-20T10:00:00Z',
        matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00Z$/, 'a whole minute in UTC, such as 2026-11-20T10:00:00Z'),
      )
      .option(
        '--into <id>',
        'database that the records go into (default: compute-api-restored-TIME)',
        matching(/^[a-z][-a-z0-9]{2,61}[a-z0-9]$/, '4 to 63 lower-case letters, digits or dashes'),
      )
      .option('--yes', 'do not ask before going over', false)
      .action(
        (options: TargetOptions & { readonly snapshotTime: string; readonly into?: string; readonly yes: boolean }) =>
          this.#work(async () => {
            const { snapshotTime, yes } = options;
            const into =
              options.into ?? `compute-api-restored-${snapshotTime.toLowerCase().replaceAll(/[^0-9tz]/g, '')}`;
            this.#output.stdout(`${await restoreCommand(this.#contextOf(options), { snapshotTime, into, yes })}\n`);
          }),
      );
  }

  #addVerify(): void {
    targeted(this.#program.command('verify'))
      .description('take those steps of the first-deployment list that a program can; changes nothing')
      .action((options: TargetOptions) => this.#work(() => verifyCommand(this.#contextOf(options))));
  }

  #addCatalog(): void {
    targeted(this.#program.command('catalog'))
      .description(
        'write the catalogue of what is deployed, with its blanks filled in, for `npm run catalog -- plan FILE`',
      )
      .argument('[output]', 'file to write; standard output when absent')
      .addOption(this.#catalogOption())
      .action((output: string | undefined, options: TargetOptions & { readonly catalog: string }) =>
        this.#work(async () => {
          const files = {
            catalogue: resolve(options.catalog),
            output: output === undefined ? undefined : resolve(output),
          };
          this.#output.stdout((await catalogueCommand(this.#contextOf(options), files)) ?? '');
        }),
      );
  }

  #addDestroy(): void {
    const options = targeted(this.#changing(this.#program.command('destroy')))
      .description('remove what was deployed, but for the database; refused while customers have instances or volumes')
      .option('--delete-instances', "delete customers' instances and their boot disks too", false)
      .option('--confirm-instances <count>', 'how many instances that is', wholeNumber)
      .option('--include-protected', 'among them those that are protected from deletion', false)
      .option('--yes', 'do not ask before destroying anything', false);
    options
      .addOption(
        new Option('--delete-volumes', "delete customers' volumes too").default(false).conflicts('keepVolumes'),
      )
      .option('--confirm-volumes <count>', 'how many volumes that is', wholeNumber)
      .option('--keep-volumes', "leave customers' volumes, and pay for them", false)
      .action((given: TargetOptions & Omit<DestroyOptions, 'confirmInstances' | 'confirmVolumes'> & Confirmed) =>
        this.#work(() => {
          const { yes, deleteInstances, confirmInstances, includeProtected } = given;
          const { deleteVolumes, confirmVolumes, keepVolumes } = given;
          const instances = { deleteInstances, confirmInstances, includeProtected };
          const volumes = { deleteVolumes, confirmVolumes, keepVolumes };
          return destroyCommand(this.#contextOf(given), { yes, ...instances, ...volumes });
        }),
      );
  }

  #addLocal(): void {
    this.#changing(this.#program.command('local'))
      .description(
        'bring the local cloud that runs to what this repository says: build, make its indexes, start its functions anew',
      )
      .option(
        '--state-dir <folder>',
        'where the local cloud keeps its state, unless $LOCAL_STATE_DIR says it',
        this.#world.environment['LOCAL_STATE_DIR'] ?? '.local',
      )
      .action(({ stateDir }: { readonly stateDir: string }) =>
        this.#work(() => localCommand(this.#world, { stateDir: resolve(stateDir) })),
      );
  }

  /** Names of the commands that change what is deployed; each leaves an entry in the audit trail. */
  changingCommands(): readonly string[] {
    return this.#changes.map((command) => command.name());
  }

  #changing(command: Command): Command {
    this.#changes.push(command);
    return command;
  }

  #catalogued(command: Command): Command {
    return command.addOption(this.#catalogOption()).option('--no-catalog', 'leave the catalogue as it is');
  }

  #catalogOption(): Option {
    return new Option('--catalog <file>', 'catalogue to apply').default(
      join(this.#world.root, 'infra', 'catalog.json'),
      'infra/catalog.json',
    );
  }

  #contextOf(options: TargetOptions): DeployContext {
    const { project, region, env, stateBucket, databaseId, varFile } = options;
    const usual = join(this.#world.root, 'infra', `${env}.tfvars`);
    const varFiles =
      varFile.length > 0 ? varFile.map((file) => resolve(file)) : [usual].filter((file) => existsSync(file));
    return {
      world: this.#world,
      target: {
        project,
        region,
        environment: env,
        stateBucket: stateBucket ?? `${project}-compute-api-state`,
        stateBucketNamed: stateBucket !== undefined,
        databaseId,
        emptyDatabase: options.emptyDatabase ?? false,
        varFiles,
      },
    };
  }

  async #work(command: () => Promise<void>): Promise<void> {
    try {
      await command();
    } catch (thrown) {
      if (!(thrown instanceof DeployError)) throw thrown;
      this.#output.stderr([`deploy: ${thrown.message}`, ...thrown.hint.map((line) => `  ${line}`), ''].join('\n'));
      this.#exitCode = 1;
    }
  }
}

function targeted(command: Command): Command {
  return command
    .requiredOption(
      '--project <id>',
      'Google Cloud project',
      // Old project ids with a domain (`example.com:web`) cannot be part of bucket and account names, which contain the
      // id.
      matching(/^[a-z][-a-z0-9]{4,28}[a-z0-9]$/, 'a project id of 6 to 30 lower-case letters, digits or dashes'),
    )
    .requiredOption(
      '--region <region>',
      'region of everything',
      matching(/^[a-z]+-[a-z]+\d{1,2}$/, 'a region such as europe-west1'),
    )
    .addOption(
      new Option('--env <name>', 'name of the deployment; several can share a project')
        .default('production')
        .argParser(matching(/^[a-z][-a-z0-9]{1,13}[a-z0-9]$/, '3 to 15 lower-case letters, digits or dashes')),
    )
    .option('--state-bucket <name>', "bucket of Terraform's state (default: PROJECT-compute-api-state)")
    .option(
      '--database-id <id>',
      'Datastore database (default: the deployed one, else the usual one of the environment)',
      matching(
        /^(\(default\)|[a-z][-a-z0-9]{2,61}[a-z0-9])$/,
        '(default), or 4 to 63 lower-case letters, digits or dashes',
      ),
    )
    .addOption(
      new Option('--var-file <file>', "values of Terraform's other variables (may be repeated)")
        .argParser((file: string, before: readonly string[]) => [...before, file])
        .default([], 'infra/ENV.tfvars where there is one'),
    );
}

function catalogueOf({ catalog }: CatalogOptions): string | undefined {
  return catalog === false ? undefined : resolve(catalog);
}

function matching(pattern: RegExp, form: string): (value: string) => string {
  return (value) => {
    if (!pattern.test(value)) throw new InvalidArgumentError(`It must be ${form}.`);
    return value;
  };
}

function wholeNumber(value: string): number {
  if (!/^\d{1,6}$/.test(value)) throw new InvalidArgumentError('It must be a number.');
  return Number(value);
}
