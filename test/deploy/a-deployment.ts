import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { DatastoreLists } from '#scripts/generate/infra-lists.ts';
import type { PlanItem } from '#shared/catalog/plan-catalog.ts';
import type { DeployContext, Target } from '#scripts/deploy/deploy-context.ts';
import { fakePrograms, type Answer } from './fake-programs.ts';

const INDEXES = [
  {
    kind: 'Instance',
    properties: [
      { name: 'userId', direction: 'asc' },
      { name: 'createdAtMs', direction: 'desc' },
    ],
  },
  { kind: 'InstanceEvent', properties: [{ name: 'instanceId', direction: 'asc' }] },
] satisfies DatastoreLists['indexes'];

const LISTS = { indexes: INDEXES, expiringKinds: ['Operation', 'Session'], expiryProperty: 'expireAt' } as const;

/** The index names of Terraform's configuration. */
const INDEX_NAMES = ['Instance-userId_asc-createdAtMs_desc', 'InstanceEvent-instanceId_asc'] as const;

/** Returns the state of a deployment with this database id, as `terraform show` prints it. */
export function stateWith(database: string, indexes: readonly string[] = INDEX_NAMES): Answer {
  const resources = [
    { address: 'google_firestore_database.main', type: 'google_firestore_database', values: { name: database } },
    ...indexes.map((index) => ({
      address: `google_firestore_index.index["${index}"]`,
      type: 'google_firestore_index',
      index,
      values: { name: `projects/my-project/databases/${database}/collectionGroups/K/indexes/known` },
    })),
  ];
  return { to: / show -json/, stdout: JSON.stringify({ values: { root_module: { resources } } }) };
}

/** Returns the output of `npm run catalog -- plan --json`; its exit code says that there are changes. */
export function cataloguePlan(...items: readonly Partial<PlanItem>[]): Answer {
  const plan = {
    items: items.map((item) => ({ section: 'tiers', members: [], uses: [], id: '', ...item })),
    warnings: [],
    refused: [],
  };
  return { to: /catalog.ts plan/, code: items.length === 0 ? 0 : 2, stdout: JSON.stringify(plan) };
}

/** Returns the probe's log entries: the function's line and, if given, the gateway's own entry. */
export function addressSeen(
  seen: { address: string; forwardedEntries: number; forwardedHops?: number },
  remoteIp?: string,
): Answer {
  const entries = [
    { resource: { type: 'cloud_run_revision' }, jsonPayload: seen },
    ...(remoteIp === undefined
      ? []
      : [{ resource: { type: 'apigateway.googleapis.com/Gateway' }, httpRequest: { remoteIp } }]),
  ];
  return { to: /^gcloud logging read jsonPayload.requestId/, stdout: JSON.stringify(entries) };
}

/** The answers of a project without any problems, in which a first deployment has just been completed. */
export const HEALTHY: readonly Answer[] = [
  { to: /^terraform .*version -json/, stdout: '{"terraform_version": "1.11.4"}' },
  { to: /^gcloud auth list/, stdout: 'operator@example.com\n' },
  { to: /^gcloud projects describe/, stdout: 'ACTIVE\t1234567890\n' },
  { to: /^gcloud billing/, stdout: 'True\n' },
  {
    to: /^gcloud services list/,
    stdout:
      'cloudresourcemanager.googleapis.com\niam.googleapis.com\nserviceusage.googleapis.com\nstorage.googleapis.com\n',
  },
  {
    to: /^gcloud storage buckets describe/,
    stdout: '{"name": "my-project-compute-api-state", "projectNumber": "1234567890", "versioning": {"enabled": true}}',
  },
  stateWith('(default)'),
  addressSeen({ address: '203.0.113.7', forwardedEntries: 3 }, '203.0.113.7'),
  { to: /^gcloud firestore databases describe/, stdout: 'DATASTORE_MODE\n' },
  {
    to: /^gcloud firestore fields ttls list/,
    stdout: JSON.stringify(
      LISTS.expiringKinds.map((kind) => ({
        name: `projects/p/databases/d/collectionGroups/${kind}/fields/expireAt`,
        ttlConfig: { state: 'ACTIVE' },
      })),
    ),
  },
  { to: /^terraform .* plan /, code: 2 },
  {
    to: /^terraform .*output -json/,
    stdout: JSON.stringify({
      address: { value: 'https://gateway.example' },
      alerts_go_to: { value: 'operators@example.com' },
      database: { value: '(default)' },
      network: {
        value: {
          network: 'global/networks/n',
          region: 'europe-west1',
          subnetwork: 'regions/europe-west1/subnetworks/s',
        },
      },
    }),
  },
  cataloguePlan({ what: 'tier free', change: 'add' }),
  { to: /^node .*catalog.ts apply/, stdout: '+ tier free\n\n1 to add, 0 to change, 0 to remove.\nDone.\n' },
  { to: /^node .*accounts.ts keys create/, stdout: '{"apiKey": "ak_live_1", "apiSecret": "secret-1"}' },
];

