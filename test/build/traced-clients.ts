import { InstancesClient } from '@google-cloud/compute';
import { v1 as datastore } from '@google-cloud/datastore';
import { v1 as pubsub } from '@google-cloud/pubsub';

export type Service = 'datastore' | 'compute' | 'pubsub';

/** A call through one of Google's clients; the numbers count beginnings and ends of all calls. */
export interface TracedCall {
  readonly service: Service;
  readonly method: string;
  readonly began: number;
  ended: number;
  /** Rows that it looked up, found by a query, or wrote. */
  rows: number;
  /** Index entries that a commit changed. */
  indexEntries: number;
}

const CLIENTS = [
  ['datastore', datastore.DatastoreClient.prototype, ['lookup', 'runQuery', 'runAggregationQuery', 'commit']],
  ['pubsub', pubsub.PublisherClient.prototype, ['publish']],
  ['compute', InstancesClient.prototype, ['get', 'insert', 'delete', 'start', 'stop', 'reset', 'resume']],
] as const;

/** Records every call that Google's clients make in this process, without changing it. */
export class TracedClients {
  #calls: TracedCall[] = [];
  #moment = 0;

  constructor() {
    for (const [service, prototype, methods] of CLIENTS)
      for (const method of methods) this.#wrap(service, prototype, method);
  }

  /** Returns the calls since `take` was last called. */
  take(): readonly TracedCall[] {
    const calls = this.#calls;
    this.#calls = [];
    return calls;
  }

  #wrap(service: Service, prototype: object, method: string): void {
    const original: unknown = Reflect.get(prototype, method);
    if (typeof original !== 'function') throw new Error(`The ${service} client has no ${method}.`);
    const noted = async (self: object, given: readonly unknown[]): Promise<unknown> => {
      const call = {
        service,
        method,
        began: (this.#moment += 1),
        ended: Number.POSITIVE_INFINITY,
        rows: rowsIn(given),
        indexEntries: 0,
      };
      this.#calls.push(call);
      try {
        const answer = await (Reflect.apply(original, self, given) as Promise<unknown>);
        call.rows += rowsFound(answer);
        call.indexEntries = indexUpdates(answer);
        return answer;
      } finally {
        call.ended = this.#moment += 1;
      }
    };
    Reflect.set(prototype, method, function (this: object, ...given: readonly unknown[]) {
      return noted(this, given);
    });
  }
}

function rowsIn([request]: readonly unknown[]): number {
  const { keys, mutations } = request as {
    readonly keys?: readonly unknown[];
    readonly mutations?: readonly unknown[];
  };
  return (keys ?? mutations ?? []).length;
}

function rowsFound(answer: unknown): number {
  const [response] = answer as readonly [
    { readonly batch?: { readonly entityResults?: readonly unknown[] | null } | null } | undefined,
  ];
  return response?.batch?.entityResults?.length ?? 0;
}

function indexUpdates(answer: unknown): number {
  const [response] = answer as readonly [{ readonly indexUpdates?: number | null } | undefined];
  return response?.indexUpdates ?? 0;
}

/** What one request asked of the cloud. */
export interface RoundTrips {
  /** The longest chain of calls to any service of which each began after the one before had ended. */
  readonly steps: number;
  /** The longest chain of Datastore calls of which each began after the one before had ended. */
  readonly datastoreInSequence: number;
  readonly reads: number;
  readonly commits: number;
  readonly compute: number;
  readonly publishes: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  /** Index entries that its commits changed. */
  readonly indexEntries: number;
}

export function roundTrips(calls: readonly TracedCall[]): RoundTrips {
  const of = (service: Service): readonly TracedCall[] => calls.filter((call) => call.service === service);
  const commits = of('datastore').filter(({ method }) => method === 'commit').length;
  const rows = (written: boolean): number =>
    of('datastore').reduce((sum, call) => sum + ((call.method === 'commit') === written ? call.rows : 0), 0);
  return {
    steps: longestChain(calls),
    datastoreInSequence: longestChain(of('datastore')),
    reads: of('datastore').length - commits,
    commits,
    compute: of('compute').length,
    publishes: of('pubsub').length,
    rowsRead: rows(false),
    rowsWritten: rows(true),
    indexEntries: calls.reduce((sum, call) => sum + call.indexEntries, 0),
  };
}

function longestChain(calls: readonly TracedCall[]): number {
  return Math.max(0, ...depths(calls).values());
}

/** Per call, how many calls one after the other had ended before it began, and itself. */
function depths(calls: readonly TracedCall[]): ReadonlyMap<TracedCall, number> {
  const found = new Map<TracedCall, number>();
  for (const call of [...calls].sort((a, b) => a.began - b.began)) {
    const before = [...found].filter(([{ ended }]) => ended < call.began).map(([, depth]) => depth);
    found.set(call, Math.max(0, ...before) + 1);
  }
  return found;
}

/** The calls of each step, by name: what goes out beside what. */
export function stepsOf(calls: readonly TracedCall[]): readonly (readonly string[])[] {
  const steps: string[][] = [];
  for (const [{ method }, depth] of depths(calls)) (steps[depth - 1] ??= []).push(method);
  return steps.map((step) => step.sort());
}

/** Calls that the table does not have at their step. A step may lack calls: a token can come from a block. */
export function outOfStep(calls: readonly TracedCall[], table: readonly (readonly string[])[]): readonly string[] {
  return stepsOf(calls).flatMap((step, index) => {
    const allowed = [...(table[index] ?? [])];
    return step.flatMap((method) => {
      const at = allowed.indexOf(method);
      if (at >= 0) allowed.splice(at, 1);
      return at < 0 ? [`step ${index + 1}: ${method}`] : [];
    });
  });
}

/** Returns every figure that exceeds its budget, with the calls that were made. */
export function overBudget(name: string, calls: readonly TracedCall[], budget: RoundTrips): readonly string[] {
  const made = calls.map(({ service, method }) => `${service}.${method}`).join(', ');
  const found = roundTrips(calls);
  return (Object.keys(budget) as readonly (keyof RoundTrips)[])
    .filter((figure) => found[figure] > budget[figure])
    .map((figure) => `${name}: ${figure} grew to ${found[figure]}, budget ${budget[figure]} (${made})`);
}
