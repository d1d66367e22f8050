import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TIER } from '#shared/datastore/catalog-rows.ts';
import { type Field, integer, json, nullable, plainFlag, text, texts, time, word } from '#shared/datastore/field.ts';
import { UnreadableRow } from '#shared/datastore/kind.ts';
import { EXPIRING_KINDS, KINDS } from '#shared/datastore/kinds.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { completeLimits, LIMITED_OPERATIONS } from '#shared/domain/tier.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { ROW_SAMPLES } from './row-samples.ts';

/** Members that rows of earlier versions lack, with the value that the code reads instead from the row `the-id`. */
const ADDED: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['IdempotencyRecord customerId', 'the-id'],
  ['IdempotencyRecord visibleBy', null],
  ['Instance lastEventAtMs', 0],
  ['InstanceEvent action', null],
  ['Instance deletionProtection', false],
  ['Instance lastOperation', null],
  ['Operation edit', null],
  ['Instance login', { user: '', keyIds: [] }],
  ['Operation seenStatus', null],
  ['Bid refusals', 0],
  ['Orders bids', []],
  ['Orphan customerId', ''],
  ['Orphan operationId', ''],
  ['Orphan stoppedAtMs', null],
  ['PricePeriod customerId', ''],
  ['RateCounter ahead', 0],
  ['Project createdAtMs', 0],
  ['Tier maxVolumeGb', 0],
  ['Operation dueAtMs', 0],
  ...['Template', 'ServerType'].flatMap((kind): readonly (readonly [string, unknown])[] => [
    [`${kind} accelerator`, null],
    [`${kind} localSsds`, 0],
    [`${kind} discardLocalSsd`, false],
  ]),
  ...['Template', 'Image'].flatMap((kind): readonly (readonly [string, unknown])[] => [
    [`${kind} loginUser`, ''],
    [`${kind} architecture`, ''],
    [`${kind} diskGbMin`, 0],
  ]),
]);

test('every kind has samples here', () => {
  expect(ROW_SAMPLES.map(({ kind }) => kind.name).sort()).toEqual(KINDS.map(({ name }) => name).sort());
});

describe.each(ROW_SAMPLES.map(({ kind, values }) => ({ name: kind.name, kind, values })))(
  '$name',
  ({ kind, values }) => {
    test('what is decoded is what was encoded', () => {
      fc.assert(
        fc.property(values, (value) => {
          expect(kind.decode(kind.encode(value), 'id')).toStrictEqual(value);
        }),
        { numRuns: 50 },
      );
    });

    test('a row without one of its members is refused, and the message names it', () => {
      const [value] = fc.sample(values, { numRuns: 1, seed: 1 });
      const members = Object.keys(value as object);
      const properties = kind.encode(value);

      for (const member of members) {
        const without = Object.fromEntries(Object.entries(properties).filter(([name]) => name !== member));
        if (ADDED.has(`${kind.name} ${member}`)) {
          expect(kind.decode(without, 'the-id')).toMatchObject({ [member]: ADDED.get(`${kind.name} ${member}`) });
          continue;
        }
        expect(() => kind.decode(without, 'the-id')).toThrow(`${kind.name} the-id has no ${member}`);
      }
      expect(members.length).toBeGreaterThan(0);
    });

    test('a row whose member is of another type is refused, and the message names it', () => {
      const [value] = fc.sample(values, { numRuns: 1, seed: 1 });
      const properties = kind.encode(value);

      for (const member of Object.keys(value as object)) {
        const other = { ...properties, [member]: { geoPointValue: { latitude: 1, longitude: 2 } } };
        expect(() => kind.decode(other, 'the-id')).toThrow(`${kind.name} the-id has an unreadable ${member}`);
      }
    });
  },
);

test('rows of every kind come back over the wire as they were written', async () => {
  const { store } = await testDatastore();
  const rows = ROW_SAMPLES.flatMap(({ kind, values }) =>
    fc.sample(values, { numRuns: 8, seed: 7 }).map((value, i) => ({ kind, id: `row-${i}`, value })),
  );
  await store.write(rows.map(({ kind, id, value }) => put(kind, id, value)));

  const read = await store.getAll(rows.map(({ kind, id }) => ref(kind, id)));

  expect(read.map((row) => row?.value)).toStrictEqual(rows.map(({ value }) => value));
});

