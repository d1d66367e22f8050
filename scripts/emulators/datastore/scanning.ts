import type { SQLInputValue } from 'node:sqlite';

import { indexedValues } from './entities.ts';
import type { Position } from './matching.ts';
import { comparePositions, tuplesOf } from './matching.ts';
import { after, complement, EMPTY, next } from './ordered-bytes.ts';
import type { Plan, Scan } from './planner.ts';
import type { CompiledQuery } from './query.ts';
import type { Store } from './store.ts';
import { blob } from './rows.ts';
import { splitValues } from './values.ts';
import { decodeEntity } from './wire.ts';

/** The range of a query's results to read: after `from` (exclusive), up to `until` (inclusive). */
export interface Section {
  readonly from: Position | undefined;
  readonly until: Position | undefined;
}

/** A position among the free components of a scan, in the order of the query. */
interface Edge {
  readonly suffix: Buffer;
  /** Before or after everything that begins with the suffix, or directly after this key. */
  readonly at: 'before' | 'after' | { readonly key: Buffer };
}

const CHUNK_MAX = 1024;

/** Reads the results of one conjunction in the order of the query, in chunks. */
export class ConjunctionScan {
  readonly #store: Store;
  readonly #query: CompiledQuery;
  readonly #plan: Plan;

  constructor(store: Store, query: CompiledQuery, plan: Plan) {
    this.#store = store;
    this.#query = query;
    this.#plan = plan;
  }

  /** Whether SQLite alone can `count` and `skip`, because every scanned entry is a result. */
  get isExact(): boolean {
    return this.#plan.method === 'ordered' && !this.#plan.needsCheck;
  }

  /** Yields the results of a section. `wanted` is how many the caller expects to take. */
  *positions(section: Section, wanted: number): Generator<Position> {
    if (this.#plan.method === 'sorted') {
      yield* this.#sorted(section);
      return;
    }
    let { from } = section;
    for (let size = Math.min(wanted, CHUNK_MAX); ; size = Math.min(size * 2, CHUNK_MAX)) {
      const chunk = this.#read({ ...section, from }, size, 0);
      for (const position of chunk) {
        if (!this.#plan.needsCheck || this.#matches(position)) yield position;
      }
      from = chunk.at(-1);
      if (chunk.length < size) return;
    }
  }

  /** Returns the position `count` results further on; undefined if there are fewer. Only for an exact scan. */
  skip(section: Section, count: number): Position | undefined {
    this.#store.stats.indexEntriesRead += this.#plan.scan.probes.length === 0 ? count - 1 : 0;
    return this.#read(section, 1, count - 1)[0];
  }

  /** Counts the results of a section. Only for an exact scan. */
  count(section: Section, max: number): number {
    const where = this.#where(section);
    if (where === undefined) return 0;
    const { scan } = this.#plan;
    const sql = `SELECT count(*) AS size FROM (SELECT 1 FROM ${tableOf(scan)} a WHERE ${where.sql} LIMIT ?)`;
    const size = this.#counted(() => Number(this.#store.get(sql, [...where.parameters, max])?.['size'] ?? 0));
    if (scan.probes.length === 0) this.#store.stats.indexEntriesRead += size;
    return size;
  }

  #sorted(section: Section): Position[] {
    const found: Position[] = [];
    const seen = new Set<string>();
    let from: Buffer | undefined;
    const { isKeyDescending } = this.#query;
    // Candidates come in another order than results, so a section cannot limit the scan.
    for (const key of this.#candidateKeys()) {
      const id = key.toString('latin1');
      if (seen.has(id)) continue;
      seen.add(id);
      for (const tuple of this.#tuples(key)) found.push({ tuple, key });
      from = key;
    }
    if (from === undefined) return found;
    return found
      .filter((position) => isInside(position, section, isKeyDescending))
      .sort((a, b) => comparePositions(a, b, isKeyDescending));
  }

  *#candidateKeys(): Generator<Buffer> {
    const { scan } = this.#plan;
    const where = conditions(scan, { start: undefined, end: undefined });
    let offset: readonly [Buffer, Buffer] | undefined;
    for (;;) {
      const more = offset === undefined ? '' : ' AND (a.value, a.key) > (?, ?)';
      const sql =
        scan.definitionId === undefined
          ? `SELECT x'' AS value, a.key FROM entity a WHERE ${where.sql}${offset === undefined ? '' : ' AND a.key > ?'} ORDER BY a.key LIMIT ${CHUNK_MAX}`
          : `SELECT a.value, a.key FROM index_entry a WHERE ${where.sql}${more} ORDER BY a.value, a.key LIMIT ${CHUNK_MAX}`;
      const last: readonly Buffer[] = offset === undefined ? [] : offset.slice(scan.definitionId === undefined ? 1 : 0);
      const rows = this.#counted(() => this.#store.all(sql, [...where.parameters, ...last]));
      if (scan.probes.length === 0) this.#store.stats.indexEntriesRead += rows.length;
      for (const row of rows) yield blob(row['key']);
      const end = rows.at(-1);
      if (end === undefined || rows.length < CHUNK_MAX) return;
      offset = [blob(end['value']), blob(end['key'])];
    }
  }

