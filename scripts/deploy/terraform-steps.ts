import { join } from 'node:path';
import { MANIFEST } from './artefacts.ts';
import { said } from './check-access.ts';
import { DeployError } from './deploy-error.ts';
import { gcloud, terraform, type DeployContext } from './deploy-context.ts';

/** What the deployment made, as `infra/outputs.tf` names it. */
export interface Outputs {
  readonly address: string;
  readonly database: string;
  readonly network: { readonly network: string; readonly region: string; readonly subnetwork: string };
}

/** Id of an environment's database, as `infra/main.tf` chooses it. */
export function databaseId(environment: string): string {
  return environment === 'production' ? '(default)' : `compute-api-${environment}`;
}

/** Connects the working data with the state in the bucket. */
export async function initialise(context: DeployContext): Promise<void> {
  const { stateBucket, environment } = context.target;
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
}

/** Values of the variables, for every command that reads the configuration. */
export async function variables(context: DeployContext): Promise<readonly string[]> {
  const { project, region, environment, varFiles } = context.target;
  const { root } = context.world;
  const adopt = await adopts(context);
  return [
    `-var-file=${join(root, MANIFEST)}`,
    ...varFiles.map((file) => `-var-file=${file}`),
    `-var=project=${project}`,
    `-var=region=${region}`,
    `-var=environment=${environment}`,
    `-var=adopt_database=${String(adopt)}`,
  ];
}

/** A database that is there and not in the state was left by a deployment that was destroyed, or made by hand. */
async function adopts(context: DeployContext): Promise<boolean> {
  const { project, environment } = context.target;
  const known = await terraform(context, ['state', 'list', 'google_firestore_database.main']);
  if (known.stdout.includes('google_firestore_database.main')) return false;
  const id = databaseId(environment);
  const args = [
    'firestore',
    'databases',
    'describe',
    `--database=${id}`,
    `--project=${project}`,
    '--format=value(type)',
  ];
  const found = await gcloud(context, args);
  if (found.code !== 0) return false;
  const type = found.stdout.trim();
  if (type !== 'DATASTORE_MODE') {
    throw new DeployError(`The database ${id} of ${project} is ${type}, and Datastore mode is needed.`, [
      'Use another project, or another environment: --env staging uses the database compute-api-staging.',
    ]);
  }
  context.world.note(`ok  the database ${id} exists already and is taken over`);
  return true;
}

/** Shows what would change. Answers whether there is anything; the plan is kept in `file`. */
export async function plan(context: DeployContext, given: readonly string[], file: string): Promise<boolean> {
  const args = ['plan', '-input=false', '-lock-timeout=120s', '-detailed-exitcode', `-out=${file}`, ...given];
  const { code } = await terraform(context, args, true);
  if (code === 0) return false;
  if (code === 2) return true;
  throw new DeployError('Terraform could not make a plan; what it wrote is above.');
}

/** Carries out exactly the plan that was shown. */
export async function applyPlan(context: DeployContext, file: string): Promise<void> {
  const { code } = await terraform(context, ['apply', '-input=false', '-lock-timeout=120s', file], true);
  if (code !== 0) {
    throw new DeployError('Terraform did not finish; what it wrote is above. What was made stays made.', [
      'Run the same command again: it goes on where it stopped. APIs, accounts and metrics that are new can take minutes to be known everywhere.',
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

/** Throws DeployError when nothing is deployed. */
export async function outputs(context: DeployContext): Promise<Outputs> {
  const answer = await terraform(context, ['output', '-json']);
  if (answer.code !== 0) throw new DeployError(`Terraform's outputs cannot be read: ${said(answer)}`);
  const values: unknown = JSON.parse(answer.stdout);
  const network = valueOf(values, 'network');
  return {
    address: text(valueOf(values, 'address'), 'address'),
    database: text(valueOf(values, 'database'), 'database'),
    network: {
      network: text(memberOf(network, 'network'), 'network'),
      region: text(memberOf(network, 'region'), 'region'),
      subnetwork: text(memberOf(network, 'subnetwork'), 'subnetwork'),
    },
  };
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
