import { DeployError } from './deploy-error.ts';
import { gcloud, terraform, type DeployContext } from './deploy-context.ts';
import { MissingProgram, type Finished } from './programs.ts';

/** Terraform cannot switch these on, because it needs them to switch on anything. */
export const FIRST_APIS = [
  'cloudresourcemanager.googleapis.com',
  'iam.googleapis.com',
  'serviceusage.googleapis.com',
  'storage.googleapis.com',
] as const;

const TERRAFORM_MINIMUM = [1, 11] as const;

export interface AccessOptions {
  /** Switch on what is off and make the state bucket, instead of refusing. */
  readonly prepare: boolean;
}

/**
 * Makes sure, in the order in which one thing needs the other, that everything is there before anything is changed.
 * Throws DeployError for the first thing that is missing.
 */
export async function checkAccess(context: DeployContext, options: AccessOptions): Promise<void> {
  await checkTerraform(context);
  await checkCredentials(context);
  await checkProject(context);
  await checkBilling(context);
  await checkApis(context, options);
  await checkStateBucket(context, options);
}

async function checkTerraform(context: DeployContext): Promise<void> {
  const minimum = TERRAFORM_MINIMUM.join('.');
  const install = ['Install it: https://developer.hashicorp.com/terraform/install'];
  const answer = await present(() => terraform(context, ['version', '-json']), 'Terraform', install);
  const version = /"terraform_version":\s*"(\d+)\.(\d+)[^"]*"/.exec(answer.stdout);
  if (version === null) throw new DeployError(`Terraform does not run: ${said(answer)}`, install);
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major < TERRAFORM_MINIMUM[0] || (major === TERRAFORM_MINIMUM[0] && minor < TERRAFORM_MINIMUM[1])) {
    throw new DeployError(`Terraform ${major}.${minor} is too old: ${minimum} or newer is needed.`, install);
  }
  context.world.note(`ok  Terraform ${major}.${minor}`);
}

async function checkCredentials(context: DeployContext): Promise<void> {
  const accounts = await present(
    () => gcloud(context, ['auth', 'list', '--filter=status:ACTIVE', '--format=value(account)']),
    'The Google Cloud CLI (gcloud)',
    ['Install it: https://cloud.google.com/sdk/docs/install'],
  );
  const account = accounts.stdout.trim();
  if (accounts.code !== 0 || account === '') {
    throw new DeployError('gcloud has no active account.', ['gcloud auth login']);
  }
  // Its output is a token, which nobody needs to see.
  const token = await gcloud(context, ['auth', 'application-default', 'print-access-token']);
  if (token.code !== 0) {
    throw new DeployError('There are no Application Default Credentials, which Terraform and the scripts use.', [
      `gcloud auth application-default login --project=${context.target.project}`,
    ]);
  }
  context.world.note(`ok  credentials of ${account}`);
}

async function checkProject(context: DeployContext): Promise<void> {
  const { project } = context.target;
  const answer = await gcloud(context, ['projects', 'describe', project, '--format=value(lifecycleState)']);
  if (answer.code !== 0) {
    throw new DeployError(`The project ${project} does not exist, or this account may not see it: ${said(answer)}`, [
      'gcloud projects list',
      `gcloud projects create ${project}`,
    ]);
  }
  const state = answer.stdout.trim();
  if (state !== 'ACTIVE') throw new DeployError(`The project ${project} is ${state}.`);
  context.world.note(`ok  project ${project}`);
}

async function checkBilling(context: DeployContext): Promise<void> {
  const { project } = context.target;
  const answer = await gcloud(context, ['billing', 'projects', 'describe', project, '--format=value(billingEnabled)']);
  if (answer.code !== 0) {
    // Whoever deploys need not be allowed to look at billing.
    context.world.note(`--  billing: not known, because this account may not look (${said(answer)})`);
    return;
  }
  if (answer.stdout.trim().toLowerCase() !== 'true') {
    throw new DeployError(`The project ${project} has no billing account.`, [
      'gcloud billing accounts list',
      `gcloud billing projects link ${project} --billing-account=ACCOUNT`,
    ]);
  }
  context.world.note('ok  billing');
}

