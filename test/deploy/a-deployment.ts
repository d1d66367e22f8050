import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { DeployContext, Target } from '#scripts/deploy/deploy-context.ts';
import { fakePrograms, type Answer } from './fake-programs.ts';

/** A project in which everything is as it should be, and nothing is deployed yet. */
export const HEALTHY: readonly Answer[] = [
  { to: /^terraform .*version -json/, stdout: '{"terraform_version": "1.11.4"}' },
  { to: /^gcloud auth list/, stdout: 'operator@example.com\n' },
  { to: /^gcloud projects describe/, stdout: 'ACTIVE\n' },
  { to: /^gcloud billing/, stdout: 'True\n' },
  {
    to: /^gcloud services list/,
    stdout:
      'cloudresourcemanager.googleapis.com\niam.googleapis.com\nserviceusage.googleapis.com\nstorage.googleapis.com\n',
  },
  { to: /^gcloud firestore databases describe/, code: 1, stderr: 'NOT_FOUND' },
  { to: /^terraform .*state list/, code: 1, stderr: 'No state file was found!' },
  { to: /^terraform .* plan /, code: 2 },
  {
    to: /^terraform .*output -json/,
    stdout: JSON.stringify({
      address: { value: 'https://gateway.example' },
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
  { to: /^node .*accounts.ts keys create/, stdout: '{"apiKey": "ak_live_1", "apiSecret": "secret-1"}' },
];

export interface DeploymentOptions {
  readonly answers?: readonly Answer[];
  readonly target?: Partial<Target>;
  /** What the person at the keyboard says; `undefined`: nobody is there. */
  readonly says?: string;
  /** What the deployed API answers, to requests with and without a key; a function may change its mind. */
  readonly respond?: (headers: Readonly<Record<string, string>>) => Response;
  readonly environment?: Readonly<Record<string, string>>;
}

/** What the API answers when it is well: our own 401 without a key, a list with one. */
export function wellResponse(headers: Readonly<Record<string, string>>): Response {
  if (headers['api-key'] === 'ak_live_1' && headers['api-secret'] === 'secret-1')
    return Response.json({ templates: [] });
  return Response.json({ reason: 'unauthenticated' }, { status: 401, headers: { 'x-error-id': 'a'.repeat(32) } });
}

/** A deployment with fake programs and a clock that moves when somebody sleeps. Ends with the test. */
export async function aDeployment(options: DeploymentOptions = {}) {
  const root = await mkdtemp(join(tmpdir(), 'deploy-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await mkdir(join(root, '.build/functions/compute-one'), { recursive: true });
  for (const file of ['bundle.cache', 'bundle.js', 'index.js', 'package.json', 'package-lock.json']) {
    await writeFile(join(root, '.build/functions/compute-one', file), `content of ${file}`);
  }
  await writeFile(join(root, 'catalog.json'), '{"tiers": {"free": {}}, "configs": {"a": {"zone": "${zone}"}}}');
  const programs = await fakePrograms(['terraform', 'gcloud', 'node'], [...(options.answers ?? []), ...HEALTHY]);
  const notes: string[] = [];
  const questions: string[] = [];
  let nowMs = 0;
  const context: DeployContext = {
    target: {
      project: 'my-project',
      region: 'europe-west1',
      environment: 'production',
      stateBucket: 'my-project-compute-api-state',
      varFiles: [],
      ...options.target,
    },
    world: {
      root,
      environment: { PATH: programs.bin, ...options.environment },
      node: join(programs.bin, 'node'),
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
  const lines = async (): Promise<readonly string[]> => (await programs.calls()).map(({ line }) => line);
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
