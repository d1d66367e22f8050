import type {
  sendUnaryData,
  ServerUnaryCall,
  ServiceDefinition,
  StatusObject,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';

import type { Cancel, Clock } from '../clock.ts';
import type { Fault, Faults } from '../faults.ts';
import type { Emulator } from '../emulator.ts';
import { DatastoreRpc } from './datastore-rpc.ts';
import { bulkLoad } from './bulk-load.ts';
import type { ContentionOptions } from './contention.ts';
import { contended, Contention } from './contention.ts';
import type { TtlPolicy } from './expiry.ts';
import { Expiry } from './expiry.ts';
import type { CompositeIndex } from './index-definitions.ts';
import { StatusError } from './status-error.ts';
import type { ReadStats } from './store.ts';
import { Store } from './store.ts';
import { messageType } from './wire.ts';

export type { ContentionOptions } from './contention.ts';
export type { TtlPolicy } from './expiry.ts';
export type { CompositeIndex } from './index-definitions.ts';
export type { ReadStats } from './store.ts';

export interface DatastoreEmulatorOptions {
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** SQLite file that outlives the process; absent: all state is in memory. */
  readonly stateFile?: string;
  readonly clock: Clock;
  readonly faults: Faults;
  /**
   * Composite indexes besides those that every property has; an existing file is adapted to them at the start. If
   * given, a query without its index fails with FAILED_PRECONDITION. If absent, every query is answered, as by Google's
   * emulators.
   */
  readonly compositeIndexes?: readonly CompositeIndex[];
  /** Whether to keep the indexes but answer queries without one too; used by measurements. */
  readonly answersUnindexed?: boolean;
  /** Absent: an entity can be written at any rate. */
  readonly contention?: ContentionOptions;
  /** Absent: no entity is removed by a TTL. */
  readonly ttl?: TtlPolicy;
  /** Told of every call that succeeded, before its response is sent; used by measurements. */
  readonly onAnswered?: (call: AnsweredCall) => void;
}

/** A call that succeeded: the decoded messages, and the index entries that it read. */
export interface AnsweredCall {
  readonly method: string;
  readonly request: object;
  readonly response: object;
  readonly indexEntriesRead: number;
}

const METHODS = {
  lookup: 'Lookup',
  runQuery: 'RunQuery',
  runAggregationQuery: 'RunAggregationQuery',
  beginTransaction: 'BeginTransaction',
  commit: 'Commit',
  rollback: 'Rollback',
  allocateIds: 'AllocateIds',
  reserveIds: 'ReserveIds',
} as const;
type Method = keyof typeof METHODS;

/** Time between searches for expired rows. The service removes them within a day, so this is frequent enough. */
const SWEEP_MS = 3_600_000;

/** Faults of the response as a whole; the others are taken where they apply. */
const ANSWER_FAULTS = ['error', 'lostAnswer', 'late', 'delay', 'contention'] as const;

/** Above the real limit of 10 MiB, so that requests are refused by the limits of entities. */
const REQUEST_BYTES_MAX = 16 * 1024 * 1024;

/** Google's Datastore v1 over gRPC on 127.0.0.1, for Google's own clients. */
export class DatastoreEmulator implements Emulator {
  readonly name = 'datastore';
  readonly #options: DatastoreEmulatorOptions;
  readonly #store: Store;
  readonly #rpc: DatastoreRpc;
  readonly #contention: Contention | undefined;
  /** The indexes without which a query is refused. */
  #required: readonly CompositeIndex[] | undefined;
  readonly #held = new Set<NodeJS.Timeout>();
  #server: Server | undefined;
  #address: string | undefined;
  #isClosed = false;
  #cancelSweep: Cancel | undefined;

  constructor(options: DatastoreEmulatorOptions) {
    this.#options = options;
    const { clock, faults, compositeIndexes, answersUnindexed, contention, ttl } = options;
    this.#store = new Store(options.stateFile ?? ':memory:', compositeIndexes ?? []);
    this.#contention = contention === undefined ? undefined : new Contention(contention, clock);
    this.#required = answersUnindexed === true ? undefined : compositeIndexes;
    this.#rpc = new DatastoreRpc({
      store: this.#store,
      clock,
      faults,
      compositeIndexes: () => this.#required,
      contention: this.#contention,
      expiry: ttl === undefined ? undefined : new Expiry(this.#store, ttl),
    });
  }

  get address(): string {
    if (this.#address === undefined) throw new Error('The Datastore emulator has not been started.');
    return this.#address;
  }

  async start(): Promise<void> {
    const server = new Server({ 'grpc.max_receive_message_length': REQUEST_BYTES_MAX });
    server.addService(serviceDefinition(), this.#implementation());
    const port = await new Promise<number>((resolve, reject) => {
      const address = `127.0.0.1:${this.#options.port ?? 0}`;
      server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    this.#server = server;
    this.#address = `127.0.0.1:${port}`;
    if (this.#options.ttl !== undefined) this.#sweepAgain();
  }

  /** Exchanges the composite indexes, as a deployment does; they are ready when it returns. */
  declareIndexes(compositeIndexes: readonly CompositeIndex[]): void {
    this.#store.declare(compositeIndexes);
    if (this.#options.answersUnindexed !== true) this.#required = compositeIndexes;
  }

  async reset(): Promise<void> {
    this.#store.clear();
    this.#rpc.forgetTransactions();
    this.#contention?.clear();
  }

  async stop(): Promise<void> {
    this.#cancelSweep?.();
    for (const timer of this.#held) clearTimeout(timer);
    this.#server?.forceShutdown();
    this.#server = undefined;
    if (!this.#isClosed) this.#store.close();
    this.#isClosed = true;
  }

  /** Returns the reads since the start; the difference of two calls is the cost of what happened in between. */
  stats(): Readonly<ReadStats> {
    return { ...this.#store.stats };
  }

  /** Upserts many entities, in the form that Google's client uses, far faster than commits do. */
  bulkLoad(entities: Iterable<Readonly<Record<string, unknown>>>): number {
    return bulkLoad(this.#store, entities, this.#options.clock);
  }

  /** Answers one request without gRPC; used by measurements and the local console. */
  handle(method: Method, request: Uint8Array): Uint8Array {
    const types = messageTypes(method);
    return types.response.encode(types.response.create(this.#call(method, types.request.decode(request)))).finish();
  }

  #sweepAgain(): void {
    const { clock } = this.#options;
    this.#cancelSweep = clock.at(clock.nowMs() + SWEEP_MS, () => {
      this.#rpc.sweepExpired();
      this.#sweepAgain();
    });
  }

  #implementation(): UntypedServiceImplementation {
    const methods = Object.keys(METHODS) as Method[];
    return Object.fromEntries(
      methods.map((method) => [
        method,
        (call: ServerUnaryCall<object, object>, answer: sendUnaryData<object>) => {
          this.#answer(method, call.request, answer);
        },
      ]),
    );
  }

  #answer(method: Method, request: object, answer: sendUnaryData<object>): void {
    const fault = this.#options.faults.take('datastore', method, ANSWER_FAULTS);
    if (fault?.kind === 'error') {
      answer(injected(fault));
      return;
    }
    if (fault?.kind === 'contention') {
      const { code, message } = contended();
      answer({ code, details: message });
      return;
    }
    if (fault?.kind === 'late') {
      answer(injected(fault));
      this.#later(fault.delayMs ?? 0, () => this.#reply(method, request, () => undefined));
      return;
    }
    const reply = this.#reply(method, request, answer);
    if (fault?.kind === 'lostAnswer') {
      answer(injected(fault));
    } else if (fault?.kind === 'delay') {
      this.#later(fault.delayMs ?? 0, reply);
    } else {
      reply();
    }
  }

  #later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#held.delete(timer);
      work();
    }, ms);
    this.#held.add(timer);
  }

  /** Executes the call now, and returns a function that sends its response. */
  #reply(method: Method, request: object, answer: sendUnaryData<object>): () => void {
    try {
      const response = this.#call(method, request);
      return () => answer(null, response);
    } catch (thrown) {
      if (thrown instanceof StatusError) return () => answer({ code: thrown.code, details: thrown.message });
      const details = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      return () => answer({ code: status.INTERNAL, details });
    }
  }

  #call(method: Method, request: object): object {
    // The cast is safe: protobufjs decoded the bytes by this method's descriptor, which the parameter type describes.
    const handler = this.#rpc[method].bind(this.#rpc) as (decoded: object) => object;
    const before = this.#store.stats.indexEntriesRead;
    const response = handler(request);
    const indexEntriesRead = this.#store.stats.indexEntriesRead - before;
    this.#options.onAnswered?.({ method, request, response, indexEntriesRead });
    return response;
  }
}

function injected(fault: Fault): Partial<StatusObject> {
  const code = fault.kind === 'error' ? fault.status : undefined;
  const asked = Object.values(status).find((known) => known === code);
  return { code: typeof asked === 'number' ? asked : status.UNAVAILABLE, details: 'Injected fault.' };
}

function messageTypes(method: Method): {
  readonly request: ReturnType<typeof messageType>;
  readonly response: ReturnType<typeof messageType>;
} {
  const name = METHODS[method];
  return { request: messageType(`${name}Request`), response: messageType(`${name}Response`) };
}

function serviceDefinition(): ServiceDefinition {
  const methods = Object.keys(METHODS) as Method[];
  return Object.fromEntries(
    methods.map((method) => {
      const { request, response } = messageTypes(method);
      return [
        method,
        {
          path: `/google.datastore.v1.Datastore/${METHODS[method]}`,
          requestStream: false,
          responseStream: false,
          requestSerialize: (value: object) => Buffer.from(request.encode(value).finish()),
          requestDeserialize: (bytes: Buffer) => request.decode(bytes),
          responseSerialize: (value: object) => Buffer.from(response.encode(value).finish()),
          responseDeserialize: (bytes: Buffer) => response.decode(bytes),
        },
      ];
    }),
  );
}
