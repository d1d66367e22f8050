import { InstancesClient } from '@google-cloud/compute';
import { v1 as datastore } from '@google-cloud/datastore';
import { v1 as pubsub } from '@google-cloud/pubsub';

export type Service = 'datastore' | 'compute' | 'pubsub';

/** A call through one of Google's clients. The numbers order the beginnings and ends of all calls. */
interface TracedCall {
  readonly service: Service;
  readonly method: string;
  readonly began: number;
  ended: number;
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
      const call = { service, method, began: (this.#moment += 1), ended: Number.POSITIVE_INFINITY };
      this.#calls.push(call);
      try {
        return await (Reflect.apply(original, self, given) as Promise<unknown>);
      } finally {
        call.ended = this.#moment += 1;
      }
    };
    Reflect.set(prototype, method, function (this: object, ...given: readonly unknown[]) {
      return noted(this, given);
    });
  }
}

/** The calls of one request. */
export interface RoundTrips {
  /** Length of the longest chain of Datastore calls in which each began after the one before had ended. */
  readonly datastoreInSequence: number;
  readonly reads: number;
  readonly commits: number;
  readonly compute: number;
  readonly publishes: number;
}

export function roundTrips(calls: readonly TracedCall[]): RoundTrips {
  const of = (service: Service): readonly TracedCall[] => calls.filter((call) => call.service === service);
  const commits = of('datastore').filter(({ method }) => method === 'commit').length;
  return {
    datastoreInSequence: longestChain(of('datastore')),
    reads: of('datastore').length - commits,
    commits,
    compute: of('compute').length,
    publishes: of('pubsub').length,
  };
}

function longestChain(calls: readonly TracedCall[]): number {
  const lengths = new Map<TracedCall, number>();
  for (const call of [...calls].sort((a, b) => a.began - b.began)) {
    const before = [...lengths].filter(([{ ended }]) => ended < call.began).map(([, length]) => length);
    lengths.set(call, Math.max(0, ...before) + 1);
  }
  return Math.max(0, ...lengths.values());
}

/** Returns every figure that exceeds its budget, with the calls that were made. */
export function overBudget(name: string, calls: readonly TracedCall[], budget: RoundTrips): readonly string[] {
  const made = calls.map(({ service, method }) => `${service}.${method}`).join(', ');
  const found = roundTrips(calls);
  return (Object.keys(budget) as readonly (keyof RoundTrips)[])
    .filter((figure) => found[figure] > budget[figure])
    .map((figure) => `${name}: ${figure} grew to ${found[figure]}, budget ${budget[figure]} (${made})`);
}
