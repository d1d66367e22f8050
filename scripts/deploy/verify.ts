import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FunctionManifest } from '#scripts/generate/function-manifest.ts';
import type { DatastoreLists } from '#scripts/generate/infra-lists.ts';
import { probeAddress } from './address-probe.ts';
import { checkAccess, said } from './check-access.ts';
import { commandLine } from './command-line.ts';
import { DeployError } from './deploy-error.ts';
import { gcloud, script, type DeployContext } from './deploy-context.ts';
import { initialise, outputs, type Outputs } from './terraform-steps.ts';
import { kindsWithoutPolicy } from './ttl-policies.ts';

/** A step of the first-deployment list that a program can check. */
export interface Check {
  /** Name of the step in the table of infra/README.md. */
  readonly name: string;
  /** Returns what is wrong; empty if nothing is. Throws DeployError if that cannot be determined. */
  readonly problems: (context: DeployContext, made: Outputs) => Promise<readonly string[]>;
}

type Listed = Readonly<Record<string, unknown>>;

/** In the order of the table. No check changes anything, except for one row that is written and removed. */
export const CHECKS: readonly Check[] = [
  { name: 'functions', problems: functionProblems },
  { name: 'database', problems: databaseProblems },
  { name: 'indexes', problems: indexProblems },
  {
    name: 'ttl',
    problems: async (context, { database }) =>
      (await kindsWithoutPolicy(context, database)).map((kind) => `${kind} has no TTL policy`),
  },
  { name: 'conditional commits', problems: commitProblems },
  { name: 'subscriptions', problems: subscriptionProblems },
  { name: 'schedule', problems: scheduleProblems },
  { name: 'sweep', problems: sweepProblems },
  { name: 'answers', problems: answerProblems },
  { name: 'closed', problems: closedProblems },
  {
    name: 'address',
    problems: async (context, { address }) => {
      await probeAddress(context, address);
      return [];
    },
  },
  { name: 'keys in logs', problems: keysInLogs },
  { name: 'sinks', problems: sinkProblems },
  {
    name: 'alerts',
    problems: async (_, { alertsGoTo }) => (alertsGoTo === '' ? ['no alert reaches anybody'] : []),
  },
];

/** Runs all checks and prints their results. Throws DeployError if one of them finds a problem. */
export async function verifyCommand(context: DeployContext): Promise<void> {
  const { note } = context.world;
  await checkAccess(context, { prepare: false });
  await initialise(context);
  const made = await outputs(context);
  const failed: string[] = [];
  for (const { name, problems } of CHECKS) {
    const found = await problems(context, made).catch((thrown: unknown) => {
      if (!(thrown instanceof DeployError)) throw thrown;
      return [thrown.message, ...thrown.hint];
    });
    if (found.length === 0) {
      note(`ok  ${name}`);
      continue;
    }
    failed.push(name);
    for (const problem of found) note(`!!  ${name}: ${problem}`);
  }
  if (failed.length === 0) return;
  throw new DeployError(`Not as it must be: ${failed.join(', ')}.`, [
    'infra/README.md, "First deployment", says what to do about each.',
  ]);
}

async function listed(context: DeployContext, args: readonly string[]): Promise<readonly Listed[]> {
  const all = [...args, `--project=${context.target.project}`, '--format=json'];
  const answer = await gcloud(context, all);
  if (answer.code !== 0) throw new DeployError(`not known: ${said(answer)}`, [commandLine(['gcloud', ...all])]);
  const value: unknown = JSON.parse(answer.stdout.trim() === '' ? '[]' : answer.stdout);
  return (Array.isArray(value) ? value : [value]) as readonly Listed[];
}

async function manifestOf({ world }: DeployContext): Promise<FunctionManifest> {
  return JSON.parse(
    await readFile(join(world.root, 'infra', 'generated', 'functions.json'), 'utf8'),
  ) as FunctionManifest;
}

function stateText(state: unknown): string {
  return typeof state === 'string' ? state : 'missing';
}

function nameOf({ name }: Listed): string {
  return String(name).split('/').at(-1) ?? '';
}

async function functionProblems(context: DeployContext): Promise<readonly string[]> {
  const { region, environment } = context.target;
  const there = new Map(
    (await listed(context, ['functions', 'list', '--v2', `--regions=${region}`])).map((each) => [nameOf(each), each]),
  );
  return (await manifestOf(context)).functions.flatMap(({ name }) => {
    const state = there.get(`${environment}-${name}`)?.['state'];
    return state === 'ACTIVE' ? [] : [`${name} is ${stateText(state)}`];
  });
}

async function databaseProblems(context: DeployContext, { database }: Outputs): Promise<readonly string[]> {
  const [found = {}] = await listed(context, ['firestore', 'databases', 'describe', `--database=${database}`]);
  const wanted = {
    type: 'DATASTORE_MODE',
    concurrencyMode: 'OPTIMISTIC',
    deleteProtectionState: 'DELETE_PROTECTION_ENABLED',
  };
  return Object.entries(wanted).flatMap(([name, value]) =>
    found[name] === value ? [] : [`${name} is ${String(found[name])} instead of ${value}`],
  );
}

