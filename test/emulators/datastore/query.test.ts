import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import { ShiftableClock } from '#scripts/emulators/clock.ts';
import type { CompositeIndex } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { messageType } from '#scripts/emulators/datastore/wire.ts';
import { Faults } from '#scripts/emulators/faults.ts';

/*
 * Compares the planner with a simple filter and sort over the same entities. The simple side uses no encodings, indexes
 * or cursors; it compares the values themselves.
 */

const SEED = Number(process.env['SEED'] ?? 20_240_117);
const PROJECT = 'p';
const PROPERTIES = ['a', 'b', 'c'] as const;
type Property = (typeof PROPERTIES)[number];

/**
 * Sorted as null < integers < booleans < strings < doubles. Doubles are written `{ double }`, because JavaScript does
 * not distinguish them from integers.
 */
type Plain = null | number | boolean | string | { readonly double: number };

interface Entity {
  readonly name: string;
  readonly parent: string | undefined;
  /** A list is an array value; an undefined property is left out of the entity. */
  readonly values: Readonly<Record<Property, Plain | readonly Plain[] | undefined>>;
  readonly unindexed: Property | undefined;
}

const OPERATORS = [
  'EQUAL',
  'NOT_EQUAL',
  'LESS_THAN',
  'LESS_THAN_OR_EQUAL',
  'GREATER_THAN',
  'GREATER_THAN_OR_EQUAL',
] as const;

interface Comparison {
  readonly property: Property;
  readonly op: (typeof OPERATORS)[number];
  readonly value: Plain;
}

interface Query {
  /** The alternatives of the filter; of each one all comparisons must hold. */
  readonly alternatives: readonly (readonly Comparison[])[];
  readonly parent: string | undefined;
  readonly orders: readonly { readonly property: Property | '__key__'; readonly isDescending: boolean }[];
  readonly projection: readonly Property[];
  readonly pageSize: number;
  readonly offset: number;
}

const plain: fc.Arbitrary<Plain> = fc.oneof(
  fc.constant(null),
  fc.integer({ min: -1, max: 3 }),
  fc.boolean(),
  fc.constantFrom('', 'x', 'x\0', 'xy'),
  fc.constantFrom({ double: -1.5 }, { double: 2 }),
);
const held = fc.oneof(
  { weight: 5, arbitrary: plain },
  { weight: 1, arbitrary: fc.array(plain, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);
const entity = fc.record({
  name: fc.string({ unit: fc.constantFrom('k', 'l', '\0'), minLength: 1, maxLength: 4 }),
  parent: fc.constantFrom(undefined, 'r', 's'),
  values: fc.record({ a: held, b: held, c: held }),
  unindexed: fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...PROPERTIES) },
  ),
});
const comparison = fc.record({
  property: fc.constantFrom(...PROPERTIES),
  op: fc.oneof(
    { weight: 3, arbitrary: fc.constant('EQUAL' as const) },
    { weight: 2, arbitrary: fc.constantFrom(...OPERATORS) },
  ),
  value: plain,
});
const query = fc
  .record({
    alternatives: fc.oneof(
      { weight: 4, arbitrary: fc.array(comparison, { maxLength: 3 }).map((list) => [list]) },
      {
        weight: 1,
        arbitrary: fc.array(fc.array(comparison, { minLength: 1, maxLength: 2 }), { minLength: 2, maxLength: 3 }),
      },
    ),
    parent: fc.oneof(
      { weight: 4, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom('r', 's') },
    ),
    orders: fc.uniqueArray(
      fc.record({ property: fc.constantFrom(...PROPERTIES, '__key__' as const), isDescending: fc.boolean() }),
      { maxLength: 3, selector: ({ property }) => property },
    ),
    projection: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.uniqueArray(fc.constantFrom(...PROPERTIES), { minLength: 1 }) },
    ),
    pageSize: fc.integer({ min: 1, max: 4 }),
    offset: fc.integer({ min: 0, max: 5 }),
  })
  .map((candidate): Query => {
    const projection: readonly Property[] = candidate.projection;
    const comparisons: readonly Comparison[] = candidate.alternatives.flat();
    const isRefused = comparisons.some(({ op, property }) => op === 'EQUAL' && projection.includes(property));
    return isRefused ? { ...candidate, projection: [] } : candidate;
  });

