import { randomBytes } from 'node:crypto';

import type { Clock } from '../clock.ts';
import { indexedValues } from './entities.ts';
import { decodePath, kindOf } from './keys.ts';
import { comparePositions, tuplesOf } from './matching.ts';
import type { CompiledQuery } from './query.ts';
import type { ReadSection } from './query-batch.ts';
import { invalidArgument, StatusError } from './status-error.ts';
import { status } from '@grpc/grpc-js';
import type { StoredEntity } from './store.ts';
import type { WireScope } from './wire.ts';
import { decodeEntity } from './wire.ts';

const IDLE_MS_MAX = 60_000;

/** A transaction id consists of the id of its process and a counter. */
const INSTANCE_BYTES = 8;
const COUNT_BYTES = 6;
const ID_BYTES = INSTANCE_BYTES + COUNT_BYTES;

/** The change of one entity by a commit. */
export interface Change {
  readonly version: number;
  readonly partitionId: number;
  readonly key: Buffer;
  /** Undefined if the entity did not exist. */
  readonly before: StoredEntity | undefined;
  /** The serialized entity; undefined if it does not exist. */
  readonly after: Buffer | undefined;
}

interface QueryRead {
  readonly query: CompiledQuery;
  readonly partitionId: number;
  readonly section: ReadSection;
}

export interface Transaction {
  readonly id: Buffer;
  readonly scope: WireScope;
  readonly isReadOnly: boolean;
  /** The transaction does not see commits with a later version. */
  readonly startVersion: number;
  readonly keysRead: Set<string>;
  readonly queriesRead: QueryRead[];
  usedAtMs: number;
}

export function entityId(partitionId: number, key: Buffer): string {
  return `${partitionId}:${key.toString('latin1')}`;
}

/**
 * Open transactions with what each has read, and all changes since the oldest of them began. Concurrency is optimistic:
 * a commit fails if another one has changed what the transaction has read or is about to write.
 */
export class Transactions {
  readonly #clock: Clock;
  readonly #open = new Map<string, Transaction>();
  /** Part of every id, so that ids of an earlier process are unknown here. */
  readonly #instance = randomBytes(INSTANCE_BYTES);
  #changes: Change[] = [];
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(scope: WireScope, options: { readonly isReadOnly: boolean; readonly startVersion: number }): Transaction {
    this.#expire();
    this.#count += 1;
    const id = Buffer.alloc(ID_BYTES);
    this.#instance.copy(id);
    id.writeUIntBE(this.#count, INSTANCE_BYTES, COUNT_BYTES);
    const transaction: Transaction = {
      ...options,
      id,
      scope: { projectId: scope.projectId, databaseId: scope.databaseId },
      keysRead: new Set(),
      queriesRead: [],
      usedAtMs: this.#clock.nowMs(),
    };
    this.#open.set(id.toString('hex'), transaction);
    return transaction;
  }

  /** Returns the open transaction of this id; refuses an id that is unknown, closed, expired or of another database. */
  use(id: Uint8Array, scope: WireScope): Transaction {
    this.#expire();
    const name = Buffer.from(id).toString('hex');
    const transaction = this.#open.get(name);
    if (transaction === undefined) {
      throw invalidArgument(this.isClosed(id) ? 'Transaction is invalid or closed.' : 'Invalid transaction.');
    }
    if (transaction.scope.projectId !== scope.projectId || transaction.scope.databaseId !== scope.databaseId) {
      throw invalidArgument('The transaction belongs to another database.');
    }
    transaction.usedAtMs = this.#clock.nowMs();
    return transaction;
  }

  /** Whether the transaction existed and is closed. */
  isClosed(id: Uint8Array): boolean {
    const bytes = Buffer.from(id);
    if (bytes.length !== ID_BYTES || !bytes.subarray(0, INSTANCE_BYTES).equals(this.#instance)) return false;
    const count = bytes.readUIntBE(INSTANCE_BYTES, COUNT_BYTES);
    return count >= 1 && count <= this.#count && !this.#open.has(bytes.toString('hex'));
  }

  close(transaction: Transaction): void {
    const name = transaction.id.toString('hex');
    this.#open.delete(name);
    this.#prune();
  }

  clear(): void {
    this.#open.clear();
    this.#changes = [];
  }

  /** Keeps changes for as long as an open transaction may conflict with them. */
  record(changes: readonly Change[]): void {
    if (this.#open.size > 0) this.#changes.push(...changes);
  }

  /** Returns what was committed since the transaction began, oldest first. */
  changesSince({ startVersion }: Transaction): readonly Change[] {
    return this.#changes.filter(({ version }) => version > startVersion);
  }

  /** Throws ABORTED if another commit has changed what the transaction has read or now writes. */
  checkConflicts(transaction: Transaction, written: ReadonlySet<string>): void {
    const isStale = this.#changes.some((change) => {
      if (change.version <= transaction.startVersion) return false;
      const id = entityId(change.partitionId, change.key);
      if (written.has(id) || transaction.keysRead.has(id)) return true;
      return transaction.queriesRead.some((read) => concerns(change, read));
    });
    if (!isStale) return;
    this.close(transaction);
    throw new StatusError(status.ABORTED, 'Aborted due to cross-transaction contention. Please try again.');
  }

  #expire(): void {
    const nowMs = this.#clock.nowMs();
    for (const transaction of [...this.#open.values()]) {
      if (nowMs - transaction.usedAtMs > IDLE_MS_MAX) this.close(transaction);
    }
  }

  #prune(): void {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { startVersion } of this.#open.values()) oldest = Math.min(oldest, startVersion);
    if (oldest === Number.POSITIVE_INFINITY) this.#changes = [];
    else this.#changes = this.#changes.filter(({ version }) => version > oldest);
  }
}

/** Whether a change affects the results of a read: the entity is, or was, one of them. */
function concerns(change: Change, { query, partitionId, section }: QueryRead): boolean {
  if (change.partitionId !== partitionId) return false;
  if (query.kind !== undefined && query.kind !== kindOf(decodePath(change.key))) return false;
  return [change.before?.data, change.after].some((data) => {
    if (data === undefined) return false;
    return tuplesOf(query, change.key, indexedValues(decodeEntity(data))).some((tuple) => {
      const position = { tuple, key: change.key };
      const { from, until } = section;
      if (from !== undefined && comparePositions(position, from, query.isKeyDescending) <= 0) return false;
      return until === undefined || comparePositions(position, until, query.isKeyDescending) <= 0;
    });
  });
}
