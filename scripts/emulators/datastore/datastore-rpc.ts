import { status } from '@grpc/grpc-js';

import type { Clock } from '../clock.ts';
import type { Faults } from '../faults.ts';
import type { CommitReply } from './commit-rpc.ts';
import { Commits } from './commit-rpc.ts';
import type { Contention } from './contention.ts';
import type { Expiry } from './expiry.ts';
import type { CompositeIndex } from './index-definitions.ts';
import { missingIndex, missingIndexMessage } from './index-rules.ts';
import { KeyAllocator } from './key-allocator.ts';
import { checkKey, encodePath, isIncomplete, resolvePartition } from './keys.ts';
import { masked } from './property-paths.ts';
import type { QueryResultBatch, ReadMoment } from './query-batch.ts';
import { aggregatedProperties, runAggregations, runBatch } from './query-batch.ts';
import type { CompiledQuery } from './query.ts';
import { compileQuery } from './query.ts';
import { readAsOf } from './snapshots.ts';
import { invalidArgument, StatusError } from './status-error.ts';
import type { Store } from './store.ts';
import type { Transaction } from './transactions.ts';
import { entityId, Transactions } from './transactions.ts';
import type {
  BeginTransactionRequest,
  CommitRequest,
  EntityResult,
  KeysRequest,
  LookupRequest,
  RollbackRequest,
  RunAggregationQueryRequest,
  RunQueryRequest,
  WireKey,
  WireReadOptions,
  WireScope,
  WireTimestamp,
  WireTransactionOptions,
  WireValue,
} from './wire.ts';
import { decodeEntity, encodeEntity, timestampOf } from './wire.ts';

const LOOKUP_KEYS_MAX = 1000;
/** Size limit of a lookup's response, in bytes; further keys are deferred, as by the real service. */
const LOOKUP_BYTES_MAX = 10 * 1024 * 1024;
const NO_MORE_RESULTS = 3;

interface LookupReply {
  readonly found: readonly EntityResult[];
  readonly missing: readonly EntityResult[];
  readonly deferred: readonly WireKey[];
  readonly transaction?: Uint8Array;
  readonly readTime: WireTimestamp;
}

export interface DatastoreRpcOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly faults: Faults;
  /** Undefined: every query is answered, as Google's emulators do. */
  readonly compositeIndexes: () => readonly CompositeIndex[] | undefined;
  readonly contention: Contention | undefined;
  readonly expiry: Expiry | undefined;
}

/**
 * The methods of google.datastore.v1.Datastore. Each runs without interruption: nothing happens between its reads and
 * writes.
 */
export class DatastoreRpc {
  readonly #options: DatastoreRpcOptions;
  readonly #store: Store;
  readonly #transactions: Transactions;
  readonly #allocator: KeyAllocator;
  readonly #commits: Commits;

