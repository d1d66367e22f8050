import { status } from '@grpc/grpc-js';

import type { Clock } from '../clock.ts';
import { applyMutations, prepareMutations } from './commits.ts';
import { KeyAllocator } from './key-allocator.ts';
import { checkKey, encodePath, isIncomplete, resolvePartition } from './keys.ts';
import { masked } from './property-paths.ts';
import type { QueryResultBatch, ReadMoment } from './query-batch.ts';
import { aggregatedProperties, runAggregations, runBatch } from './query-batch.ts';
import { compileQuery } from './query.ts';
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
  MutationResult,
  RollbackRequest,
  RunAggregationQueryRequest,
  RunQueryRequest,
  WireKey,
  WireReadOptions,
  WireScope,
  WireTimestamp,
  WireValue,
} from './wire.ts';
import { decodeEntity, encodeEntity, timestampOf } from './wire.ts';

const LOOKUP_KEYS_MAX = 1000;
/** What does not fit into an answer is deferred, as the real service does. */
const LOOKUP_BYTES_MAX = 10 * 1024 * 1024;
const NON_TRANSACTIONAL = 2;
const NO_MORE_RESULTS = 3;

/** The methods of google.datastore.v1.Datastore, each one step: nothing else happens between its reads and its writes. */
export class DatastoreRpc {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #transactions: Transactions;
  readonly #allocator: KeyAllocator;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#transactions = new Transactions(clock);
    this.#allocator = new KeyAllocator(store);
  }

  forgetTransactions(): void {
    this.#transactions.clear();
  }

  lookup(request: LookupRequest): {
    readonly found: readonly EntityResult[];
    readonly missing: readonly EntityResult[];
    readonly deferred: readonly WireKey[];
    readonly transaction?: Uint8Array;
    readonly readTime: WireTimestamp;
  } {
    checkScope(request);
    if (request.keys.length > LOOKUP_KEYS_MAX) {
      throw invalidArgument(`cannot get more than ${LOOKUP_KEYS_MAX} keys in a single call`);
    }
    for (const key of request.keys) checkKey(key, { forWrite: false, incomplete: false });
    const { transaction, started } = this.#reading(request.readOptions, request);
    const at = this.#moment();
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
    return { found, missing, deferred, ...started, readTime: at.readTime };
  }

  runQuery(request: RunQueryRequest): { readonly batch: QueryResultBatch; readonly transaction?: Uint8Array } {
    checkScope(request);
    if (request.queryType === 'gqlQuery') throw new StatusError(status.UNIMPLEMENTED, 'GQL is not implemented.');
    const wire = request.query;
    if (wire === undefined || wire === null) throw invalidArgument('The request has no query.');
    const query = compileQuery(wire, request.partitionId, request);
    const { transaction, started } = this.#reading(request.readOptions, request);
    const { batch, read } = runBatch(this.#store, query, { wire, mask: request.propertyMask, at: this.#moment() });
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
    const { properties, read } = runAggregations(this.#store, query, { wire, aggregations });
    transaction?.queriesRead.push({ query, partitionId: this.#store.partitionId(query.partition), section: read });
    const batch = {
      aggregationResults: [{ aggregateProperties: properties }],
      moreResults: NO_MORE_RESULTS,
      readTime: this.#moment().readTime,
    };
    return { batch, ...started };
  }

  beginTransaction(request: BeginTransactionRequest): { readonly transaction: Uint8Array } {
    checkScope(request);
    const isReadOnly = request.transactionOptions?.mode === 'readOnly';
    return { transaction: this.#begin(request, isReadOnly).id };
  }

  commit(request: CommitRequest): {
    readonly mutationResults: readonly MutationResult[];
    readonly indexUpdates: number;
    readonly commitTime: WireTimestamp;
  } {
    checkScope(request);
    const isTransactional = request.mode !== NON_TRANSACTIONAL;
    const transaction = this.#committing(request, isTransactional);
    if (transaction?.isReadOnly === true && request.mutations.length > 0) {
      throw invalidArgument('Cannot modify entities in a read-only transaction.');
    }
    const nowMs = this.#clock.nowMs();
    const applied = this.#store.write(() => {
      const context = { store: this.#store, allocator: this.#allocator, isTransactional };
      const mutations = prepareMutations(request.mutations, request, context);
      if (transaction !== undefined && !transaction.isReadOnly) {
        const written = new Set(mutations.map(({ partitionId, keyBytes }) => entityId(partitionId, keyBytes)));
        this.#transactions.checkConflicts(transaction, written);
      }
      return applyMutations(this.#store, mutations, nowMs);
    });
    if (transaction !== undefined) this.#transactions.close(transaction);
    this.#transactions.record(applied.changes);
    return {
      mutationResults: applied.results,
      indexUpdates: applied.indexUpdates,
      commitTime: timestampOf(applied.version),
    };
  }

  rollback(request: RollbackRequest): Record<string, never> {
    checkScope(request);
    // Rolling back what is over already is no mistake: a client does so after a commit that failed.
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

  /** Everything is read as it is now: earlier states (`read_time`) are not kept. */
  #moment(): ReadMoment {
    const version = Math.max(this.#store.lastVersion, Math.floor(this.#clock.nowMs() * 1000));
    return { version, readTime: timestampOf(version) };
  }

  #reading(
    options: WireReadOptions | null | undefined,
    scope: WireScope,
  ): { readonly transaction: Transaction | undefined; readonly started: { readonly transaction?: Uint8Array } } {
    if (options?.consistencyType === 'transaction') {
      return { transaction: this.#transactions.use(options.transaction, scope), started: {} };
    }
    if (options?.consistencyType === 'newTransaction') {
      const transaction = this.#begin(scope, options.newTransaction?.mode === 'readOnly');
      return { transaction, started: { transaction: transaction.id } };
    }
    return { transaction: undefined, started: {} };
  }

  #begin(scope: WireScope, isReadOnly: boolean): Transaction {
    return this.#transactions.begin(scope, { isReadOnly, startVersion: this.#store.lastVersion });
  }

  #committing(request: CommitRequest, isTransactional: boolean): Transaction | undefined {
    const { transactionSelector, singleUseTransaction } = request;
    if (!isTransactional) {
      if (transactionSelector === undefined) return undefined;
      throw invalidArgument('A non-transactional commit takes no transaction.');
    }
    if (transactionSelector === 'transaction') return this.#transactions.use(request.transaction, request);
    if (transactionSelector === undefined) throw invalidArgument('transactional commit requires a transaction');
    if (singleUseTransaction?.mode === 'readOnly') {
      throw invalidArgument('A single-use transaction must be able to write.');
    }
    return undefined;
  }
}

function checkScope({ projectId, databaseId }: WireScope): void {
  if (projectId === '') throw invalidArgument('The project id is missing.');
  if (databaseId === '(default)')
    throw invalidArgument("The default database is named by an empty string, not '(default)'.");
}