async function checkApis(context: DeployContext, { prepare }: AccessOptions): Promise<void> {
  const { project } = context.target;
  const answer = await gcloud(context, [
    'services',
    'list',
    '--enabled',
    `--project=${project}`,
    '--format=value(config.name)',
  ]);
  if (answer.code !== 0) {
    throw new DeployError(`The project's APIs cannot be listed: ${said(answer)}`, [
      `gcloud services enable serviceusage.googleapis.com --project=${project}`,
    ]);
  }
  const enabled = new Set(answer.stdout.split('\n').map((line) => line.trim()));
  const missing = FIRST_APIS.filter((api) => !enabled.has(api));
  if (missing.length === 0) {
    context.world.note('ok  APIs');
    return;
  }
  const enable = ['services', 'enable', ...missing, `--project=${project}`];
  if (!prepare) {
    throw new DeployError(`These APIs are off: ${missing.join(', ')}.`, [
      `gcloud ${enable.join(' ')}`,
      'or `npm run deploy -- apply …`, which does that first',
    ]);
  }
  context.world.note(`..  switching on ${missing.join(', ')}`);
  const enabling = await gcloud(context, enable);
  if (enabling.code !== 0) {
    throw new DeployError(`The APIs could not be switched on: ${said(enabling)}`, [`gcloud ${enable.join(' ')}`]);
  }
  context.world.note('ok  APIs');
}

async function checkStateBucket(context: DeployContext, { prepare }: AccessOptions): Promise<void> {
  const { project, region, stateBucket } = context.target;
  const url = `gs://${stateBucket}`;
  const found = await gcloud(context, ['storage', 'buckets', 'describe', url, '--format=value(name)']);
  if (found.code === 0) {
    context.world.note(`ok  Terraform's state in ${url}`);
    return;
  }
  if (!/not found|404|does not exist/i.test(found.stderr)) {
    throw new DeployError(`The bucket for Terraform's state, ${url}, cannot be used: ${said(found)}`, [
      'Choose another with --state-bucket, or ask for roles/storage.admin on it.',
    ]);
  }
  const create = [
    'storage',
    'buckets',
    'create',
    url,
    `--project=${project}`,
    `--location=${region}`,
    '--uniform-bucket-level-access',
    '--public-access-prevention',
  ];
  const keepVersions = ['storage', 'buckets', 'update', url, '--versioning'];
  if (!prepare) {
    throw new DeployError(`There is no bucket ${url} for Terraform's state.`, [
      `gcloud ${create.join(' ')}`,
      `gcloud ${keepVersions.join(' ')}`,
      'or `npm run deploy -- apply …`, which does that first',
    ]);
  }
  context.world.note(`..  making ${url} for Terraform's state`);
  for (const command of [create, keepVersions]) {
    const answer = await gcloud(context, command);
    if (answer.code !== 0) {
      throw new DeployError(`The bucket ${url} could not be made: ${said(answer)}`, [`gcloud ${command.join(' ')}`]);
    }
  }
  context.world.note(`ok  Terraform's state in ${url}`);
}

async function present(run: () => Promise<Finished>, name: string, hint: readonly string[]): Promise<Finished> {
  try {
    return await run();
  } catch (thrown) {
    if (!(thrown instanceof MissingProgram)) throw thrown;
    throw new DeployError(`${name} is not installed, or not on the PATH.`, hint);
  }
}

/** What a program that failed wrote last, in one line. */
export function said({ stderr, stdout, code }: Finished): string {
  const lines = (stderr.trim() === '' ? stdout : stderr).trim().split('\n');
  const text = lines.slice(-3).join(' ').trim();
  return text === '' ? `exit code ${code}` : text;
}
