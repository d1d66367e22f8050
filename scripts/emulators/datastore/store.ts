import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';

import type { IndexedValues } from './entities.ts';
import { indexedValues } from './entities.ts';
import type { CompositeIndex } from './index-definitions.ts';
import { IndexDefinitions } from './index-definitions.ts';
import { IndexTable } from './index-table.ts';
import type { Rows } from './rows.ts';
import { blob } from './rows.ts';
import type { WirePartition } from './wire.ts';
import { decodeEntity } from './wire.ts';

/** A stored entity. Times and versions are microseconds; a version is also the time of the update. */
export interface StoredEntity {
  readonly version: number;
  readonly createdMicros: number;
  /** The serialized Entity. */
  readonly data: Buffer;
}

/** Reads since the start. A filter that is tested on an entry of another index counts as one entry read. */
export interface ReadStats {
  entitiesRead: number;
  indexEntriesRead: number;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS partition (
    id INTEGER PRIMARY KEY, project TEXT NOT NULL, database TEXT NOT NULL, namespace TEXT NOT NULL,
    UNIQUE (project, database, namespace));
  CREATE TABLE IF NOT EXISTS entity (
    partition_id INTEGER NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, created INTEGER NOT NULL,
    data BLOB NOT NULL, UNIQUE (partition_id, key));
  CREATE TABLE IF NOT EXISTS tombstone (
    partition_id INTEGER NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (partition_id, key)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS expiry (
    partition_id INTEGER NOT NULL, key BLOB NOT NULL, due INTEGER NOT NULL, PRIMARY KEY (partition_id, key)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS expiry_by_due ON expiry (due);
  CREATE TABLE IF NOT EXISTS reserved_key (
    partition_id INTEGER NOT NULL, key BLOB NOT NULL, PRIMARY KEY (partition_id, key)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS index_definition (
    id INTEGER PRIMARY KEY, partition_id INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    has_multiple INTEGER NOT NULL DEFAULT 0, UNIQUE (partition_id, kind, name));
  CREATE TABLE IF NOT EXISTS index_entry (
    definition_id INTEGER NOT NULL, value BLOB NOT NULL, key BLOB NOT NULL,
    PRIMARY KEY (definition_id, value, key)) WITHOUT ROWID;
`;

/** The tables that `clear` empties: all but the counters, which must keep growing. */
const EMPTIED = [
  'entity',
  'tombstone',
  'expiry',
  'reserved_key',
  'index_definition',
  'index_entry',
  'partition',
] as const;

const LOCK_WAIT_MS = 5000;

/**
 * Entities and their index entries in SQLite. Once a write returns, it survives the end of the process, because the
 * write-ahead log has been handed to the kernel.
 */
export class Store implements Rows {
  readonly stats: ReadStats = { entitiesRead: 0, indexEntriesRead: 0 };
  #definitions: IndexDefinitions;
  #indexes: IndexTable;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #partitionIds = new Map<string, number>();
  #lastVersion: number;
  #isWriting = false;

  constructor(file: string, compositeIndexes: readonly CompositeIndex[]) {
    // A killed process may hold the file's lock for a moment longer.
    this.#db = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
    this.#db.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -131072; PRAGMA temp_store = MEMORY;' +
        'PRAGMA mmap_size = 1073741824; PRAGMA wal_autocheckpoint = 4000;',
    );
    this.#db.exec(SCHEMA);
    // Lets SQL statements count the entries that they read, which SQLite does not report.
    this.#db.function('scanned', { deterministic: false }, () => {
      this.stats.indexEntriesRead += 1;
      return 1;
    });
    this.#definitions = new IndexDefinitions(this.#db, compositeIndexes);
    this.#indexes = new IndexTable(this, this.#definitions);
    this.#lastVersion = this.counter('last_version');
    this.indexes.build();
  }

  get definitions(): IndexDefinitions {
    return this.#definitions;
  }

  get indexes(): IndexTable {
    return this.#indexes;
  }

  /** From now on these composite indexes are kept, and no others. */
  declare(compositeIndexes: readonly CompositeIndex[]): void {
    this.#definitions = new IndexDefinitions(this.#db, compositeIndexes);
    this.#indexes = new IndexTable(this, this.#definitions);
    this.#indexes.build();
  }

  close(): void {
    this.#db.close();
  }

  /** Removes all entities; versions and allocated ids continue from their last values. */
  clear(): void {
    this.write(() => {
      for (const table of EMPTIED) this.#db.exec(`DELETE FROM ${table}`);
    });
    this.#forget();
  }

  all(sql: string, parameters: readonly SQLInputValue[]): Record<string, SQLOutputValue>[] {
    return this.#statement(sql).all(...parameters);
  }

  run(sql: string, parameters: readonly SQLInputValue[]): void {
    this.#statement(sql).run(...parameters);
  }

  get(sql: string, parameters: readonly SQLInputValue[]): Record<string, SQLOutputValue> | undefined {
    return this.#statement(sql).get(...parameters);
  }

  /** Runs `work` in one transaction of the file; if it throws, nothing is changed. */
  write<T>(work: () => T): T {
    if (this.#isWriting) return work();
    this.#db.exec('BEGIN IMMEDIATE');
    this.#isWriting = true;
    try {
      const result = work();
      this.run('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)', ['last_version', this.#lastVersion]);
      this.#db.exec('COMMIT');
      return result;
    } catch (thrown) {
      this.#db.exec('ROLLBACK');
      this.#forget();
      throw thrown;
    } finally {
      this.#isWriting = false;
    }
  }

  get lastVersion(): number {
    return this.#lastVersion;
  }

  /** Returns a version above every earlier one, even if the clock was set back. */
  nextVersion(nowMs: number): number {
    this.#lastVersion = Math.max(this.#lastVersion + 1, Math.floor(nowMs * 1000));
    return this.#lastVersion;
  }

  partitionId(partition: WirePartition): number {
    const { projectId, databaseId, namespaceId } = partition;
    const mapKey = `${projectId}\0${databaseId}\0${namespaceId}`;
    const known = this.#partitionIds.get(mapKey);
    if (known !== undefined) return known;
    const names = [projectId, databaseId, namespaceId];
    this.run('INSERT OR IGNORE INTO partition (project, database, namespace) VALUES (?, ?, ?)', names);
    const row = this.get('SELECT id FROM partition WHERE project = ? AND database = ? AND namespace = ?', names);
    const id = Number(row?.['id']);
    this.#partitionIds.set(mapKey, id);
    return id;
  }

  entity(partitionId: number, key: Buffer): StoredEntity | undefined {
    this.stats.entitiesRead += 1;
    const row = this.get('SELECT version, created, data FROM entity WHERE partition_id = ? AND key = ?', [
      partitionId,
      key,
    ]);
    return row === undefined ? undefined : toStoredEntity(row);
  }

  /** Returns the version at which a missing key was deleted; 0 if it never existed. */
  deletedVersion(partitionId: number, key: Buffer): number {
    const row = this.get('SELECT version FROM tombstone WHERE partition_id = ? AND key = ?', [partitionId, key]);
    return Number(row?.['version'] ?? 0);
  }

  /** Writes an entity and its index entries; returns how many entries were changed. */
  put(
    partitionId: number,
    key: Buffer,
    after: StoredEntity & { readonly values: IndexedValues },
    before: StoredEntity | undefined,
  ): number {
    if (before === undefined) {
      this.insertEntity(partitionId, key, after);
    } else {
      this.run('UPDATE entity SET version = ?, data = ? WHERE partition_id = ? AND key = ?', [
        after.version,
        after.data,
        partitionId,
        key,
      ]);
    }
    return this.indexes.replace(
      key,
      before === undefined ? [] : this.indexes.entries(partitionId, key, indexedValues(decodeEntity(before.data))),
      this.indexes.entries(partitionId, key, after.values),
    );
  }

  /** Inserts an entity without its index entries. */
  insertEntity(partitionId: number, key: Buffer, entity: StoredEntity): void {
    this.run('INSERT INTO entity (partition_id, key, version, created, data) VALUES (?, ?, ?, ?, ?)', [
      partitionId,
      key,
      entity.version,
      entity.createdMicros,
      entity.data,
    ]);
    this.run('DELETE FROM tombstone WHERE partition_id = ? AND key = ?', [partitionId, key]);
  }

  remove(partitionId: number, key: Buffer, before: StoredEntity, version: number): number {
    // The entries are removed first, while the entity's row still exists.
    const entries = this.indexes.entries(partitionId, key, indexedValues(decodeEntity(before.data)));
    const changes = this.indexes.replace(key, entries, []);
    this.run('DELETE FROM entity WHERE partition_id = ? AND key = ?', [partitionId, key]);
    this.run('INSERT OR REPLACE INTO tombstone (partition_id, key, version) VALUES (?, ?, ?)', [
      partitionId,
      key,
      version,
    ]);
    return changes;
  }

  /** Returns a number that outlives the process; 0 until it is first set. */
  counter(name: string): number {
    return Number(this.get('SELECT value FROM meta WHERE name = ?', [name])?.['value'] ?? 0);
  }

  setCounter(name: string, value: number): void {
    this.run('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)', [name, value]);
  }

  reserveKey(partitionId: number, key: Buffer): void {
    this.run('INSERT OR IGNORE INTO reserved_key (partition_id, key) VALUES (?, ?)', [partitionId, key]);
  }

  /** Whether an id must not be assigned, because an entity uses or has reserved it. */
  isTaken(partitionId: number, key: Buffer): boolean {
    const sql =
      'SELECT 1 FROM reserved_key WHERE partition_id = ?1 AND key = ?2 ' +
      'UNION ALL SELECT 1 FROM entity WHERE partition_id = ?1 AND key = ?2';
    return this.get(sql, [partitionId, key]) !== undefined;
  }

  /** Drops copies in memory, which may describe rows that were rolled back or removed. */
  #forget(): void {
    this.definitions.reload();
    this.#partitionIds.clear();
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

export function toStoredEntity(row: Record<string, SQLOutputValue>): StoredEntity {
  return { version: Number(row['version']), createdMicros: Number(row['created']), data: blob(row['data']) };
}