async function indexProblems(context: DeployContext, { database }: Outputs): Promise<readonly string[]> {
  const all = await listed(context, ['firestore', 'indexes', 'composite', 'list', `--database=${database}`]);
  const text = await readFile(join(context.world.root, 'infra', 'generated', 'datastore.json'), 'utf8');
  const { indexes } = JSON.parse(text) as DatastoreLists;
  const missing = all.length < indexes.length ? [`${all.length} indexes instead of ${indexes.length}`] : [];
  return [
    ...missing,
    ...all.flatMap((index) => (index['state'] === 'READY' ? [] : [`${nameOf(index)} is ${String(index['state'])}`])),
  ];
}

async function commitProblems(context: DeployContext, { database }: Outputs): Promise<readonly string[]> {
  const target = [`--project=${context.target.project}`, `--database=${database}`];
  const answer = await script(context, ['scripts/deploy/conditional-commits.ts', ...target]);
  return answer.code === 0 ? [] : [said(answer)];
}

async function subscriptionProblems(context: DeployContext): Promise<readonly string[]> {
  const { environment } = context.target;
  const all = new Map((await listed(context, ['pubsub', 'subscriptions', 'list'])).map((each) => [nameOf(each), each]));
  return (await manifestOf(context)).functions.flatMap(({ name, trigger }) => {
    if (trigger?.type !== 'push') return [];
    const found = all.get(`${environment}-${name}`) as
      | {
          readonly pushConfig?: { readonly oidcToken?: object };
          readonly deadLetterPolicy?: object;
          readonly state?: string;
        }
      | undefined;
    if (found === undefined) return [`${name} has no subscription`];
    return [
      ...(found.pushConfig?.oidcToken === undefined ? [`${name}'s deliveries are not signed`] : []),
      ...(trigger.deadLetterTopic !== null && found.deadLetterPolicy === undefined
        ? [`${name}'s messages are never given up`]
        : []),
      ...(found.state === 'ACTIVE' ? [] : [`${name}'s subscription is ${String(found.state)}`]),
    ];
  });
}

async function scheduleProblems(context: DeployContext): Promise<readonly string[]> {
  const { region, environment } = context.target;
  const jobs = new Map(
    (await listed(context, ['scheduler', 'jobs', 'list', `--location=${region}`])).map((each) => [nameOf(each), each]),
  );
  return (await manifestOf(context)).functions.flatMap(({ name, kind }) => {
    if (kind !== 'schedule') return [];
    const state = jobs.get(`${environment}-${name}`)?.['state'];
    return state === 'ENABLED' ? [] : [`the job of ${name} is ${stateText(state)}`];
  });
}

async function sweepProblems(context: DeployContext): Promise<readonly string[]> {
  const service = `${context.target.environment}-reconciler-sweep`;
  const filter = `resource.type="cloud_run_revision" AND resource.labels.service_name="${service}" AND jsonPayload.message="sweep ended"`;
  const lines = await listed(context, ['logging', 'read', filter, '--freshness=10m', '--limit=1']);
  return lines.length > 0 ? [] : ['no sweep has ended in the last ten minutes'];
}

async function answerProblems({ world }: DeployContext, { address }: Outputs): Promise<readonly string[]> {
  const response = await world.fetch(`${address}/api/compute/v1/templates`, {});
  const ours = /^[0-9a-f]{32}$/.test(response.headers.get('x-error-id') ?? '');
  return response.status === 401 && ours ? [] : [`status ${response.status}, ${ours ? 'with' : 'without'} x-error-id`];
}

/**
 * Reports functions that outside callers can reach. Cloud Run replies 403 to callers without permission, and 404 if
 * only internal callers may reach the function.
 */
async function closedProblems({ world }: DeployContext, { functions }: Outputs): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const [name, uri] of Object.entries(functions)) {
    const { status } = await world.fetch(uri, {});
    if (status !== 403 && status !== 404) problems.push(`${name} answers ${status} to a stranger`);
  }
  return problems;
}

async function keysInLogs(context: DeployContext): Promise<readonly string[]> {
  const text = await readFile(join(context.world.root, 'infra', 'log-filters.json'), 'utf8');
  const { gatewayCredentials } = JSON.parse(text) as { readonly gatewayCredentials: string };
  const lines = await listed(context, ['logging', 'read', gatewayCredentials, '--freshness=1d', '--limit=1']);
  return lines.length === 0 ? [] : ['an entry of the gateway with an API key is stored: revoke the key'];
}

/** Reports other log sinks of the project, which may store the entries that the exclusion keeps out of `_Default`. */
async function sinkProblems(context: DeployContext): Promise<readonly string[]> {
  const own = ['_Default', '_Required'];
  return (await listed(context, ['logging', 'sinks', 'list'])).flatMap((sink) => {
    const name = nameOf(sink);
    if (own.includes(name) || name.endsWith('-compute-events')) return [];
    return [`the sink ${name} needs the exclusion too (infra/README.md, "API keys in logs")`];
  });
}
