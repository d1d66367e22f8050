import { decodeCursor, encodeCursor } from './cursors.ts';
import { decodePath } from './keys.ts';
import type { Position } from './matching.ts';
import { masked } from './property-paths.ts';
import type { CompiledQuery } from './query.ts';
import { QueryRun } from './query-run.ts';
import { invalidArgument } from './status-error.ts';
import type { Store } from './store.ts';
import { decodeIndexValue, splitValues } from './values.ts';
import { complement } from './ordered-bytes.ts';
import type { EntityResult, WireAggregation, WirePropertyMask, WireQuery, WireTimestamp, WireValue } from './wire.ts';
import { decodeEntity, encodeEntity, timestampOf, toBigInt, toLong } from './wire.ts';

/** Value of EntityResult.ResultType. */
const FULL = 1;
const PROJECTION = 2;
const KEY_ONLY = 3;

/** Value of QueryResultBatch.MoreResultsType. */
const NOT_FINISHED = 1;
const MORE_RESULTS_AFTER_LIMIT = 2;
const NO_MORE_RESULTS = 3;
const MORE_RESULTS_AFTER_CURSOR = 4;

/** Maximum number of results in a batch. The real service limits batches too; clients request the rest. */
const BATCH_RESULTS_MAX = 300;
const BATCH_BYTES_MAX = 4 * 1024 * 1024;
const AGGREGATIONS_MAX = 5;
const INT64_MAX = (1n << 63n) - 1n;

export interface QueryResultBatch {
  readonly skippedResults: number;
  readonly skippedCursor?: Uint8Array;
  readonly entityResultType: number;
  readonly entityResults: readonly EntityResult[];
  readonly endCursor: Uint8Array;
  readonly moreResults: number;
  readonly snapshotVersion: number;
  readonly readTime: WireTimestamp;
}

/** The results that a read depended on: those after `from`, up to `until` or, without it, to the end. */
export interface ReadSection {
  readonly from: Position | undefined;
  readonly until: Position | undefined;
}

export interface ReadMoment {
  readonly version: number;
  readonly readTime: WireTimestamp;
}

export function runBatch(
  store: Store,
  query: CompiledQuery,
  request: { readonly wire: WireQuery; readonly mask: WirePropertyMask | null | undefined; readonly at: ReadMoment },
): { readonly batch: QueryResultBatch; readonly read: ReadSection } {
  const { wire, mask, at } = request;
  checkBounds(wire);
  if (mask !== null && mask !== undefined && (query.isKeysOnly || query.projection.length > 0)) {
    throw invalidArgument('A projection query takes no property mask.');
  }
  const from = decodeCursor(query, wire.startCursor);
  const run = new QueryRun(store, query, { from, until: decodeCursor(query, wire.endCursor) });
  const skippedResults = wire.offset > 0 ? run.skip(wire.offset) : 0;
  const skippedTo = skippedResults > 0 ? run.last : undefined;
  const limit = wire.limit?.value ?? Number.POSITIVE_INFINITY;
  const size = Math.min(limit, BATCH_RESULTS_MAX);
  const entityResults: EntityResult[] = [];
  let bytes = 0;
  let last = run.last;
  let isExhausted = skippedResults < wire.offset;
  while (!isExhausted && entityResults.length < size && bytes < BATCH_BYTES_MAX) {
    const position = run.next(size + 1);
    if (position === undefined) {
      isExhausted = true;
      break;
    }
    const result = resultOf(store, query, { position, mask });
    bytes += result.entity.length;
    last = position;
    entityResults.push(result);
  }
  // Looks for one more result, to distinguish the end of the query from the end of the batch.
  if (!isExhausted && limit > 0) isExhausted = run.next(size + 1) === undefined;
  const batch = {
    skippedResults,
    ...(skippedTo !== undefined && { skippedCursor: encodeCursor(query, skippedTo) }),
    entityResultType: query.isKeysOnly ? KEY_ONLY : query.projection.length > 0 ? PROJECTION : FULL,
    entityResults,
    endCursor: last === undefined ? wire.startCursor : encodeCursor(query, last),
    moreResults: moreResults(isExhausted, { isFull: entityResults.length >= limit, hasEnd: wire.endCursor.length > 0 }),
    snapshotVersion: at.version,
    readTime: at.readTime,
  };
  return { batch, read: { from, until: isExhausted ? undefined : run.last } };
}

function checkBounds(wire: WireQuery): void {
  if (wire.offset < 0) throw invalidArgument('Offset must be non-negative.');
  if ((wire.limit?.value ?? 0) < 0) throw invalidArgument('Limit must be non-negative.');
}

function moreResults(isExhausted: boolean, end: { readonly isFull: boolean; readonly hasEnd: boolean }): number {
  if (isExhausted) return end.hasEnd ? MORE_RESULTS_AFTER_CURSOR : NO_MORE_RESULTS;
  return end.isFull ? MORE_RESULTS_AFTER_LIMIT : NOT_FINISHED;
}

function resultOf(
  store: Store,
  query: CompiledQuery,
  { position, mask }: { readonly position: Position; readonly mask: WirePropertyMask | null | undefined },
): EntityResult {
  const cursor = encodeCursor(query, position);
  const key = { partitionId: query.partition, path: decodePath(position.key) };
  if (query.isKeysOnly) return { entity: encodeEntity({ key, properties: {} }), cursor };
  if (query.projection.length > 0) {
    return { entity: encodeEntity({ key, properties: projected(query, position) }), cursor };
  }
  const stored = store.entity(store.partitionId(query.partition), position.key);
  if (stored === undefined) throw new Error('An index names an entity that is not there.');
  const entity =
    mask === null || mask === undefined ? stored.data : encodeEntity(masked(decodeEntity(stored.data), mask));
  return {
    entity,
    version: stored.version,
    createTime: timestampOf(stored.createdMicros),
    updateTime: timestampOf(stored.version),
    cursor,
  };
}