  constructor(options: DatastoreRpcOptions) {
    const { store, clock, contention, expiry } = options;
    this.#options = options;
    this.#store = store;
    this.#transactions = new Transactions(clock);
    this.#allocator = new KeyAllocator(store);
    const [transactions, allocator] = [this.#transactions, this.#allocator];
    this.#commits = new Commits({ store, clock, contention, expiry, transactions, allocator });
  }

  forgetTransactions(): void {
    this.#transactions.clear();
  }

  /** Removes rows whose TTL has expired long enough ago. */
  sweepExpired(): void {
    const { expiry, clock } = this.#options;
    if (expiry !== undefined) this.#transactions.record(expiry.sweep(clock.nowMs()));
  }

  lookup(request: LookupRequest): LookupReply {
    checkScope(request);
    if (request.keys.length > LOOKUP_KEYS_MAX) {
      throw invalidArgument(`cannot get more than ${LOOKUP_KEYS_MAX} keys in a single call`);
    }
    for (const key of request.keys) checkKey(key, { forWrite: false, incomplete: false });
    const { transaction, started } = this.#reading(request.readOptions, request);
    const read = this.#asOf(transaction, () => this.#read(request, transaction));
    return { ...read, ...started };
  }

  runQuery(request: RunQueryRequest): { readonly batch: QueryResultBatch; readonly transaction?: Uint8Array } {
    checkScope(request);
    if (request.queryType === 'gqlQuery') throw new StatusError(status.UNIMPLEMENTED, 'GQL is not implemented.');
    const wire = request.query;
    if (wire === undefined || wire === null) throw invalidArgument('The request has no query.');
    const query = compileQuery(wire, request.partitionId, request);
    const { transaction, started } = this.#reading(request.readOptions, request);
    this.#requireIndex('runQuery', query);
    const { batch, read } = this.#asOf(transaction, () =>
      runBatch(this.#store, query, { wire, mask: request.propertyMask, at: this.#moment(transaction) }),
    );
    transaction?.queriesRead.push({ query, partitionId: this.#store.partitionId(query.partition), section: read });
    return { batch, ...started };
  }

  runAggregationQuery(request: RunAggregationQueryRequest): {
    readonly batch: {
      readonly aggregationResults: readonly { readonly aggregateProperties: Readonly<Record<string, WireValue>> }[];
      readonly moreResults: number;
      readonly readTime: WireTimestamp;
    };
    readonly transaction?: Uint8Array;
  } {
    checkScope(request);
    if (request.queryType === 'gqlQuery') throw new StatusError(status.UNIMPLEMENTED, 'GQL is not implemented.');
    const { nestedQuery: wire, aggregations = [] } = request.aggregationQuery ?? {};
    if (wire === undefined || wire === null) throw invalidArgument('The request has no query.');
    const { projectId, databaseId } = request;
    const aggregated = aggregatedProperties(aggregations);
    const query = compileQuery(wire, request.partitionId, { projectId, databaseId, aggregated });
    const { transaction, started } = this.#reading(request.readOptions, request);
    this.#requireIndex('runAggregationQuery', query);
    const { properties, read } = this.#asOf(transaction, () =>
      runAggregations(this.#store, query, { wire, aggregations }),
    );
    transaction?.queriesRead.push({ query, partitionId: this.#store.partitionId(query.partition), section: read });
    const batch = {
      aggregationResults: [{ aggregateProperties: properties }],
      moreResults: NO_MORE_RESULTS,
      readTime: this.#moment(transaction).readTime,
    };
    return { batch, ...started };
  }

  beginTransaction(request: BeginTransactionRequest): { readonly transaction: Uint8Array } {
    checkScope(request);
    return { transaction: this.#begin(request, request.transactionOptions).id };
  }

  commit(request: CommitRequest): CommitReply {
    checkScope(request);
    return this.#commits.commit(request);
  }

  rollback(request: RollbackRequest): Record<string, never> {
    checkScope(request);
    // Clients roll back a transaction after a failed commit, so a rollback of a closed transaction is not an error.
    if (this.#transactions.isClosed(request.transaction)) return {};
    this.#transactions.close(this.#transactions.use(request.transaction, request));
    return {};
  }

  allocateIds(request: KeysRequest): { readonly keys: readonly WireKey[] } {
    checkScope(request);
    const keys = this.#store.write(() =>
      request.keys.map((key) => {
        checkKey(key, { forWrite: true, incomplete: true });
        if (!isIncomplete(key)) throw invalidArgument('Ids are allocated for incomplete keys only.');
        const partition = resolvePartition(key.partitionId, request);
        return { partitionId: partition, path: this.#allocator.complete(partition, key.path) };
      }),
    );
    return { keys };
  }

  reserveIds(request: KeysRequest): Record<string, never> {
    checkScope(request);
    this.#store.write(() => {
      for (const key of request.keys) {
        checkKey(key, { forWrite: true, incomplete: false });
        this.#allocator.reserve(key, request);
      }
    });
    return {};
  }

  #read(request: LookupRequest, transaction: Transaction | undefined): Omit<LookupReply, 'transaction'> {
    const at = this.#moment(transaction);
    const found: EntityResult[] = [];
    const missing: EntityResult[] = [];
    const deferred: WireKey[] = [];
    const seen = new Set<string>();
    let bytes = 0;
    for (const key of request.keys) {
      const partition = resolvePartition(key.partitionId, request);
      const partitionId = this.#store.partitionId(partition);
      const keyBytes = encodePath(key.path);
      const id = entityId(partitionId, keyBytes);
      if (seen.has(id)) continue;
      seen.add(id);
      if (bytes > LOOKUP_BYTES_MAX) {
        deferred.push(key);
        continue;
      }
      transaction?.keysRead.add(id);
      const stored = this.#store.entity(partitionId, keyBytes);
      if (stored === undefined) {
        const entity = encodeEntity({ key: { partitionId: partition, path: key.path }, properties: {} });
        missing.push({ entity, version: at.version });
        continue;
      }
      bytes += stored.data.length;
      const mask = request.propertyMask;
      found.push({
        entity:
          mask === undefined || mask === null ? stored.data : encodeEntity(masked(decodeEntity(stored.data), mask)),
        version: stored.version,
        createTime: timestampOf(stored.createdMicros),
        updateTime: timestampOf(stored.version),
      });
    }
    return { found, missing, deferred, readTime: at.readTime };
  }

  /** Reads the state at the beginning of the transaction. */
  #asOf<T>(transaction: Transaction | undefined, read: () => T): T {
    if (transaction === undefined) return read();
    return readAsOf(this.#store, this.#transactions.changesSince(transaction), read);
  }

  /**
   * Throws FAILED_PRECONDITION for a query without its index and, as a fault, for one whose index is said to be still
   * building.
   */
  #requireIndex(method: 'runQuery' | 'runAggregationQuery', query: CompiledQuery): void {
    const needed = missingIndex(query, []);
    if (needed === undefined) return;
    const { faults } = this.#options;
    const compositeIndexes = this.#options.compositeIndexes();
    const isBuilding = faults.take('datastore', method, ['indexBuilding']) !== undefined;
    const missing = isBuilding ? needed : compositeIndexes && missingIndex(query, compositeIndexes);
    if (missing !== undefined) throw new StatusError(status.FAILED_PRECONDITION, missingIndexMessage(missing));
  }

  #moment(transaction: Transaction | undefined): ReadMoment {
    const nowMicros = Math.max(this.#store.lastVersion, Math.floor(this.#options.clock.nowMs() * 1000));
    const version = transaction?.startVersion ?? nowMicros;
    return { version, readTime: timestampOf(version) };
  }

  #reading(
    options: WireReadOptions | null | undefined,
    scope: WireScope,
  ): { readonly transaction: Transaction | undefined; readonly started: { readonly transaction?: Uint8Array } } {
    if (options?.consistencyType === 'readTime') throw unsupportedReadTime();
    if (options?.consistencyType === 'transaction') {
      return { transaction: this.#transactions.use(options.transaction, scope), started: {} };
    }
    if (options?.consistencyType === 'newTransaction') {
      const transaction = this.#begin(scope, options.newTransaction);
      return { transaction, started: { transaction: transaction.id } };
    }
    return { transaction: undefined, started: {} };
  }

  #begin(scope: WireScope, options: WireTransactionOptions | null | undefined): Transaction {
    const isReadOnly = options?.mode === 'readOnly';
    if (isReadOnly && options.readOnly?.readTime) throw unsupportedReadTime();
    return this.#transactions.begin(scope, { isReadOnly, startVersion: this.#store.lastVersion });
  }
}

/** Returns the error for read times: earlier states are kept for open transactions only. */
function unsupportedReadTime(): StatusError {
  return new StatusError(status.UNIMPLEMENTED, 'Reads as of a read_time are not emulated.');
}

function checkScope({ projectId, databaseId }: WireScope): void {
  if (projectId === '') throw invalidArgument('The project id is missing.');
  if (databaseId === '(default)')
    throw invalidArgument("The default database is named by an empty string, not '(default)'.");
}