test('a member that is no word at all is refused, and the message names the row, the member and what is allowed', () => {
  const properties = { ...INSTANCE.encode(anInstance()), status: { integerValue: 1 } };

  expect(() => INSTANCE.decode(properties, 'tw-1')).toThrow(
    expect.objectContaining({
      message: 'Instance tw-1 has an unreadable status',
      cause: expect.objectContaining({ message: expect.stringContaining('a string') as string }) as Error,
    }),
  );
});

test('a row that lacks a member is not guessed at', () => {
  expect(() => OPERATION.decode({ kind: { stringValue: 'stop' } }, 'op-1')).toThrow(UnreadableRow);
});

describe('a tier that was stored before there was a limit for every operation', () => {
  const decoded = (perMinute: Readonly<Record<string, number>>) =>
    TIER.decode(
      {
        ...TIER.encode({ name: 'pro', maxInstances: 3, maxVolumeGb: 100, perMinute: completeLimits({ get: 1 }) }),
        perMinute: { stringValue: JSON.stringify(perMinute) },
      },
      'pro',
    ).perMinute;

  test.each([
    ['as strict as the strictest that lets anything through', { get: 100, create: 5, reset: 0, list: -1 }, 5],
    ['unlimited where nothing is limited', { get: -1, reset: 0 }, -1],
    ['disabled where everything is', { get: 0, reset: 0 }, 0],
  ])('the new limit is %s', (_, stored, expected) => {
    expect(decoded(stored)).toEqual({
      ...Object.fromEntries(LIMITED_OPERATIONS.map((operation) => [operation, expected])),
      ...stored,
    });
  });
});

describe('fields', () => {
  test('a 64 bit integer is read however the wire brings it, as long as it is exact', () => {
    for (const integerValue of [7, '7', { toString: () => '7' } as unknown as number]) {
      expect(integer.decode({ integerValue })).toBe(7);
    }
    expect(() => integer.decode({ integerValue: '9007199254740993' })).toThrow('expected an integer');
    expect(() => integer.decode({ doubleValue: 7 })).toThrow('found doubleValue');
  });

  test('times are kept to the millisecond', () => {
    fc.assert(
      fc.property(fc.nat(4_000_000_000_000), (ms) => {
        expect(time.decode(time.encode(ms))).toBe(ms);
      }),
    );
  });

  test.each<[string, Field<never>, unknown]>([
    ['text', text as Field<never>, { integerValue: 1 }],
    ['flag', plainFlag as Field<never>, { stringValue: 'true' }],
    ['texts', texts as Field<never>, { stringValue: 'a' }],
    ['texts of something else', texts as Field<never>, { arrayValue: { values: [{ integerValue: 1 }] } }],
    ['time', time as Field<never>, { integerValue: 1 }],
    ['word', word(['a']) as Field<never>, { integerValue: 1 }],
    ['json', json<never>(), { stringValue: '{' }],
    ['nullable', nullable(text) as Field<never>, {}],
  ])('%s refuses what it would not have written', (_, field, value) => {
    expect(() => field.decode(value as object)).toThrow();
  });

  test('an empty list stays a list', () => {
    expect(texts.decode({ arrayValue: {} })).toEqual([]);
  });
});

test('every kind that ends by itself writes when', () => {
  const expiring = ROW_SAMPLES.filter(({ kind, values }) =>
    fc.sample(values, { numRuns: 1, seed: 3 }).some((value) => 'expireAt' in kind.encode(value)),
  ).map(({ kind }) => kind.name);

  // Rate counters are written by increments, which set the expiry time themselves.
  expect([...expiring, 'RateCounter'].sort()).toEqual([...EXPIRING_KINDS].sort());
});

test('a machine that was stored before there were accelerators and Local SSD has none', () => {
  const { accelerator, localSsds, discardLocalSsd, ...machine } = anInstance().machine;
  const properties = { ...INSTANCE.encode(anInstance()), machine: { stringValue: JSON.stringify(machine) } };

  expect(INSTANCE.decode(properties, 'tw-1').machine).toEqual({
    ...machine,
    accelerator: null,
    localSsds: 0,
    discardLocalSsd: false,
  });
  expect([accelerator, localSsds, discardLocalSsd]).toEqual([null, 0, false]);
});
