import { describe, expect, test } from 'vitest';
import { SUBNET } from '#shared/datastore/catalog-rows.ts';
import { API_KEY, CUSTOMER, PROJECT, SESSION, USER } from '#shared/datastore/account-rows.ts';
import { BID } from '#shared/datastore/bid-rows.ts';
import { DEAD_LETTER, ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { AUDIT_ENTRY } from '#shared/datastore/audit-rows.ts';
import { ORPHAN_DISK, VOLUME } from '#shared/datastore/volume-rows.ts';
import { COMPOSITE_INDEXES, isServed } from '#shared/datastore/indexes.ts';
import type { Kind } from '#shared/datastore/kind.ts';
import * as queries from '#shared/datastore/queries.ts';
import { QUERY_SHAPES } from '#shared/datastore/queries.ts';
import type { CompositeIndex, Shape } from '#shared/datastore/query.ts';
import { EVENT, INSTANCE, OPERATION, PRICE_PERIOD } from '#shared/datastore/rows.ts';
import { PROJECT_SSH_KEY } from '#shared/datastore/ssh-key-rows.ts';
import type { Value } from '#shared/datastore/field.ts';
import { put } from '#shared/datastore/write.ts';
import { aVolume } from '#test/support/a-volume.ts';
import { aBid } from '#test/support/a-bid.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';

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
      const names = [...query.equal, ...query.order.map(({ property }) => property)].filter(
        (name) => name !== '__key__',
      );
      const sample = SAMPLES.get(query.kind.name);

      for (const name of names) {
        expect(sample?.[name], name).toBeDefined();
        expect(sample?.[name]?.excludeFromIndexes ?? false, name).toBe(false);
      }
    },
  );
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

/** An example row of each kind that has its own queries, as stored. */
const SAMPLES = new Map(
  [
    [INSTANCE, INSTANCE.encode(anInstance({ checkAtMs: 1 }))] as const,
    [VOLUME, VOLUME.encode(aVolume({ checkAtMs: 1 }))] as const,
    [
      ORPHAN_DISK,
      ORPHAN_DISK.encode({ name: 'd', zone: 'z', foundAtMs: 1, freeSinceMs: null, dueAtMs: 1, attempts: 0 }),
    ] as const,
    [
      SUBNET,
      SUBNET.encode({ id: 's', customerId: '', name: 's', vpcId: 'v', subnetwork: 's', region: 'r', zone: '' }),
    ] as const,
    [
      AUDIT_ENTRY,
      AUDIT_ENTRY.encode({
        id: 'aud-1',
        atMs: 1,
        actorType: 'system',
        actorId: 'x',
        action: 'catalog.apply',
        object: 'catalog',
        reason: '',
        before: null,
        after: null,
        requestId: 'r',
      }),
    ] as const,
    [BID, BID.encode(aBid({ checkAtMs: 1, phase: 'held' }))] as const,
    [
      PROJECT_SSH_KEY,
      PROJECT_SSH_KEY.encode({
        id: 'k',
        customerId: 'c',
        project: 'p',
        userId: 'u',
        name: 'n',
        publicKey: 'k',
        fingerprint: 'f',
        isDefault: true,
        required: false,
        labels: {},
        createdAtMs: 1,
      }),
    ] as const,
    [
      OPERATION,
      OPERATION.encode({
        id: 'op',
        kind: 'stop',
        instanceId: 'i',
        state: 'pending',
        actor: { type: 'user', id: 'u' },
        customerId: 'c',
        visibleBy: [],
        requestId: 'r',
        attempts: 0,
        leaseUntilMs: 0,
        dueAtMs: 0,
        leaseToken: '',
        call: null,
        edit: null,
        callCount: 0,
        error: null,
        seenStatus: null,
        createdAtMs: 1,
        startedAtMs: null,
        completedAtMs: null,
      }),
    ] as const,
    [
      EVENT,
      EVENT.encode({
        instanceId: 'i',
        sequence: 1,
        status: 'RUNNING',
        atMs: 1,
        cause: 'drift',
        actor: { type: 'system', id: 's' },
        operationId: null,
        reason: null,
        note: false,
        action: null,
        userId: 'u',
        customerId: 'c',
        visibleBy: [],
        project: '',
        bid: null,
        reservation: null,
      }),
    ] as const,
    [
      PRICE_PERIOD,
      PRICE_PERIOD.encode({
        instanceId: 'i',
        sequence: 1,
        meter: 'charge',
        machineType: 'm',
        priceCents: 1,
        startMs: 1,
        endMs: null,
        customerId: 'c',
        visibleBy: [],
        project: '',
        bid: null,
        reservation: null,
      }),
    ] as const,
    [
      DEAD_LETTER,
      DEAD_LETTER.encode({
        operationId: 'o',
        instanceId: 'i',
        messageId: 'm',
        data: '',
        attributes: {},
        recordedAtMs: 1,
      }),
    ] as const,
    [
      ORPHAN,
      ORPHAN.encode({
        name: 'n',
        zone: 'z',
        why: 'deleted',
        foundAtMs: 1,
        deleteAtMs: 1,
        absentFromMs: 1,
        dueAtMs: 1,
        stoppedAtMs: null,
        attempts: 0,
        operationId: 'o',
        customerId: 'c',
      }),
    ] as const,
    [CUSTOMER, CUSTOMER.encode({ id: 'c', name: 'n', tier: 't' })] as const,
    [PROJECT, PROJECT.encode({ id: 'p', customerId: 'c', name: 'n', createdAtMs: 1 })] as const,
    [
      USER,
      USER.encode({ id: 'u', customerId: 'c', name: '', projects: [], groups: [], roles: [], createdAtMs: 1 }),
    ] as const,
    [
      API_KEY,
      API_KEY.encode({
        id: 'k',
        userId: 'u',
        customerId: 'c',
        name: '',
        secretHash: '',
        createdAtMs: 1,
        expiresAtMs: null,
        revokedAtMs: null,
        lastUsedAtMs: null,
      }),
    ] as const,
    [
      SESSION,
      SESSION.encode({ userId: 'u', customerId: 'c', createdAtMs: 1, expiresAtMs: 1, revokedAtMs: null }),
    ] as const,
  ].map(([kind, properties]) => [kind.name, properties] as const),
);
