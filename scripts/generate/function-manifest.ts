import type {
  Client,
  Contract,
  FallbackContract,
  PagesContract,
  FamilyName,
  FunctionRuntime,
  Method,
  WorkerContract,
  WorkerIdentity,
} from '#shared/contracts/contract.ts';
import { HTTP_RUNTIME, WORKER_RUNTIME } from '#shared/contracts/runtime-defaults.ts';
import type { Topic } from '#shared/contracts/topics.ts';
import { entryPointOf } from '#shared/runtime/entry-point.ts';
import { areaOf, restOf } from './function-names.ts';

export type Trigger =
  | {
      readonly type: 'push';
      readonly topic: string;
      readonly ordered: boolean;
      readonly deadLetterTopic: string | null;
      readonly attemptsMax: number | null;
      /**
       * How long Pub/Sub waits for a reply; at least the function's timeout, so that two deliveries of a message never
       * overlap.
       */
      readonly ackDeadlineSeconds: number;
      readonly minimumBackoffSeconds: number;
      readonly maximumBackoffSeconds: number;
    }
  | {
      readonly type: 'schedule';
      readonly cron: string;
      readonly timeZone: string;
      readonly attemptDeadlineSeconds: number;
    };

/** A function in `infra/generated/functions.json`. Every key is always present, so that Terraform sees one type. */
export interface FunctionEntry {
  readonly name: string;
  readonly description: string;
  readonly area: string;
  /** Path of the source from the repository's root. */
  readonly source: string;
  readonly entryPoint: string;
  readonly kind: 'http' | 'push' | 'schedule';
  /** Role of the function's service account. `api` may use Datastore and Pub/Sub, `api-compute` also Compute Engine. */
  readonly identity: 'api' | 'api-compute' | WorkerIdentity;
  readonly clients: readonly Client[];
  readonly family: FamilyName | null;
  readonly method: Method | null;
  readonly path: string | null;
  /** Empty except for a fallback or pages, which answer these paths and everything below them that no endpoint has. */
  readonly prefixes: readonly string[];
  readonly runtime: FunctionRuntime;
  readonly trigger: Trigger | null;
}

export interface FunctionManifest {
  readonly functions: readonly FunctionEntry[];
  readonly topics: readonly Topic[];
}

export interface ManifestInput {
  readonly contracts: readonly Contract[];
  readonly fallbacks: readonly FallbackContract[];
  readonly pages: readonly PagesContract[];
  readonly workers: readonly WorkerContract[];
  readonly topics: readonly Topic[];
}

export function functionManifest({ contracts, fallbacks, pages, workers, topics }: ManifestInput): FunctionManifest {
  const functions = [
    ...contracts.map(endpointEntry),
    ...[...fallbacks, ...pages].map(fallbackEntry),
    ...workers.map(workerEntry),
  ];
  return { functions: functions.sort(byName), topics: [...topics].sort(byName) };
}

function endpointEntry(contract: Contract): FunctionEntry {
  const { name, family, method, path, clients } = contract;
  return {
    name,
    description: contract.summary,
    ...apiFunction(name, clients),
    family,
    method,
    path,
    prefixes: [],
    runtime: runtimeOf(name, { ...HTTP_RUNTIME, ...contract.runtime }),
    trigger: null,
  };
}

function fallbackEntry(contract: FallbackContract): FunctionEntry {
  const { name, family, clients, prefixes } = contract;
  return {
    name,
    description: contract.description,
    ...apiFunction(name, clients),
    family,
    method: null,
    path: null,
    prefixes,
    runtime: runtimeOf(name, { ...HTTP_RUNTIME, ...contract.runtime }),
    trigger: null,
  };
}

function apiFunction(name: string, clients: readonly Client[]) {
  return {
    area: areaOf(name),
    source: `functions/${areaOf(name)}/${restOf(name)}.ts`,
    entryPoint: entryPointOf(name),
    kind: 'http',
    identity: clients.includes('compute') ? 'api-compute' : 'api',
    clients,
  } as const;
}

function workerEntry(contract: WorkerContract): FunctionEntry {
  const { name, description, clients, identity } = contract;
  const runtime = runtimeOf(name, { ...WORKER_RUNTIME, ...contract.runtime });
  return {
    name,
    description,
    area: 'workers',
    source: `functions/workers/${name}.ts`,
    entryPoint: entryPointOf(name),
    kind: contract.trigger.type,
    identity,
    clients,
    family: null,
    method: null,
    path: null,
    prefixes: [],
    runtime,
    trigger: triggerOf(name, contract.trigger, runtime),
  };
}

/** Pub/Sub's limits of the acknowledgement deadline. */
const ACK_DEADLINE_SECONDS_MIN = 10;
const ACK_DEADLINE_SECONDS_MAX = 600;

function triggerOf(name: string, trigger: WorkerContract['trigger'], runtime: FunctionRuntime): Trigger {
  const { timeoutSeconds } = runtime;
  if (trigger.type === 'schedule') {
    return { type: 'schedule', cron: trigger.cron, timeZone: 'Etc/UTC', attemptDeadlineSeconds: timeoutSeconds };
  }
  if (timeoutSeconds > ACK_DEADLINE_SECONDS_MAX) {
    throw new Error(`${name} runs for ${timeoutSeconds} s, but Pub/Sub waits ${ACK_DEADLINE_SECONDS_MAX} s at most.`);
  }
  return {
    type: 'push',
    topic: trigger.topic,
    ordered: trigger.ordered,
    deadLetterTopic: trigger.deadLetter?.topic ?? null,
    attemptsMax: trigger.deadLetter?.attemptsMax ?? null,
    ackDeadlineSeconds: Math.max(ACK_DEADLINE_SECONDS_MIN, timeoutSeconds),
    minimumBackoffSeconds: 1,
    maximumBackoffSeconds: 60,
  };
}

function runtimeOf(name: string, runtime: FunctionRuntime): FunctionRuntime {
  if (runtime.deadlineSeconds >= runtime.timeoutSeconds) {
    throw new Error(`${name}: deadlineSeconds must be below timeoutSeconds.`);
  }
  if (runtime.concurrency > 1 && runtime.cpu < 1) {
    throw new Error(`${name}: concurrency above 1 needs a whole CPU.`);
  }
  return runtime;
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