  #tuples(key: Buffer): Buffer[] {
    const stored = this.#store.entity(this.#plan.scan.partitionId, key);
    if (stored === undefined) return [];
    return tuplesOf(this.#query, key, indexedValues(decodeEntity(stored.data)));
  }

  #matches({ tuple, key }: Position): boolean {
    return this.#tuples(key).some((other) => other.equals(tuple));
  }

  #read(section: Section, limit: number, offset: number): Position[] {
    const where = this.#where(section);
    if (where === undefined) return [];
    const { scan } = this.#plan;
    const direction = scan.isReversed ? ' DESC' : '';
    const order = scan.free.length === 0 ? `a.key${direction}` : `a.value${direction}, a.key${direction}`;
    const columns = scan.definitionId === undefined ? "x'' AS value, a.key" : 'a.value, a.key';
    const sql = `SELECT ${columns} FROM ${tableOf(scan)} a WHERE ${where.sql} ORDER BY ${order} LIMIT ? OFFSET ?`;
    const rows = this.#counted(() => this.#store.all(sql, [...where.parameters, limit, offset]));
    if (scan.probes.length === 0) this.#store.stats.indexEntriesRead += rows.length;
    return rows.map((row) => ({ tuple: this.#tuple(blob(row['value'])), key: blob(row['key']) }));
  }

  /** Adds probed entries to the statistics: each scanned entry is probed until one probe fails. */
  #counted<T>(read: () => T): T {
    const { stats } = this.#store;
    const before = stats.indexEntriesRead;
    const result = read();
    stats.indexEntriesRead += (stats.indexEntriesRead - before) * this.#plan.scan.probes.length;
    return result;
  }

  #tuple(value: Buffer): Buffer {
    const { scan, fixed } = this.#plan;
    if (scan.free.length === 0) return fixed.length === 0 ? EMPTY : Buffer.concat(fixed.map((part) => part ?? EMPTY));
    const stored = value.subarray(scan.prefix.length);
    const suffix = scan.isReversed ? complement(stored) : stored;
    if (fixed.every((part) => part === undefined)) return suffix;
    const free = splitValues(suffix, this.#freeDirections()).values();
    return Buffer.concat(fixed.map((part) => part ?? free.next().value ?? EMPTY));
  }

  #freeDirections(): boolean[] {
    return this.#query.components.filter((_, at) => this.#plan.fixed[at] === undefined).map((c) => c.isDescending);
  }

  #where(section: Section): Conditions | undefined {
    const start = section.from === undefined ? undefined : this.#edge(section.from);
    const end = section.until === undefined ? undefined : this.#edge(section.until);
    const { scan } = this.#plan;
    if (scan.free.length === 0 && (start?.at === 'after' || end?.at === 'before')) return undefined;
    return conditions(scan, { start, end });
  }

  /** Returns the place of a query's position in this scan, whose fixed components may differ from the position's. */
  #edge({ tuple, key }: Position): Edge {
    const { components } = this.#query;
    const parts = splitValues(
      tuple,
      components.map(({ isDescending }) => isDescending),
    );
    const suffix: Buffer[] = [];
    for (const [at, part] of parts.entries()) {
      const fixed = this.#plan.fixed[at];
      if (fixed === undefined) {
        suffix.push(part);
        continue;
      }
      const order = fixed.compare(part);
      if (order !== 0) return { suffix: Buffer.concat(suffix), at: order > 0 ? 'before' : 'after' };
    }
    return { suffix: Buffer.concat(suffix), at: { key } };
  }
}

interface Conditions {
  readonly sql: string;
  readonly parameters: readonly SQLInputValue[];
}

function tableOf(scan: Scan): string {
  return scan.definitionId === undefined ? 'entity' : 'index_entry';
}

function isInside(position: Position, { from, until }: Section, isKeyDescending: boolean): boolean {
  if (from !== undefined && comparePositions(position, from, isKeyDescending) <= 0) return false;
  return until === undefined || comparePositions(position, until, isKeyDescending) <= 0;
}

/** A place in the order of an index: an inclusive lower limit or an exclusive upper one. */
type Place = readonly [value: Buffer, key: Buffer];

/**
 * Returns the edge as a place in the index. In a forward scan, all entries after the edge are at or above the place; in
 * a backward scan, they are below it.
 */