/** Returns the values of a projection from its sort tuple, without reading the entity. */
function projected(query: CompiledQuery, { tuple }: Position): Record<string, WireValue> {
  const properties: Record<string, WireValue> = {};
  const parts = splitValues(
    tuple,
    query.components.map(({ isDescending }) => isDescending),
  );
  query.components.forEach(({ property, isDescending }, at) => {
    const part = parts[at];
    if (part === undefined || !query.projection.includes(property)) return;
    properties[property] = decodeIndexValue(isDescending ? complement(part) : part);
  });
  return properties;
}

/** Returns the properties that an aggregation reads from the index. */
export function aggregatedProperties(aggregations: readonly WireAggregation[]): readonly string[] {
  return aggregations.flatMap(({ operator, sum, avg }) => {
    if (operator === 'count') return [];
    const name = (operator === 'sum' ? sum : avg)?.property?.name ?? '';
    if (name === '') throw invalidArgument('An aggregation has no property.');
    return [name];
  });
}

/** Counts without reading entities; sums and averages come from the index, each array element separately. */
export function runAggregations(
  store: Store,
  query: CompiledQuery,
  request: { readonly wire: WireQuery; readonly aggregations: readonly WireAggregation[] },
): { readonly properties: Readonly<Record<string, WireValue>>; readonly read: ReadSection } {
  const { wire, aggregations } = request;
  checkBounds(wire);
  if (aggregations.length === 0 || aggregations.length > AGGREGATIONS_MAX) {
    throw invalidArgument(`A query takes 1 to ${AGGREGATIONS_MAX} aggregations.`);
  }
  const from = decodeCursor(query, wire.startCursor);
  const run = new QueryRun(store, query, { from, until: decodeCursor(query, wire.endCursor) });
  const isEmpty = wire.offset > 0 && run.skip(wire.offset) < wire.offset;
  const limit = isEmpty ? 0 : (wire.limit?.value ?? Number.POSITIVE_INFINITY);
  const upTos = aggregations.map(upToOf);
  const onlyCounts = aggregations.every(({ operator }) => operator === 'count');
  const numbers = new Map<string, (number | bigint)[]>();
  let count = 0;
  if (onlyCounts) {
    count = run.count(Math.min(limit, Math.max(...upTos)));
  } else {
    for (let position = nextOf(run, count, limit); position !== undefined; position = nextOf(run, count, limit)) {
      count += 1;
      for (const [name, value] of Object.entries(projected(query, position))) collectNumber(numbers, name, value);
    }
  }
  const properties: Record<string, WireValue> = {};
  let unnamed = 0;
  aggregations.forEach((aggregation, at) => {
    const { operator, alias, sum, avg } = aggregation;
    if (alias === '') unnamed += 1;
    const name = alias === '' ? `property_${unnamed}` : alias;
    if (Object.hasOwn(properties, name)) throw invalidArgument(`The aggregation alias "${name}" is not unique.`);
    const upTo = upTos[at] ?? Number.POSITIVE_INFINITY;
    if (operator === 'count') properties[name] = { valueType: 'integerValue', integerValue: Math.min(count, upTo) };
    if (operator === 'sum') properties[name] = sumOf(numbers.get(sum?.property?.name ?? '') ?? []);
    if (operator === 'avg') properties[name] = averageOf(numbers.get(avg?.property?.name ?? '') ?? []);
    if (operator === undefined) throw invalidArgument('An aggregation has no operator.');
  });
  return { properties, read: { from, until: undefined } };
}

function nextOf(run: QueryRun, taken: number, limit: number): Position | undefined {
  return taken < limit ? run.next(Number.POSITIVE_INFINITY) : undefined;
}

function upToOf({ count }: WireAggregation): number {
  const upTo = count?.upTo;
  if (upTo === undefined || upTo === null) return Number.POSITIVE_INFINITY;
  const value = Number(toBigInt(upTo.value));
  if (value < 0) throw invalidArgument('up_to must be non-negative.');
  return value;
}

function collectNumber(numbers: Map<string, (number | bigint)[]>, name: string, value: WireValue): void {
  const list = numbers.get(name) ?? [];
  if (value.valueType === 'integerValue') list.push(toBigInt(value.integerValue));
  if (value.valueType === 'doubleValue') list.push(value.doubleValue);
  numbers.set(name, list);
}

/** Returns an integer if all numbers are integers and the sum fits; otherwise a double. */
function sumOf(numbers: readonly (number | bigint)[]): WireValue {
  if (numbers.every((value) => typeof value === 'bigint')) {
    const exact = numbers.reduce((sum, value) => sum + value, 0n);
    if (exact <= INT64_MAX && exact >= -INT64_MAX - 1n)
      return { valueType: 'integerValue', integerValue: toLong(exact) };
  }
  return { valueType: 'doubleValue', doubleValue: total(numbers) };
}

function averageOf(numbers: readonly (number | bigint)[]): WireValue {
  if (numbers.length === 0) return { valueType: 'nullValue', nullValue: 0 };
  return { valueType: 'doubleValue', doubleValue: total(numbers) / numbers.length };
}

function total(numbers: readonly (number | bigint)[]): number {
  return numbers.reduce<number>((sum, value) => sum + Number(value), 0);
}
