import type { DatabaseSync } from 'node:sqlite';

/** A composite index as declared, with the members of index.yaml. */
export interface CompositeIndex {
  readonly kind: string;
  readonly properties: readonly { readonly name: string; readonly direction: 'asc' | 'desc' }[];
}

/** An index of one kind in one partition. Its number is the first column of its rows. */
export interface IndexDefinition {
  readonly id: number;
  /** Whether some entity has or had several values in the index and so appears in several places. Never reset. */
  hasMultiple: boolean;
}

export interface CompositeDefinition extends IndexDefinition {
  /**
   * The properties in stored order: the last one is always ascending, so that a backward scan also reads keys
   * backwards.
   */
  readonly properties: readonly { readonly name: string; readonly isDescending: boolean }[];
}

/** Name of the index that lists a kind by key. */
const BY_KEY = 'k';

interface CompositeSpec {
  readonly kind: string;
  readonly name: string;
  readonly properties: CompositeDefinition['properties'];
}

function toSpec(index: CompositeIndex): CompositeSpec {
  const isFlipped = index.properties.at(-1)?.direction === 'desc';
  const properties = index.properties.map(({ name, direction }) => ({
    name,
    isDescending: (direction === 'desc') !== isFlipped,
  }));
  const name = `c${JSON.stringify(properties.map((property) => [property.name, property.isDescending ? 1 : 0]))}`;
  return { kind: index.kind, name, properties };
}

/** Assigns numbers to indexes and stores them; the maps are a copy of the tables. */
export class IndexDefinitions {
  readonly #db: DatabaseSync;
  readonly #composites = new Map<string, CompositeSpec[]>();
  readonly #definitions = new Map<string, IndexDefinition>();
  readonly #compositeLists = new Map<string, readonly CompositeDefinition[]>();

  constructor(db: DatabaseSync, composites: readonly CompositeIndex[]) {
    this.#db = db;
    for (const composite of composites) {
      const spec = toSpec(composite);
      const specs = this.#composites.get(spec.kind) ?? [];
      // A declaration and the same one with all directions reversed share one stored index.
      if (!specs.some(({ name }) => name === spec.name)) specs.push(spec);
      this.#composites.set(spec.kind, specs);
    }
    this.reload();
  }

  /** Reads the tables again: after a rollback the maps may contain indexes that were not stored. */
  reload(): void {
    this.#definitions.clear();
    this.#compositeLists.clear();
    const rows = this.#db.prepare('SELECT id, partition_id, kind, name, has_multiple FROM index_definition').all();
    for (const row of rows) {
      const key = mapKey(Number(row['partition_id']), String(row['kind']), String(row['name']));
      this.#definitions.set(key, { id: Number(row['id']), hasMultiple: row['has_multiple'] === 1 });
    }
  }

  byKey(partitionId: number, kind: string): IndexDefinition {
    return this.#define(partitionId, kind, BY_KEY);
  }

  byProperty(partitionId: number, kind: string, property: string): IndexDefinition {
    return this.#define(partitionId, kind, `p${property}`);
  }

  composites(partitionId: number, kind: string): readonly CompositeDefinition[] {
    const listKey = mapKey(partitionId, kind, '');
    const known = this.#compositeLists.get(listKey);
    if (known !== undefined) return known;
    const list = (this.#composites.get(kind) ?? []).map((spec) => {
      const { id, hasMultiple } = this.#define(partitionId, kind, spec.name);
      return { id, hasMultiple, properties: spec.properties };
    });
    this.#compositeLists.set(listKey, list);
    return list;
  }

  markMultiple(definition: IndexDefinition): void {
    if (definition.hasMultiple) return;
    this.#db.prepare('UPDATE index_definition SET has_multiple = 1 WHERE id = ?').run(definition.id);
    definition.hasMultiple = true;
  }

  /** Returns stored composite indexes that are no longer declared. */
  undeclared(): readonly number[] {
    const rows = this.#db.prepare("SELECT id, kind, name FROM index_definition WHERE name LIKE 'c%'").all();
    return rows
      .filter((row) => {
        const specs = this.#composites.get(String(row['kind'])) ?? [];
        return !specs.some(({ name }) => name === row['name']);
      })
      .map((row) => Number(row['id']));
  }

  /** Returns partitions and kinds with entities that a declared composite index does not contain yet. */
  unbuilt(): readonly { readonly partitionId: number; readonly kind: string }[] {
    const rows = this.#db.prepare('SELECT partition_id, kind FROM index_definition WHERE name = ?').all(BY_KEY);
    return rows
      .map((row) => ({ partitionId: Number(row['partition_id']), kind: String(row['kind']) }))
      .filter(({ partitionId, kind }) =>
        (this.#composites.get(kind) ?? []).some((spec) => !this.#definitions.has(mapKey(partitionId, kind, spec.name))),
      );
  }

  #define(partitionId: number, kind: string, name: string): IndexDefinition {
    const key = mapKey(partitionId, kind, name);
    const known = this.#definitions.get(key);
    if (known !== undefined) return known;
    const { lastInsertRowid } = this.#db
      .prepare('INSERT INTO index_definition (partition_id, kind, name) VALUES (?, ?, ?)')
      .run(partitionId, kind, name);
    const definition = { id: Number(lastInsertRowid), hasMultiple: false };
    this.#definitions.set(key, definition);
    return definition;
  }
}

function mapKey(partitionId: number, kind: string, name: string): string {
  return `${partitionId}\0${kind}\0${name}`;
}
