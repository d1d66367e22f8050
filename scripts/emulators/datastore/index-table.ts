import type { IndexedValues } from './entities.ts';
import { indexedValues } from './entities.ts';
import type { IndexDefinitions } from './index-definitions.ts';
import { decodePath, kindOf } from './keys.ts';
import { after, complement, EMPTY } from './ordered-bytes.ts';
import type { Rows } from './rows.ts';
import { blob } from './rows.ts';
import { decodeEntity } from './wire.ts';

export interface IndexEntry {
  readonly definitionId: number;
  readonly value: Buffer;
}

const BUILD_BATCH = 10_000;

/** The entries of all indexes in one table: the index's number, the value, and the entity's key. */
export class IndexTable {
  readonly #rows: Rows;
  readonly #definitions: IndexDefinitions;

  constructor(rows: Rows, definitions: IndexDefinitions) {
    this.#rows = rows;
    this.#definitions = definitions;
  }

  entries(partitionId: number, key: Buffer, values: IndexedValues): IndexEntry[] {
    const kind = kindOf(decodePath(key));
    const entries: IndexEntry[] = [{ definitionId: this.#definitions.byKey(partitionId, kind).id, value: EMPTY }];
    for (const [name, encodings] of values) {
      const definition = this.#definitions.byProperty(partitionId, kind, name);
      if (encodings.length > 1) this.#definitions.markMultiple(definition);
      for (const value of encodings) entries.push({ definitionId: definition.id, value });
    }
    for (const { id, properties } of this.#definitions.composites(partitionId, kind)) {
      let joints: Buffer[] = [EMPTY];
      for (const { name, isDescending } of properties) {
        const encodings = (values.get(name) ?? []).map((value) => (isDescending ? complement(value) : value));
        joints = joints.flatMap((joint) => encodings.map((value) => Buffer.concat([joint, value])));
      }
      for (const value of joints) entries.push({ definitionId: id, value });
    }
    return entries;
  }

  /** Writes the entries of many new entities, sorted in the order of the table, which is several times faster. */
  insertEntries(entries: readonly (IndexEntry & { readonly key: Buffer })[]): void {
    const sorted = [...entries].sort(
      (a, b) => a.definitionId - b.definitionId || a.value.compare(b.value) || a.key.compare(b.key),
    );
    for (const { definitionId, value, key } of sorted) this.#insertEntry(definitionId, value, key);
  }

  /** Counts the entries that begin with the prefix, up to `max`. */
  entriesFrom(
    { definitionId, prefix }: { readonly definitionId: number; readonly prefix: Buffer },
    max: number,
  ): number {
    const sql =
      'SELECT count(*) AS size FROM (SELECT 1 FROM index_entry WHERE definition_id = ? AND value >= ? AND value < ? LIMIT ?)';
    return Number(this.#rows.get(sql, [definitionId, prefix, after(prefix), max])?.['size'] ?? 0);
  }

  replace(key: Buffer, before: readonly IndexEntry[], after: readonly IndexEntry[]): number {
    const identity = ({ definitionId, value }: IndexEntry) => `${definitionId}:${value.toString('latin1')}`;
    const kept = new Set(after.map(identity));
    const had = new Set<string>();
    let changes = 0;
    for (const entry of before) {
      const id = identity(entry);
      had.add(id);
      if (kept.has(id)) continue;
      changes += 1;
      this.#rows.run('DELETE FROM index_entry WHERE definition_id = ? AND value = ? AND key = ?', [
        entry.definitionId,
        entry.value,
        key,
      ]);
    }
    for (const entry of after) {
      if (had.has(identity(entry))) continue;
      changes += 1;
      this.#insertEntry(entry.definitionId, entry.value, key);
    }
    return changes;
  }

  /** Adds and removes composite indexes of an existing file until they match the declarations. */
  build(): void {
    for (const id of this.#definitions.undeclared()) {
      this.#rows.write(() => {
        this.#rows.run('DELETE FROM index_entry WHERE definition_id = ?', [id]);
        this.#rows.run('DELETE FROM index_definition WHERE id = ?', [id]);
      });
    }
    const unbuilt = this.#definitions.unbuilt();
    if (unbuilt.length === 0) return;
    this.#rows.write(() => {
      for (const { partitionId, kind } of unbuilt) this.#buildKind(partitionId, kind);
    });
  }

  #buildKind(partitionId: number, kind: string): void {
    const byKey = this.#definitions.byKey(partitionId, kind).id;
    let from: Buffer = EMPTY;
    for (;;) {
      const rows = this.#rows.all(
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

  #insertEntry(definitionId: number, value: Buffer, key: Buffer): void {
    this.#rows.run('INSERT OR IGNORE INTO index_entry (definition_id, value, key) VALUES (?, ?, ?)', [
      definitionId,
      value,
      key,
    ]);
  }
}