const COMPOSITES: readonly CompositeIndex[] = [
  {
    kind: 'K',
    properties: [
      { name: 'a', direction: 'asc' },
      { name: 'b', direction: 'desc' },
    ],
  },
  {
    kind: 'K',
    properties: [
      { name: 'c', direction: 'asc' },
      { name: 'b', direction: 'desc' },
    ],
  },
  {
    kind: 'K',
    properties: [
      { name: 'b', direction: 'desc' },
      { name: 'a', direction: 'asc' },
      { name: 'c', direction: 'asc' },
    ],
  },
  {
    kind: 'K',
    properties: [
      { name: 'a', direction: 'asc' },
      { name: 'c', direction: 'desc' },
    ],
  },
];

function rank(value: Plain): number {
  if (value === null) return 0;
  return ['number', 'boolean', 'string', 'object'].indexOf(typeof value) + 1;
}

function compare(a: Plain, b: Plain): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  const number = (value: Plain): number => (typeof value === 'object' ? (value?.double ?? 0) : Number(value));
  return number(a) - number(b);
}

function keyOf({ parent, name }: Entity): readonly string[] {
  // Keys with a parent sort by the parent's kind first, which is greater than K.
  return parent === undefined ? ['K', name] : ['P', parent, 'K', name];
}

function compareKeys(a: Entity, b: Entity): number {
  const [left, right] = [keyOf(a), keyOf(b)];
  for (const [at, part] of left.entries()) {
    const order = Buffer.compare(Buffer.from(part), Buffer.from(right[at] ?? ''));
    if (order !== 0) return order;
  }
  return 0;
}

function indexed(of: Entity, property: Property): readonly Plain[] {
  const value = of.unindexed === property ? undefined : of.values[property];
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Plain[]) : [value as Plain];
}

function satisfies(value: Plain, { op, value: operand }: Comparison): boolean {
  const order = compare(value, operand);
  switch (op) {
    case 'EQUAL':
      return order === 0;
    case 'NOT_EQUAL':
      return order !== 0;
    case 'LESS_THAN':
      return order < 0;
    case 'LESS_THAN_OR_EQUAL':
      return order <= 0;
    case 'GREATER_THAN':
      return order > 0;
    case 'GREATER_THAN_OR_EQUAL':
      return order >= 0;
  }
}

/** Stands for the key in sort orders; no generated value equals it. */
const KEY_ITSELF = '__key__';

interface Row {
  readonly entity: Entity;
  readonly sorted: readonly Plain[];
}

interface Sorting {
  readonly properties: readonly { readonly property: Property | '__key__'; readonly isDescending: boolean }[];
  readonly isKeyDescending: boolean;
}

function sortingOf({ alternatives, orders, projection }: Query): Sorting {
  const isDescending = orders.at(-1)?.isDescending ?? false;
  const unequal = alternatives
    .flat()
    .filter(({ op }) => op !== 'EQUAL')
    .map(({ property }) => property);
  const implied = [...[...new Set(unequal)].sort(), ...projection].filter(
    (name, at, list) => list.indexOf(name) === at && !orders.some(({ property }) => property === name),
  );
  const properties = [...orders, ...implied.map((property) => ({ property, isDescending }))];
  return { properties, isKeyDescending: isDescending };
}

function rowsOf(of: Entity, asked: Query, { properties }: Sorting): Row[] {
  if (asked.parent !== undefined && of.parent !== asked.parent) return [];
  const rows: Row[] = [];
  for (const comparisons of asked.alternatives) {
    const equal = comparisons.filter(({ op }) => op === 'EQUAL');
    if (!equal.every((one) => indexed(of, one.property).some((value) => satisfies(value, one)))) continue;
    const choices = properties.map(({ property, isDescending }): readonly Plain[] => {
      if (property === '__key__') return [KEY_ITSELF];
      const unequal = comparisons.filter((one) => one.property === property && one.op !== 'EQUAL');
      const within = indexed(of, property)
        .filter((value) => unequal.every((one) => satisfies(value, one)))
        .sort((a, b) => (isDescending ? compare(b, a) : compare(a, b)));
      const fixed = equal.find((one) => one.property === property);
      if (fixed !== undefined && within.length > 0) return [fixed.value];
      return asked.projection.includes(property) ? within : within.slice(0, 1);
    });
    let combinations: Plain[][] = [[]];
    for (const choice of choices)
      combinations = combinations.flatMap((list) => choice.map((value) => [...list, value]));
    rows.push(...combinations.map((sorted) => ({ entity: of, sorted })));
  }
  return rows;
}

