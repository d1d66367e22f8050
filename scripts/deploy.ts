import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { applyCommand, catalogueCommand, planCommand } from '#scripts/deploy/commands.ts';
import { destroyCommand } from '#scripts/deploy/destroy.ts';
import { DeployError } from '#scripts/deploy/deploy-error.ts';
import type { DeployContext, World } from '#scripts/deploy/deploy-context.ts';
import { restoreCommand } from '#scripts/deploy/restore.ts';
import { verifyCommand } from '#scripts/deploy/verify.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '');
/** The oldest gateway needs longer than any of our answers. */
const REQUEST_TIMEOUT_MS = 30_000;

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

const world: World = {
  root: ROOT,
  environment: process.env,
  node: process.execPath,
  note: (line) => process.stderr.write(`${line}\n`),
  ask: async (question) => {
    if (!process.stdin.isTTY) return undefined;
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return (await lines.question(question)).trim();
    } finally {
      lines.close();
    }
  },
  fetch: (url, headers) => fetch(url, { headers, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) }),
  sleep,
  nowMs: Date.now,
};

const program = new Command('deploy')
  .description('Deploys this repository to a Google Cloud project, shows what that would change, or removes it.')
  .showHelpAfterError('Add --help to see what it takes.')
  .addHelpText(
    'after',
    `
Usual order:
  npm run deploy -- plan --project my-project --region europe-west1
  npm run deploy -- apply --project my-project --region europe-west1

Every command can be run again, also after it was interrupted.`,
  );

catalogued(targeted(program.command('plan')))
  .description('check access, build, and show what apply would change')
  .option('--empty-database', 'make an empty database although machines have their records elsewhere', false)
  .option('--out <folder>', 'keep the plan, with all that applying it needs, for `apply --plan`')
  .action((options: TargetOptions & CatalogOptions & { readonly out?: string }) =>
    run(() =>
      planCommand(contextOf(options), {
        catalogue: catalogueOf(options),
        out: options.out === undefined ? undefined : resolve(options.out),
      }),
    ),
  );

catalogued(targeted(program.command('apply')))
  .description('check access, build, apply the infrastructure and the catalogue, and test the deployed API')
  .option('--yes', 'do not ask before changing anything', false)
  .option('--empty-database', 'make an empty database although machines have their records elsewhere', false)
  .option('--plan <folder>', 'apply exactly the plan that `plan --out` has kept, without building or asking')
  .action((options: TargetOptions & CatalogOptions & { readonly yes: boolean; readonly plan?: string }) =>
    run(async () => {
      const { yes } = options;
      const address = await applyCommand(contextOf(options), {
        yes,
        catalogue: catalogueOf(options),
        plan: options.plan === undefined ? undefined : resolve(options.plan),
      });
      process.stdout.write(`${address}\n`);
    }),
  );

targeted(program.command('restore'))
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
  .action((options: TargetOptions & { readonly snapshotTime: string; readonly into?: string; readonly yes: boolean }) =>
    run(async () => {
      const { snapshotTime, yes } = options;
      const into = options.into ?? `compute-api-restored-${snapshotTime.toLowerCase().replaceAll(/[^0-9tz]/g, '')}`;
      process.stdout.write(`${await restoreCommand(contextOf(options), { snapshotTime, into, yes })}\n`);
    }),
  );

targeted(program.command('verify'))
  .description('take those steps of the first-deployment list that a program can; changes nothing')
  .action((options: TargetOptions) => run(() => verifyCommand(contextOf(options))));

targeted(program.command('catalog'))
  .description('write the catalogue of what is deployed, with its blanks filled in, for `npm run catalog -- plan FILE`')
  .argument('[output]', 'file to write; standard output when absent')
  .addOption(catalogOption())
  .action((output: string | undefined, options: TargetOptions & { readonly catalog: string }) =>
    run(async () => {
      const files = { catalogue: resolve(options.catalog), output: output === undefined ? undefined : resolve(output) };
      process.stdout.write((await catalogueCommand(contextOf(options), files)) ?? '');
    }),
  );

targeted(program.command('destroy'))
  .description('remove what was deployed, but for the database; refused while customers have instances')
  .option('--delete-instances', "delete customers' instances and their disks too", false)
  .option('--confirm-instances <count>', 'how many instances that is', wholeNumber)
  .option('--yes', 'do not ask before destroying anything', false)
  .action(
    (
      options: TargetOptions & {
        readonly deleteInstances: boolean;
        readonly confirmInstances?: number;
        readonly yes: boolean;
      },
    ) =>
      run(() => {
        const { yes, deleteInstances, confirmInstances } = options;
        return destroyCommand(contextOf(options), { yes, deleteInstances, confirmInstances });
      }),
  );

await program.parseAsync();

function targeted(command: Command): Command {
  return command
    .requiredOption(
      '--project <id>',
      'Google Cloud project',
      // The ids of old, with a domain (`example.com:web`), fit into no name that is made of them: buckets, accounts.
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

function catalogued(command: Command): Command {
  return command.addOption(catalogOption()).option('--no-catalog', 'leave the catalogue as it is');
}

function catalogOption(): Option {
  return new Option('--catalog <file>', 'catalogue to apply').default(
    join(ROOT, 'infra', 'catalog.json'),
    'infra/catalog.json',
  );
}

function catalogueOf({ catalog }: CatalogOptions): string | undefined {
  return catalog === false ? undefined : resolve(catalog);
}

function contextOf(options: TargetOptions): DeployContext {
  const { project, region, env, stateBucket, databaseId, varFile } = options;
  const usual = join(ROOT, 'infra', `${env}.tfvars`);
  const varFiles =
    varFile.length > 0 ? varFile.map((file) => resolve(file)) : [usual].filter((file) => existsSync(file));
  return {
    world,
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

async function run(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (thrown) {
    if (!(thrown instanceof DeployError)) throw thrown;
    process.stderr.write([`deploy: ${thrown.message}`, ...thrown.hint.map((line) => `  ${line}`), ''].join('\n'));
    process.exitCode = 1;
  }
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
