import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BID } from '#shared/datastore/bid-rows.ts';
import { COMPOSITE_INDEXES, isServed } from '#shared/datastore/indexes.ts';
import type { Kind } from '#shared/datastore/kind.ts';
import * as queries from '#shared/datastore/queries.ts';
import { QUERY_SHAPES } from '#shared/datastore/queries.ts';
import type { CompositeIndex, Shape } from '#shared/datastore/query.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import type { Value } from '#shared/datastore/field.ts';
import { put } from '#shared/datastore/write.ts';
import { QUOTA_EXCEEDED } from '#shared/domain/bid.ts';
import { aBid } from '#test/support/a-bid.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { ROW_SAMPLES } from './row-samples.ts';

const KIND: Kind<unknown> = { name: 'Thing', words: {}, added: {}, encode: () => ({}), decode: () => ({}) };

function shape(overrides: Partial<Shape>): Shape {
  return { kind: KIND, equal: [], order: [], ...overrides };
}

function index(...names: string[]): CompositeIndex {
  const properties = names.map((name) => ({
    name: name.replace(/^-/, ''),
    direction: name.startsWith('-') ? ('desc' as const) : ('asc' as const),
  }));
  return { kind: 'Thing', properties };
}

const byAge = [{ property: 'age', direction: 'desc' as const }];
const byKey = [{ property: '__key__', direction: 'asc' as const }];

function describeShape({ kind, equal, atMost, order }: Shape): string {
  const orders = order.map(({ property, direction }) => `${property} ${direction}`);
  return `${kind.name} ${[...equal.map((name) => `${name} =`), ...(atMost === undefined ? [] : [`${atMost} <=`]), ...orders].join(', ')}`;
}

function namesIn({ equal, order }: Shape): ReadonlySet<string> {
  return new Set([...equal, ...order.map(({ property }) => property)].filter((name) => name !== '__key__'));
}

/** A bid that waits for room in the quota; no arbitrary row does. */
const WAITING = BID.encode(aBid({ phase: 'waiting', reason: { reason: QUOTA_EXCEEDED, message: '' } }));

/** A list has the entries of its elements. */
function hasEntries({ excludeFromIndexes, arrayValue }: Value): boolean {
  return (
    excludeFromIndexes !== true && (arrayValue?.values ?? [{}]).some((element) => element.excludeFromIndexes !== true)
  );
}

/** Per kind, the properties of example rows that have index entries. */
const ENTRIES: ReadonlyMap<string, readonly (readonly [name: string, value: Value])[]> = new Map(
  ROW_SAMPLES.map(({ kind, values }) => {
    const rows = fc.sample(values, { numRuns: 60, seed: 1 }).map((value) => kind.encode(value));
    const properties = [...rows, ...(kind.name === BID.name ? [WAITING] : [])].flatMap((row) => Object.entries(row));
    return [kind.name, properties.filter(([, value]) => hasEntries(value))];
  }),
);
const INDEXED: readonly (readonly [kind: string, names: readonly string[]])[] = Array.from(
  ENTRIES,
  ([kind, entries]) => [kind, [...new Set(entries.map(([name]) => name))]],
);

describe('the declared queries', () => {
  test.each(QUERY_SHAPES.map((query) => [describeShape(query), query] as const))(
    '%s is served by an index',
    (_, query) => {
      expect(isServed(query, COMPOSITE_INDEXES)).toBe(true);
    },
  );

  test('the list holds every shape that is exported', () => {
    const exported = Object.values(queries)
      .filter((value) => value !== QUERY_SHAPES)
      .flatMap((value) => (typeof value === 'function' ? [] : value));

    expect(new Set(QUERY_SHAPES)).toEqual(new Set(exported));
  });

  test('every composite index is needed', () => {
    for (const spare of COMPOSITE_INDEXES) {
      const others = COMPOSITE_INDEXES.filter((other) => other !== spare);

      expect(QUERY_SHAPES.some((query) => !isServed(query, others))).toBe(true);
    }
  });

  test('Datastore answers every query with the declared indexes, and without any one of them names the one it lacks', async () => {
    const { store } = await testDatastore();
    await Promise.all(QUERY_SHAPES.map((query) => store.query(query, valuesOf(query), { limit: 1 })));

    for (const spare of COMPOSITE_INDEXES) {
      const others = COMPOSITE_INDEXES.filter((other) => other !== spare);
      const lacking = await testDatastore(others);
      for (const query of QUERY_SHAPES.filter((each) => !isServed(each, others))) {
        const refusal = lacking.store.query(query, valuesOf(query), { limit: 1 }).then(() => 'answered', causeOf);

        expect(String(await refusal), describeShape(query)).toContain(
          `no matching index found. recommended index is:\n- kind: ${query.kind.name}\n`,
        );
      }
    }
  });

  test('a bound is the first order, as the store demands', () => {
    for (const { atMost, order } of QUERY_SHAPES) expect(atMost ?? order[0]?.property).toBe(order[0]?.property);
  });

  test.each(QUERY_SHAPES.map((query) => [describeShape(query), query] as const))(
    '%s names indexed properties',
    (_, query) => {
      const indexed = new Map(INDEXED).get(query.kind.name) ?? [];

      expect([...namesIn(query)].filter((name) => !indexed.includes(name))).toEqual([]);
    },
  );

  test.each(INDEXED)('a property of a %s is indexed only if a query names it', (kind, indexed) => {
    const named = QUERY_SHAPES.filter((query) => query.kind.name === kind).flatMap((query) => [...namesIn(query)]);

    expect(indexed.filter((name) => !named.includes(name))).toEqual([]);
  });

  test.each([...ENTRIES])('a %s has no index entries for properties without a value', (_, entries) => {
    expect(entries.filter(([, value]) => value.nullValue !== undefined)).toEqual([]);
  });
});

