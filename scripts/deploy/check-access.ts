import { DeployError } from './deploy-error.ts';
import { gcloud, terraform, type DeployContext } from './deploy-context.ts';
import { MissingProgram, type Finished } from './programs.ts';

/** Terraform cannot enable these APIs, because it needs them to enable any API. */
export const FIRST_APIS = [
  'cloudresourcemanager.googleapis.com',
  'iam.googleapis.com',
  'serviceusage.googleapis.com',
  'storage.googleapis.com',
] as const;

const TERRAFORM_MINIMUM = [1, 11] as const;

export interface AccessOptions {
  /** Whether to enable missing APIs and create the state bucket instead of failing. */
  readonly prepare: boolean;
}

/**
 * Checks all prerequisites before anything is changed, in the order of their dependencies. Throws DeployError for the
 * first one that is missing.
 */
export async function checkAccess(context: DeployContext, options: AccessOptions): Promise<void> {
  await checkTerraform(context);
  await checkCredentials(context);
  const projectNumber = await checkProject(context);
  await checkBilling(context);
  await checkApis(context, options);
  await checkStateBucket(context, { ...options, projectNumber });
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
  // The command prints a token, so its output is not shown.
  const token = await gcloud(context, ['auth', 'application-default', 'print-access-token']);
  if (token.code !== 0) {
    throw new DeployError('There are no Application Default Credentials, which Terraform and the scripts use.', [
      `gcloud auth application-default login --project=${context.target.project}`,
    ]);
  }
  context.world.note(`ok  credentials of ${account}`);
}

/** Returns the project's number, which resources name as their owner. */
async function checkProject(context: DeployContext): Promise<string> {
  const { project } = context.target;
  const format = '--format=value(lifecycleState,projectNumber)';
  const answer = await gcloud(context, ['projects', 'describe', project, format]);
  if (answer.code !== 0) {
    throw new DeployError(`The project ${project} does not exist, or this account may not see it: ${said(answer)}`, [
      'gcloud projects list',
      `gcloud projects create ${project}`,
    ]);
  }
  const [state = '', projectNumber = ''] = answer.stdout.trim().split(/\s+/);
  if (state !== 'ACTIVE') throw new DeployError(`The project ${project} is ${state}.`);
  context.world.note(`ok  project ${project}`);
  return projectNumber;
}

async function checkBilling(context: DeployContext): Promise<void> {
  const { project } = context.target;
  const answer = await gcloud(context, ['billing', 'projects', 'describe', project, '--format=value(billingEnabled)']);
  if (answer.code !== 0) {
    // The deploying account may lack the permission to read billing, which a deployment does not need.
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

interface BucketOptions extends AccessOptions {
  readonly projectNumber: string;
}

async function checkStateBucket(context: DeployContext, options: BucketOptions): Promise<void> {
  const url = `gs://${context.target.stateBucket}`;
  const found = await gcloud(context, ['storage', 'buckets', 'describe', url, '--raw', '--format=json']);
  if (found.code === 0) {
    const bucket = JSON.parse(found.stdout) as Bucket;
    refuseForeign(context, bucket, options.projectNumber);
    await keepVersions(context, { url, isOn: bucket.versioning?.enabled === true, prepare: options.prepare });
  } else if (/not found|404|does not exist/i.test(found.stderr)) {
    await makeStateBucket(context, url, options);
  } else {
    throw new DeployError(`The bucket for Terraform's state, ${url}, cannot be used: ${said(found)}`, [
      'Choose another with --state-bucket, or ask for roles/storage.admin on it.',
    ]);
  }
  context.world.note(`ok  Terraform's state in ${url}`);
}

/** The used members of a bucket, as Cloud Storage describes it. */
interface Bucket {
  readonly projectNumber?: string | number;
  readonly versioning?: { readonly enabled?: boolean };
}

/**
 * Refuses a bucket of another project. Bucket names are global and this one can be guessed: a stranger who created it
 * first would receive the state, and could change what the next deployment does.
 */
function refuseForeign({ target, world }: DeployContext, bucket: Bucket, projectNumber: string): void {
  const owner = String(bucket.projectNumber ?? 'unknown');
  if (owner === projectNumber) return;
  const url = `gs://${target.stateBucket}`;
  if (!target.stateBucketNamed) {
    throw new DeployError(`The bucket ${url} belongs to another project (number ${owner}), not to ${target.project}.`, [
      `If that is meant, say so: --state-bucket ${target.stateBucket}`,
      'Otherwise name another, which is made when it does not exist: --state-bucket NAME',
    ]);
  }
  world.note(`--  ${url} belongs to another project (number ${owner})`);
}

async function makeStateBucket(context: DeployContext, url: string, { prepare }: AccessOptions): Promise<void> {
  const { project, region } = context.target;
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
  if (!prepare) {
    throw new DeployError(`There is no bucket ${url} for Terraform's state.`, [
      `gcloud ${create.join(' ')}`,
      `gcloud ${versioning(url).join(' ')}`,
      'or `npm run deploy -- apply …`, which does that first',
    ]);
  }
  context.world.note(`..  making ${url} for Terraform's state`);
  const answer = await gcloud(context, create);
  if (answer.code !== 0) {
    throw new DeployError(`The bucket ${url} could not be made: ${said(answer)}`, [`gcloud ${create.join(' ')}`]);
  }
  await keepVersions(context, { url, isOn: false, prepare });
}

interface Versions extends AccessOptions {
  readonly url: string;
  readonly isOn: boolean;
}

/** Enables object versions: a state that was overwritten or truncated can only be restored from an earlier version. */
async function keepVersions(context: DeployContext, { url, isOn, prepare }: Versions): Promise<void> {
  if (isOn) return;
  if (!prepare) {
    context.world.note(`--  ${url} does not keep earlier versions of the state; \`apply\` switches that on`);
    return;
  }
  const answer = await gcloud(context, versioning(url));
  if (answer.code !== 0) {
    throw new DeployError(`The bucket ${url} could not be told to keep versions: ${said(answer)}`, [
      `gcloud ${versioning(url).join(' ')}`,
    ]);
  }
  context.world.note(`ok  ${url} keeps earlier versions of the state`);
}

function versioning(url: string): readonly string[] {
  return ['storage', 'buckets', 'update', url, '--versioning'];
}

async function present(run: () => Promise<Finished>, name: string, hint: readonly string[]): Promise<Finished> {
  try {
    return await run();
  } catch (thrown) {
    if (!(thrown instanceof MissingProgram)) throw thrown;
    throw new DeployError(`${name} is not installed, or not on the PATH.`, hint);
  }
}

/** Returns the last three lines that a failed program wrote, as one line. */
export function said({ stderr, stdout, code }: Finished): string {
  const lines = (stderr.trim() === '' ? stdout : stderr).trim().split('\n');
  const text = lines.slice(-3).join(' ').trim();
  return text === '' ? `exit code ${code}` : text;
}