function placeOf(scan: Scan, edge: Edge): Place {
  const suffix = scan.isReversed ? complement(edge.suffix) : edge.suffix;
  const value = Buffer.concat([scan.prefix, suffix]);
  if (typeof edge.at === 'object') return [value, scan.isReversed ? edge.at.key : next(edge.at.key)];
  // In a backward scan, before the first entry means after the last one.
  return [(edge.at === 'after') === scan.isReversed ? value : after(value), EMPTY];
}

function conditions(
  scan: Scan,
  edges: { readonly start: Edge | undefined; readonly end: Edge | undefined },
): Conditions {
  const terms: string[] = [];
  const parameters: SQLInputValue[] = [];
  const add = (term: string, ...values: readonly SQLInputValue[]): void => {
    terms.push(term);
    parameters.push(...values);
  };
  const [lowerEdge, upperEdge] = scan.isReversed ? [edges.end, edges.start] : [edges.start, edges.end];
  if (scan.definitionId === undefined) add('a.partition_id = ?', scan.partitionId);
  else add('a.definition_id = ?', scan.definitionId);
  let keyLower = keyLimit(scan.keys.lower, true);
  let keyUpper = keyLimit(scan.keys.upper, false);
  if (scan.free.length === 0) {
    if (scan.definitionId !== undefined) add('a.value = ?', scan.prefix);
    if (typeof lowerEdge?.at === 'object') keyLower = highest([keyLower, placeOf(scan, lowerEdge)[1]]);
    if (typeof upperEdge?.at === 'object') keyUpper = lowest([keyUpper, placeOf(scan, upperEdge)[1]]);
  } else {
    addValueConditions(scan, add, { lowerEdge, upperEdge });
  }
  if (keyLower !== undefined) add('a.key >= ?', keyLower);
  if (keyUpper !== undefined) add('a.key < ?', keyUpper);
  for (const key of scan.keys.excluded) add('a.key <> ?', key);
  if (scan.probes.length > 0) add('scanned()');
  for (const { definitionId, value } of scan.probes) {
    add(
      'EXISTS (SELECT 1 FROM index_entry p WHERE p.definition_id = ? AND p.value = ? AND p.key = a.key)',
      definitionId,
      value,
    );
  }
  return { sql: terms.join(' AND '), parameters };
}

function addValueConditions(
  scan: Scan,
  add: (term: string, ...values: readonly SQLInputValue[]) => void,
  { lowerEdge, upperEdge }: { readonly lowerEdge: Edge | undefined; readonly upperEdge: Edge | undefined },
): void {
  const isComplemented = scan.free[0]?.isDescending ?? false;
  const stored = (bytes: Buffer): Buffer => Buffer.concat([scan.prefix, isComplemented ? complement(bytes) : bytes]);
  const { lower: least, upper: greatest, excluded = [] } = scan.inequality ?? {};
  const [low, high] = isComplemented ? [greatest, least] : [least, greatest];
  const lowerPlaces: Place[] = [[scan.prefix, EMPTY]];
  const upperPlaces: Place[] = [[after(scan.prefix), EMPTY]];
  if (low !== undefined) lowerPlaces.push([low.isInclusive ? stored(low.bytes) : after(stored(low.bytes)), EMPTY]);
  if (high !== undefined) upperPlaces.push([high.isInclusive ? after(stored(high.bytes)) : stored(high.bytes), EMPTY]);
  if (lowerEdge !== undefined) lowerPlaces.push(placeOf(scan, lowerEdge));
  if (upperEdge !== undefined) upperPlaces.push(placeOf(scan, upperEdge));
  const order = (a: Place, b: Place): number => a[0].compare(b[0]) || a[1].compare(b[1]);
  const from = lowerPlaces.reduce((a, b) => (order(a, b) >= 0 ? a : b));
  const to = upperPlaces.reduce((a, b) => (order(a, b) <= 0 ? a : b));
  add('(a.value, a.key) >= (?, ?)', ...from);
  add('(a.value, a.key) < (?, ?)', ...to);
  for (const bytes of excluded) add('NOT (a.value >= ? AND a.value < ?)', stored(bytes), after(stored(bytes)));
}

function keyLimit(
  limit: { readonly bytes: Buffer; readonly isInclusive: boolean } | undefined,
  isLower: boolean,
): Buffer | undefined {
  if (limit === undefined) return undefined;
  return limit.isInclusive === isLower ? limit.bytes : next(limit.bytes);
}

function highest(limits: readonly (Buffer | undefined)[]): Buffer | undefined {
  return limits.reduce((a, b) => (a === undefined || (b !== undefined && b.compare(a) > 0) ? b : a));
}

function lowest(limits: readonly (Buffer | undefined)[]): Buffer | undefined {
  return limits.reduce((a, b) => (a === undefined || (b !== undefined && b.compare(a) < 0) ? b : a));
}