describe('which indexes serve a query', () => {
  test.each([
    ['a whole kind', shape({})],
    ['equalities alone', shape({ equal: ['owner', 'state'] })],
    ['equalities in the order of the key', shape({ equal: ['owner', 'state'], order: byKey })],
    ['one order', shape({ order: byAge })],
    ['one bound', shape({ atMost: 'dueAt', order: [{ property: 'dueAt', direction: 'asc' }] })],
    ['an order by what is compared', shape({ equal: ['owner'], order: [{ property: 'owner', direction: 'desc' }] })],
  ])('%s needs no composite index', (_, query) => {
    expect(isServed(query, [])).toBe(true);
  });

  test('an order beside an equality needs its index', () => {
    const query = shape({ equal: ['owner'], order: byAge });

    expect(isServed(query, [])).toBe(false);
    expect(isServed(query, [index('owner', 'age')])).toBe(false);
    expect(isServed(query, [index('-age', 'owner')])).toBe(false);
    expect(isServed(query, [index('owner', 'state', '-age')])).toBe(false);
    expect(isServed(query, [index('owner', '-age')])).toBe(true);
  });

  test('two orders and a descending key need an index', () => {
    const ageAndName = [...byAge, { property: 'name', direction: 'asc' as const }];

    expect(isServed(shape({ order: ageAndName }), [])).toBe(false);
    expect(isServed(shape({ order: ageAndName }), [index('-age', 'name')])).toBe(true);
    expect(isServed(shape({ order: [{ property: '__key__', direction: 'desc' }] }), [])).toBe(false);
  });

  test('equalities of an index may stand in any order', () => {
    expect(isServed(shape({ equal: ['state', 'owner'], order: byAge }), [index('owner', 'state', '-age')])).toBe(true);
  });

  test('indexes that end in the same order are merged', () => {
    const query = shape({ equal: ['owner', 'state', 'zone'], order: byAge });

    expect(isServed(query, [index('owner', '-age'), index('state', '-age')])).toBe(false);
    expect(isServed(query, [index('owner', '-age'), index('state', '-age'), index('zone', '-age')])).toBe(true);
    expect(isServed(query, [index('owner', '-age'), index('state', '-age'), index('zone', 'age')])).toBe(false);
  });

  test('an index of another kind serves nothing', () => {
    const other = { ...index('owner', '-age'), kind: 'Other' };

    expect(isServed(shape({ equal: ['owner'], order: byAge }), [other])).toBe(false);
  });
});

test('a row without a time is not among those that are due', async () => {
  const { store } = await testDatastore();
  await store.write([
    put(INSTANCE, 'at-rest', anInstance({ id: 'at-rest', checkAtMs: null })),
    put(INSTANCE, 'due', anInstance({ id: 'due', checkAtMs: 1000 })),
    put(INSTANCE, 'later', anInstance({ id: 'later', checkAtMs: 3000 })),
  ]);

  const { rows } = await store.query(
    queries.DUE_INSTANCES,
    { checkAtMs: { timestampValue: { seconds: 2 } } },
    { limit: 10 },
  );

  expect(rows.map((row) => row.id)).toEqual(['due']);
});

/** Returns values in the form of the store; their content is irrelevant to an index. */
function valuesOf({ equal, atMost }: Shape): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    [...equal, ...(atMost === undefined ? [] : [atMost])].map((name) => [name, { stringValue: 'x' }]),
  );
}

function causeOf(thrown: unknown): unknown {
  return thrown instanceof Error && thrown.cause !== undefined ? causeOf(thrown.cause) : thrown;
}
