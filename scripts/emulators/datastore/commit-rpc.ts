import type { Clock } from '../clock.ts';
import type { Applied, PreparedMutation } from './commits.ts';
import { applyMutations, prepareMutations } from './commits.ts';
import type { Contention } from './contention.ts';
import type { Expiry } from './expiry.ts';
import type { KeyAllocator } from './key-allocator.ts';
import { invalidArgument } from './status-error.ts';
import type { Store } from './store.ts';
import type { Transaction, Transactions } from './transactions.ts';
import { entityId } from './transactions.ts';
import type { CommitRequest, MutationResult, WireTimestamp } from './wire.ts';
import { timestampOf } from './wire.ts';

const NON_TRANSACTIONAL = 2;

export interface CommitReply {
  readonly mutationResults: readonly MutationResult[];
  readonly indexUpdates: number;
  readonly commitTime: WireTimestamp;
}

export interface CommitsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly contention: Contention | undefined;
  readonly expiry: Expiry | undefined;
  readonly transactions: Transactions;
  readonly allocator: KeyAllocator;
}

/** Implements the method `commit`. */
export class Commits {
  readonly #options: CommitsOptions;

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  commit(request: CommitRequest): CommitReply {
    const isTransactional = request.mode !== NON_TRANSACTIONAL;
    const transaction = this.#transactionOf(request, isTransactional);
    if (transaction?.isReadOnly === true && request.mutations.length > 0) {
      throw invalidArgument('Cannot modify entities in a read-only transaction.');
    }
    const { store, allocator, transactions } = this.#options;
    if (!isTransactional) {
      const context = { store, allocator, isTransactional };
      const mutations = store.write(() => prepareMutations(request.mutations, request, context));
      return this.#applyOneByOne(mutations);
    }
    const applied = store.write(() => {
      const mutations = prepareMutations(request.mutations, request, { store, allocator, isTransactional });
      if (transaction !== undefined && !transaction.isReadOnly) {
        const written = new Set(mutations.map(({ partitionId, keyBytes }) => entityId(partitionId, keyBytes)));
        transactions.checkConflicts(transaction, written);
      }
      return this.#apply(mutations);
    });
    if (transaction !== undefined) transactions.close(transaction);
    transactions.record(applied.changes);
    return replyOf([applied], applied.version);
  }

  /**
   * Applies mutations in order, up to the first that fails. The failure does not undo the earlier ones; Google's own
   * emulator behaves the same.
   */
  #applyOneByOne(mutations: readonly PreparedMutation[]): CommitReply {
    const { store, transactions } = this.#options;
    const applied: Applied[] = [];
    for (const mutation of mutations) {
      const one = store.write(() => this.#apply([mutation]));
      transactions.record(one.changes);
      applied.push(one);
    }
    return replyOf(applied, applied.at(-1)?.version ?? store.lastVersion);
  }

  #apply(mutations: readonly PreparedMutation[]): Applied {
    const { store, clock, contention, expiry } = this.#options;
    contention?.take(mutations);
    return applyMutations(store, mutations, { nowMs: clock.nowMs(), expiry });
  }

  #transactionOf(request: CommitRequest, isTransactional: boolean): Transaction | undefined {
    const { transactionSelector, singleUseTransaction } = request;
    if (!isTransactional) {
      if (transactionSelector === undefined) return undefined;
      throw invalidArgument('A non-transactional commit takes no transaction.');
    }
    if (transactionSelector === 'transaction') return this.#options.transactions.use(request.transaction, request);
    if (transactionSelector === undefined) throw invalidArgument('transactional commit requires a transaction');
    if (singleUseTransaction?.mode === 'readOnly') {
      throw invalidArgument('A single-use transaction must be able to write.');
    }
    return undefined;
  }
}

function replyOf(applied: readonly Applied[], version: number): CommitReply {
  return {
    mutationResults: applied.flatMap(({ results }) => results),
    indexUpdates: applied.reduce((sum, { indexUpdates }) => sum + indexUpdates, 0),
    commitTime: timestampOf(version),
  };
}