function naive(entities: readonly Entity[], asked: Query): Row[] {
  const sorting = sortingOf(asked);
  const compareRows = (a: Row, b: Row): number => {
    for (const [at, { isDescending }] of sorting.properties.entries()) {
      const [left, right] = [a.sorted[at] ?? null, b.sorted[at] ?? null];
      const order = left === KEY_ITSELF ? compareKeys(a.entity, b.entity) : compare(left, right);
      if (order !== 0) return isDescending ? -order : order;
    }
    return compareKeys(a.entity, b.entity) * (sorting.isKeyDescending ? -1 : 1);
  };
  const sorted = entities.flatMap((of) => rowsOf(of, asked, sorting)).sort(compareRows);
  const seen = new Set<Entity>();
  return sorted.filter((row, at) => {
    const previous = sorted[at - 1];
    if (asked.projection.length > 0) return previous === undefined || compareRows(previous, row) !== 0;
    if (seen.has(row.entity)) return false;
    seen.add(row.entity);
    return true;
  });
}

function wireValue(value: Plain | readonly Plain[]): Record<string, unknown> {
  if (Array.isArray(value)) return { arrayValue: { values: (value as readonly Plain[]).map(wireValue) } };
  if (value === null) return { nullValue: 0 };
  if (typeof value === 'number') return { integerValue: value };
  if (typeof value === 'boolean') return { booleanValue: value };
  if (typeof value === 'string') return { stringValue: value };
  return { doubleValue: (value as { readonly double: number }).double };
}

function wireKey(path: readonly string[]): Record<string, unknown> {
  const elements: Record<string, string>[] = [];
  for (let at = 0; at < path.length; at += 2) elements.push({ kind: path[at] ?? '', name: path[at + 1] ?? '' });
  return { partitionId: { projectId: PROJECT }, path: elements };
}

function wireEntity(of: Entity): Record<string, unknown> {
  const properties: Record<string, unknown> = {};
  for (const property of PROPERTIES) {
    const value = of.values[property];
    if (value === undefined) continue;
    properties[property] = { ...wireValue(value), excludeFromIndexes: of.unindexed === property };
  }
  return { key: wireKey(keyOf(of)), properties };
}

/** Returns the filter with PropertyFilter.Operator as a number, which `fromObject` accepts as well. */
function wireFilter({ alternatives, parent }: Query): Record<string, unknown> | undefined {
  const composite = (op: 'AND' | 'OR', filters: readonly unknown[]): Record<string, unknown> => ({
    compositeFilter: { op, filters },
  });
  const alternative = (list: readonly Comparison[]): Record<string, unknown> =>
    composite(
      'AND',
      list.map(({ property, op, value }) => ({
        propertyFilter: { property: { name: property }, op, value: wireValue(value) },
      })),
    );
  const ancestor = {
    propertyFilter: {
      property: { name: '__key__' },
      op: 'HAS_ANCESTOR',
      value: { keyValue: wireKey(['P', parent ?? '']) },
    },
  };
  const filters: Record<string, unknown>[] = [];
  if (alternatives.flat().length > 0) filters.push(composite('OR', alternatives.map(alternative)));
  if (parent !== undefined) filters.push(ancestor);
  return filters.length === 0 ? undefined : composite('AND', filters);
}

interface Batch {
  readonly skippedResults: number;
  readonly moreResults: string;
  readonly endCursor: Uint8Array;
  readonly entityResults: readonly { readonly entity: Uint8Array }[];
}

function ask(emulator: DatastoreEmulator, asked: Query, page: Record<string, unknown>): Batch {
  const request = messageType('RunQueryRequest');
  const response = messageType('RunQueryResponse');
  const object = {
    projectId: PROJECT,
    query: {
      kind: [{ name: 'K' }],
      filter: wireFilter(asked),
      order: asked.orders.map(({ property, isDescending }) => ({
        property: { name: property },
        direction: isDescending ? 'DESCENDING' : 'ASCENDING',
      })),
      projection: asked.projection.map((name) => ({ property: { name } })),
      ...page,
    },
  };
  const answer = emulator.handle('runQuery', request.encode(request.fromObject(object)).finish());
  const decoded: Record<string, unknown> = response.toObject(response.decode(answer), {
    enums: String,
    defaults: true,
  });
  return decoded['batch'] as Batch;
}

