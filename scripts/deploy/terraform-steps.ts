import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MANIFEST } from './artefacts.ts';
import { said } from './check-access.ts';
import { DeployError } from './deploy-error.ts';
import type { Database } from './database.ts';
import { terraform, type DeployContext } from './deploy-context.ts';

const LOCK_FILE = '.terraform.lock.hcl';
const PLATFORMS = ['darwin_amd64', 'darwin_arm64', 'linux_amd64', 'linux_arm64', 'windows_amd64'] as const;

/** Outputs of a deployment, as `infra/outputs.tf` names them. */
export interface Outputs {
  readonly address: string;
  readonly database: string;
  /** Address of each function, by name. */
  readonly functions: Readonly<Record<string, string>>;
  /** Where alerts are sent; empty if no one receives them. `undefined` in a deployment older than this output. */
  readonly alertsGoTo: string | undefined;
  readonly network: { readonly network: string; readonly region: string; readonly subnetwork: string };
}

/** Runs `terraform init` with the state in the bucket. */
export async function initialise(context: DeployContext): Promise<void> {
  const { stateBucket, environment } = context.target;
  const locked = existsSync(join(context.world.root, 'infra', LOCK_FILE));
  const answer = await terraform(context, [
    'init',
    '-input=false',
    '-reconfigure',
    `-backend-config=bucket=${stateBucket}`,
    `-backend-config=prefix=compute-api/${environment}`,
  ]);
  if (answer.code !== 0) {
    throw new DeployError(`Terraform cannot be initialised:\n${answer.stderr.trim()}`, [
      'It needs registry.terraform.io for its providers, and the state bucket.',
    ]);
  }
  context.world.note('ok  Terraform initialised');
  if (!locked) await lockProviders(context);
}

/**
 * `terraform init` records hashes for its own platform only; those of other platforms let a pipeline use the same
 * providers.
 */
async function lockProviders(context: DeployContext): Promise<void> {
  const answer = await terraform(context, [
    'providers',
    'lock',
    ...PLATFORMS.map((platform) => `-platform=${platform}`),
  ]);
  context.world.note(
    answer.code === 0
      ? `!!  infra/${LOCK_FILE} was made: commit it, so that every deployment uses the same providers`
      : `--  infra/${LOCK_FILE} has this platform's hashes alone (${said(answer)}); commit it all the same`,
  );
}

/** Returns the arguments with the variables' values, for every command that reads the configuration. */
export function variables(
  { target, world }: DeployContext,
  database: Database,
  alsoDatabases: readonly string[] = [],
): readonly string[] {
  const { project, region, environment, varFiles } = target;
  return [
    `-var-file=${join(world.root, MANIFEST)}`,
    ...varFiles.map((file) => `-var-file=${file}`),
    `-var=project=${project}`,
    `-var=region=${region}`,
    `-var=environment=${environment}`,
    `-var=database_id=${database.id}`,
    `-var=adopt_database=${String(database.adopt)}`,
    `-var=adopt_indexes=${JSON.stringify(database.indexes)}`,
    ...(alsoDatabases.length === 0 ? [] : [`-var=also_databases=${JSON.stringify(alsoDatabases)}`]),
  ];
}

/** Prints what would change and keeps the plan in `file`. Returns whether there are changes. */
export async function plan(context: DeployContext, given: readonly string[], file: string): Promise<boolean> {
  const args = ['plan', '-input=false', '-lock-timeout=120s', '-detailed-exitcode', `-out=${file}`, ...given];
  const { code } = await terraform(context, args, true);
  if (code === 0) return false;
  if (code === 2) return true;
  throw new DeployError('Terraform could not make a plan; what it wrote is above.');
}

/** Applies exactly the plan that was shown. */
export async function applyPlan(context: DeployContext, file: string): Promise<void> {
  const { code } = await terraform(context, ['apply', '-input=false', '-lock-timeout=120s', file], true);
  if (code !== 0) {
    throw new DeployError('Terraform did not finish; what it wrote is above. What was made stays made.', [
      'Run the same command again: it goes on where it stopped. A plan that is called stale has to be made and reviewed anew. APIs, accounts and metrics that are new can take minutes to be known everywhere.',
    ]);
  }
}

/** Applies one resource of the configuration and what it depends on. */
export async function applyOnly(context: DeployContext, address: string, given: readonly string[]): Promise<void> {
  const args = ['apply', '-input=false', '-lock-timeout=120s', '-auto-approve', `-target=${address}`, ...given];
  const { code } = await terraform(context, args, true);
  if (code !== 0) {
    throw new DeployError(`Terraform did not finish with ${address}; what it wrote is above.`, [
      'Run the same command again.',
    ]);
  }
}

export async function destroyAll(context: DeployContext, given: readonly string[]): Promise<void> {
  const { code } = await terraform(
    context,
    ['destroy', '-input=false', '-lock-timeout=120s', '-auto-approve', ...given],
    true,
  );
  if (code !== 0) {
    throw new DeployError('Terraform did not finish; what it wrote is above.', ['Run the same command again.']);
  }
}

/** Returns the deployment's outputs. Throws DeployError if nothing is deployed. */
export async function outputs(context: DeployContext): Promise<Outputs> {
  return outputsIn(await outputValues(context));
}

/** Returns the outputs of an earlier complete deployment; `undefined` if there was none. */
export async function outputsSoFar(context: DeployContext): Promise<Outputs | undefined> {
  const values = await outputValues(context);
  const all = ['address', 'database', 'network'].every((name) => valueOf(values, name) !== undefined);
  return all ? outputsIn(values) : undefined;
}

function outputsIn(values: unknown): Outputs {
  const network = valueOf(values, 'network');
  return {
    address: text(valueOf(values, 'address'), 'address'),
    database: text(valueOf(values, 'database'), 'database'),
    functions: texts(valueOf(values, 'functions')),
    alertsGoTo: optionalText(valueOf(values, 'alerts_go_to')),
    network: {
      network: text(memberOf(network, 'network'), 'network'),
      region: text(memberOf(network, 'region'), 'region'),
      subnetwork: text(memberOf(network, 'subnetwork'), 'subnetwork'),
    },
  };
}

async function outputValues(context: DeployContext): Promise<unknown> {
  const answer = await terraform(context, ['output', '-json']);
  if (answer.code !== 0) throw new DeployError(`Terraform's outputs cannot be read: ${said(answer)}`);
  return JSON.parse(answer.stdout);
}

function texts(value: unknown): Readonly<Record<string, string>> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function valueOf(outputs: unknown, name: string): unknown {
  return memberOf(memberOf(outputs, name), 'value');
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new DeployError(`Terraform's state has no output ${name}.`, ['Apply it first.']);
  return value;
}
