import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';

import type { IndexedValues } from './entities.ts';
import { indexedValues } from './entities.ts';
import type { CompositeIndex } from './index-definitions.ts';
import { IndexDefinitions } from './index-definitions.ts';
import { decodePath, kindOf } from './keys.ts';
import { after, asBuffer, complement, EMPTY } from './ordered-bytes.ts';
import type { Posting } from './posting-sets.ts';
import { PostingSets } from './posting-sets.ts';
import type { WirePartition } from './wire.ts';
import { decodeEntity } from './wire.ts';

/** An entity as it lies in its table. Times and versions are microseconds; a version is also the time of its update. */
export interface StoredEntity {
  readonly version: number;
  readonly createdMicros: number;
  /** The serialized Entity. */
  readonly data: Buffer;
}

/** What reads have cost so far. A filter tested on an entry of another index counts as one entry read. */
export interface ReadStats {
  entitiesRead: number;
  indexEntriesRead: number;
}

export interface IndexEntry {
  readonly definitionId: number;
  readonly value: Buffer;
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
  CREATE TABLE IF NOT EXISTS reserved_key (
    partition_id INTEGER NOT NULL, key BLOB NOT NULL, PRIMARY KEY (partition_id, key)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS index_definition (
    id INTEGER PRIMARY KEY, partition_id INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    has_multiple INTEGER NOT NULL DEFAULT 0, UNIQUE (partition_id, kind, name));
  CREATE TABLE IF NOT EXISTS index_entry (
    definition_id INTEGER NOT NULL, value BLOB NOT NULL, key BLOB NOT NULL,
    PRIMARY KEY (definition_id, value, key)) WITHOUT ROWID;
`;

/** Everything but the numbers that must go on growing. */
const EMPTIED = ['entity', 'tombstone', 'reserved_key', 'index_definition', 'index_entry', 'partition'] as const;

const BUILD_BATCH = 10_000;
const LOCK_WAIT_MS = 5000;

/**
 * Entities and their index entries in SQLite. A write is durable against the death of the process once it returns: the
 * write-ahead log is in the kernel's hands by then.
 */
export class Store {
  readonly stats: ReadStats = { entitiesRead: 0, indexEntriesRead: 0 };
  readonly definitions: IndexDefinitions;
  readonly postings = new PostingSets((posting) => this.#entityNumbers(posting));
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #partitionIds = new Map<string, number>();
  #lastVersion: number;
  #isWriting = false;

  constructor(file: string, compositeIndexes: readonly CompositeIndex[]) {
    // A killed process may hold the file for a moment longer.
    this.#db = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
    this.#db.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -131072; PRAGMA temp_store = MEMORY;' +
        'PRAGMA mmap_size = 1073741824; PRAGMA wal_autocheckpoint = 4000;',
    );
    this.#db.exec(SCHEMA);
    // Lets a statement say how many entries it has looked at; SQLite does not tell.
    this.#db.function('scanned', { deterministic: false }, () => {
      this.stats.indexEntriesRead += 1;
      return 1;
    });
    this.definitions = new IndexDefinitions(this.#db, compositeIndexes);
    this.#lastVersion = this.counter('last_version');
    this.#build();
  }

  close(): void {
    this.#db.close();
  }

  /** Forgets all entities; versions and allocated ids go on from where they were. */
  clear(): void {
    this.write(() => {
      for (const table of EMPTIED) this.#db.exec(`DELETE FROM ${table}`);
    });
    this.#forget();
  }

  all(sql: string, parameters: readonly SQLInputValue[]): Record<string, SQLOutputValue>[] {
    return this.#statement(sql).all(...parameters);
  }

  get(sql: string, parameters: readonly SQLInputValue[]): Record<string, SQLOutputValue> | undefined {
    return this.#statement(sql).get(...parameters);
  }

  /** Runs `work` as one transaction of the file: all of it or, when it throws, nothing. */
  write<T>(work: () => T): T {
    if (this.#isWriting) return work();
    this.#db.exec('BEGIN IMMEDIATE');
    this.#isWriting = true;
    try {
      const result = work();
      this.#run('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)', ['last_version', this.#lastVersion]);
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

  /** Above every earlier version, whatever the clock says. */
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
    this.#run('INSERT OR IGNORE INTO partition (project, database, namespace) VALUES (?, ?, ?)', names);
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

  /** When a key that is missing was deleted; 0 when it has never been. */
  deletedVersion(partitionId: number, key: Buffer): number {
    const row = this.get('SELECT version FROM tombstone WHERE partition_id = ? AND key = ?', [partitionId, key]);
    return Number(row?.['version'] ?? 0);
  }

  /** Writes an entity and its index entries; answers how many entries that changed. */
  put(
    partitionId: number,
    key: Buffer,
    after: StoredEntity & { readonly values: IndexedValues },
    before: StoredEntity | undefined,
  ): number {
    if (before === undefined) {
      this.insertEntity(partitionId, key, after);
    } else {
      this.#run('UPDATE entity SET version = ?, data = ? WHERE partition_id = ? AND key = ?', [
        after.version,
        after.data,
        partitionId,
        key,
      ]);
    }
    return this.#replaceEntries(
      key,
      before === undefined ? [] : this.entries(partitionId, key, indexedValues(decodeEntity(before.data))),
      this.entries(partitionId, key, after.values),
    );
  }

  /** Without its index entries. */
  insertEntity(partitionId: number, key: Buffer, entity: StoredEntity): void {
    this.#run('INSERT INTO entity (partition_id, key, version, created, data) VALUES (?, ?, ?, ?, ?)', [
      partitionId,
      key,
      entity.version,
      entity.createdMicros,
      entity.data,
    ]);
    this.#run('DELETE FROM tombstone WHERE partition_id = ? AND key = ?', [partitionId, key]);
  }

  remove(partitionId: number, key: Buffer, before: StoredEntity, version: number): number {
    // The entries first: the entity still has its number.
    const entries = this.entries(partitionId, key, indexedValues(decodeEntity(before.data)));
    const changes = this.#replaceEntries(key, entries, []);
    this.#run('DELETE FROM entity WHERE partition_id = ? AND key = ?', [partitionId, key]);
    this.#run('INSERT OR REPLACE INTO tombstone (partition_id, key, version) VALUES (?, ?, ?)', [
      partitionId,
      key,
      version,
    ]);
    return changes;
  }

  /** Writes the entries of many new entities, in the order of the table, which is several times faster. */
  insertEntries(entries: readonly (IndexEntry & { readonly key: Buffer })[]): void {
    const sorted = [...entries].sort(
      (a, b) => a.definitionId - b.definitionId || a.value.compare(b.value) || a.key.compare(b.key),
    );
    for (const { definitionId, value, key } of sorted) this.#insertEntry(definitionId, value, key);
  }

  entries(partitionId: number, key: Buffer, values: IndexedValues): IndexEntry[] {
    const kind = kindOf(decodePath(key));
    const entries: IndexEntry[] = [{ definitionId: this.definitions.byKey(partitionId, kind).id, value: EMPTY }];
    for (const [name, encodings] of values) {
      const definition = this.definitions.byProperty(partitionId, kind, name);
      if (encodings.length > 1) this.definitions.markMultiple(definition);
      for (const value of encodings) entries.push({ definitionId: definition.id, value });
    }
    for (const { id, properties } of this.definitions.composites(partitionId, kind)) {
      let joints: Buffer[] = [EMPTY];
      for (const { name, isDescending } of properties) {
        const encodings = (values.get(name) ?? []).map((value) => (isDescending ? complement(value) : value));
        joints = joints.flatMap((joint) => encodings.map((value) => Buffer.concat([joint, value])));
      }
      for (const value of joints) entries.push({ definitionId: id, value });
    }
    return entries;
  }

  /** How many entries begin with the prefix, but no more than `max`. */
  entriesFrom({ definitionId, prefix }: Omit<Posting, 'isWhole'>, max: number): number {
    const sql =
      'SELECT count(*) AS size FROM (SELECT 1 FROM index_entry WHERE definition_id = ? AND value >= ? AND value < ? LIMIT ?)';
    return Number(this.get(sql, [definitionId, prefix, after(prefix), max])?.['size'] ?? 0);
  }

  /** A number that outlives the process; 0 until it is first set. */
  counter(name: string): number {
    return Number(this.get('SELECT value FROM meta WHERE name = ?', [name])?.['value'] ?? 0);
  }

  setCounter(name: string, value: number): void {
    this.#run('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)', [name, value]);
  }

  reserveKey(partitionId: number, key: Buffer): void {
    this.#run('INSERT OR IGNORE INTO reserved_key (partition_id, key) VALUES (?, ?)', [partitionId, key]);
  }

  /** Whether a new id may not be this one. */
  isTaken(partitionId: number, key: Buffer): boolean {
    const sql =
      'SELECT 1 FROM reserved_key WHERE partition_id = ?1 AND key = ?2 ' +
      'UNION ALL SELECT 1 FROM entity WHERE partition_id = ?1 AND key = ?2';
    return this.get(sql, [partitionId, key]) !== undefined;
  }

  #replaceEntries(key: Buffer, before: readonly IndexEntry[], after: readonly IndexEntry[]): number {
    const identity = ({ definitionId, value }: IndexEntry) => `${definitionId}:${value.toString('latin1')}`;
    const kept = new Set(after.map(identity));
    const had = new Set<string>();
    let changes = 0;
    for (const entry of before) {
      const id = identity(entry);
      had.add(id);
      if (kept.has(id)) continue;
      changes += 1;
      this.#run('DELETE FROM index_entry WHERE definition_id = ? AND value = ? AND key = ?', [
        entry.definitionId,
        entry.value,
        key,
      ]);
      this.#tellPostings(entry, key, false);
    }
    for (const entry of after) {
      if (had.has(identity(entry))) continue;
      changes += 1;
      this.#insertEntry(entry.definitionId, entry.value, key);
    }
    return changes;
  }

  #insertEntry(definitionId: number, value: Buffer, key: Buffer): void {
    this.#run('INSERT OR IGNORE INTO index_entry (definition_id, value, key) VALUES (?, ?, ?)', [
      definitionId,
      value,
      key,
    ]);
    this.#tellPostings({ definitionId, value }, key, true);
  }

  #tellPostings(entry: IndexEntry, key: Buffer, isThere: boolean): void {
    if (!this.postings.concerns(entry.definitionId)) return;
    const sql =
      'SELECT e.rowid AS number FROM index_definition d JOIN entity e ON e.partition_id = d.partition_id AND e.key = ? ' +
      'WHERE d.id = ?';
    const row = this.get(sql, [key, entry.definitionId]);
    if (row === undefined) throw new Error('An index names an entity that is not there.');
    this.postings.change(entry, Number(row['number']), isThere);
  }

  /** Of the entities that have an entry there; an entity keeps its number as long as it lives. */
  *#entityNumbers({ definitionId, prefix, isWhole }: Posting): Generator<number> {
    const range = isWhole ? 'a.value = ?' : 'a.value >= ? AND a.value < ?';
    // Read along the index; SQLite would rather begin with all entities.
    const sql =
      `SELECT e.rowid AS number FROM index_definition d CROSS JOIN index_entry a ` +
      `CROSS JOIN entity e ON e.partition_id = d.partition_id AND e.key = a.key ` +
      `WHERE d.id = ? AND a.definition_id = d.id AND ${range}`;
    const parameters = [definitionId, prefix, ...(isWhole ? [] : [after(prefix)])];
    for (const row of this.#statement(sql).iterate(...parameters)) yield Number(row['number']);
  }

  /** What is kept in memory may be of something that was never stored, or is not there any more. */
  #forget(): void {
    this.definitions.reload();
    this.#partitionIds.clear();
    this.postings.clear();
  }

  /** Brings the composite indexes of a file in line with what is declared now. */
  #build(): void {
    for (const id of this.definitions.undeclared()) {
      this.write(() => {
        this.#run('DELETE FROM index_entry WHERE definition_id = ?', [id]);
        this.#run('DELETE FROM index_definition WHERE id = ?', [id]);
      });
    }
    const unbuilt = this.definitions.unbuilt();
    if (unbuilt.length === 0) return;
    this.write(() => {
      for (const { partitionId, kind } of unbuilt) this.#buildKind(partitionId, kind);
    });
  }

  #buildKind(partitionId: number, kind: string): void {
    const byKey = this.definitions.byKey(partitionId, kind).id;
    let from: Buffer = EMPTY;
    for (;;) {
      const rows = this.all(
        `SELECT e.key, e.data FROM index_entry i JOIN entity e ON e.partition_id = ? AND e.key = i.key
         WHERE i.definition_id = ? AND i.value = x'' AND i.key > ? ORDER BY i.key LIMIT ${BUILD_BATCH}`,
        [partitionId, byKey, from],
      );
      this.insertEntries(
        rows.flatMap((row) => {
          const key = blob(row['key']);
          const values = indexedValues(decodeEntity(blob(row['data'])));
          return this.entries(partitionId, key, values).map((entry) => ({ ...entry, key }));
        }),
      );
      const last = rows.at(-1);
      if (last === undefined) return;
      from = blob(last['key']);
    }
  }

  #run(sql: string, parameters: readonly SQLInputValue[]): void {
    this.#statement(sql).run(...parameters);
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** A column that is declared BLOB NOT NULL. */
export function blob(column: SQLOutputValue | undefined): Buffer {
  if (!(column instanceof Uint8Array)) throw new Error('A column that holds bytes holds something else.');
  return asBuffer(column);
}

export function toStoredEntity(row: Record<string, SQLOutputValue>): StoredEntity {
  return { version: Number(row['version']), createdMicros: Number(row['created']), data: blob(row['data']) };
}