function count(emulator: DatastoreEmulator, asked: Query): number {
  const request = messageType('RunAggregationQueryRequest');
  const response = messageType('RunAggregationQueryResponse');
  const object = {
    projectId: PROJECT,
    aggregationQuery: {
      nestedQuery: { kind: [{ name: 'K' }], filter: wireFilter(asked) },
      aggregations: [{ count: {}, alias: 'n' }],
    },
  };
  const answer = response.decode(
    emulator.handle('runAggregationQuery', request.encode(request.fromObject(object)).finish()),
  );
  const decoded = response.toObject(answer, { longs: Number }) as {
    readonly batch: {
      readonly aggregationResults: readonly {
        readonly aggregateProperties: { readonly n: { readonly integerValue: number } };
      }[];
    };
  };
  return decoded.batch.aggregationResults[0]?.aggregateProperties.n.integerValue ?? -1;
}

/** Returns results as text: the path of the key and, for a projection, its values. */
function shown(batch: Batch, asked: Query): string[] {
  const type = messageType('Entity');
  return batch.entityResults.map(({ entity: bytes }) => {
    const decoded = type.toObject(type.decode(bytes), { longs: Number, defaults: false }) as {
      readonly key: { readonly path: readonly { readonly kind: string; readonly name: string }[] };
      readonly properties?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    };
    const path = decoded.key.path.flatMap(({ kind, name }) => [kind, name]);
    const projected = asked.projection.map((name) => {
      const { meaning, ...value } = decoded.properties?.[name] ?? {};
      expect(meaning).toBe(18);
      return value;
    });
    return JSON.stringify([path, ...projected]);
  });
}

function expected(rows: readonly Row[], asked: Query): string[] {
  const { properties } = sortingOf(asked);
  return rows.map((row) => {
    const projected = asked.projection.map((name) => {
      const value = row.sorted[properties.findIndex(({ property }) => property === name)];
      return wireValue(value ?? null);
    });
    return JSON.stringify([keyOf(row.entity), ...projected]);
  });
}

describe.each([
  ['built-in indexes', []],
  ['composite indexes', COMPOSITES],
])('queries over %s', (_, compositeIndexes) => {
  const emulator = new DatastoreEmulator({
    clock: new ShiftableClock(),
    faults: new Faults(),
    compositeIndexes,
    answersUnindexed: true,
  });
  afterAll(() => emulator.stop());

  it('answer what filtering and sorting all entities would, whole, page by page, behind an offset, and counted', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(entity, { maxLength: 14, selector: (of) => JSON.stringify(keyOf(of)) }),
        fc.array(query, { minLength: 8, maxLength: 8 }),
        async (entities, queries) => {
          await emulator.reset();
          emulator.bulkLoad(entities.map(wireEntity));
          for (const asked of queries) {
            const rows = expected(naive(entities, asked), asked);

            expect(shown(ask(emulator, asked, {}), asked)).toEqual(rows);

            const behind = ask(emulator, asked, { offset: asked.offset });
            expect(behind.skippedResults).toBe(Math.min(asked.offset, rows.length));
            expect(shown(behind, asked)).toEqual(rows.slice(asked.offset));

            const paged: string[] = [];
            let page = ask(emulator, asked, { limit: { value: asked.pageSize } });
            paged.push(...shown(page, asked));
            while (page.moreResults === 'MORE_RESULTS_AFTER_LIMIT') {
              page = ask(emulator, asked, { limit: { value: asked.pageSize }, startCursor: page.endCursor });
              paged.push(...shown(page, asked));
            }
            expect(paged).toEqual(rows);

            const half = ask(emulator, asked, { limit: { value: asked.pageSize } });
            const ended = ask(emulator, asked, { endCursor: half.endCursor });
            if (rows.length > 0) expect(shown(ended, asked)).toEqual(rows.slice(0, asked.pageSize));

            const unordered = { ...asked, orders: [], projection: [] };
            expect(count(emulator, asked)).toBe(naive(entities, unordered).length);
          }
        },
      ),
      { seed: SEED, numRuns: 150 },
    );
  });
});