export interface DeploymentOptions {
  readonly answers?: readonly Answer[];
  readonly target?: Partial<Target>;
  /** The operator's answer to a question; `undefined`: there is no terminal. */
  readonly says?: string;
  /** Returns the deployed API's reply to requests with and without a key; it may change between calls. */
  readonly respond?: (headers: Readonly<Record<string, string>>) => Response;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Returns the reply of a healthy API: its own 401 without a key, a list with one. */
export function wellResponse(headers: Readonly<Record<string, string>>): Response {
  if (headers['api-key'] === 'ak_live_1' && headers['api-secret'] === 'secret-1')
    return Response.json({ templates: [] });
  return Response.json({ reason: 'unauthenticated' }, { status: 401, headers: { 'x-error-id': 'a'.repeat(32) } });
}

/** Creates a deployment with fake programs and a clock that advances by each sleep. Removed when the test ends. */
export async function aDeployment(options: DeploymentOptions = {}) {
  const root = await mkdtemp(join(tmpdir(), 'deploy-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await mkdir(join(root, '.build/functions/compute-one'), { recursive: true });
  for (const file of ['bundle.cache', 'bundle.js', 'bundle.js.map', 'index.js', 'package.json', 'package-lock.json']) {
    await writeFile(join(root, '.build/functions/compute-one', file), `content of ${file}`);
  }
  await mkdir(join(root, 'infra/generated'), { recursive: true });
  await writeFile(join(root, 'infra/generated/datastore.json'), JSON.stringify(LISTS));
  await writeFile(join(root, 'infra/.terraform.lock.hcl'), '');
  await writeFile(join(root, 'catalog.json'), '{"tiers": {"free": {}}, "configs": {"a": {"zone": "${zone}"}}}');
  const programs = fakePrograms(['terraform', 'gcloud', 'node'], [...(options.answers ?? []), ...HEALTHY]);
  const notes: string[] = [];
  const questions: string[] = [];
  let nowMs = 0;
  const context: DeployContext = {
    target: {
      project: 'my-project',
      region: 'europe-west1',
      environment: 'production',
      stateBucket: 'my-project-compute-api-state',
      stateBucketNamed: false,
      databaseId: undefined,
      emptyDatabase: false,
      varFiles: [],
      ...options.target,
    },
    world: {
      root,
      environment: options.environment ?? {},
      run: programs.run,
      node: '/usr/bin/node',
      note: (line) => notes.push(line),
      ask: async (question) => {
        questions.push(question);
        return options.says;
      },
      fetch: async (_, headers) => (options.respond ?? wellResponse)(headers),
      sleep: async (ms) => (nowMs += ms),
      nowMs: () => nowMs,
    },
  };
  const lines = async (): Promise<readonly string[]> => programs.calls.map(({ line }) => line);
  return {
    root,
    context,
    programs,
    notes,
    questions,
    lines,
    catalogue: join(root, 'catalog.json'),
    nowMs: () => nowMs,
  };
}
