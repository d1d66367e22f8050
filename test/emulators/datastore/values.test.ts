import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodePath, encodePath } from '#scripts/emulators/datastore/keys.ts';
import { complement } from '#scripts/emulators/datastore/ordered-bytes.ts';
import { decodeIndexValue, encodeValue, splitValues } from '#scripts/emulators/datastore/values.ts';
import type { WireKey, WirePathElement, WireValue } from '#scripts/emulators/datastore/wire.ts';
import { toBigInt, toLong } from '#scripts/emulators/datastore/wire.ts';

const PARTITION = { projectId: 'p', databaseId: '', namespaceId: '' };

const SEED = Number(process.env['SEED'] ?? 20_240_117);
const runs = { seed: SEED, numRuns: 2000 };

/** Few characters, including difficult ones, so that prefixes and equal texts are frequent. */
const text = fc.string({ unit: fc.constantFrom('\0', '\u0001', 'a', 'b', 'ÿ', '\uffff', '😀'), maxLength: 4 });
const bytes = fc.array(fc.constantFrom(0, 1, 97, 254, 255), { maxLength: 4 }).map((list) => Uint8Array.from(list));
const int64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
const double = fc.oneof(fc.double(), fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity));

const element: fc.Arbitrary<WirePathElement> = fc.oneof(
  fc.record({ kind: fc.constantFrom('A', 'A\0', 'B'), idType: fc.constant('id' as const), id: int64.map(toLong) }),
  fc.record({ kind: fc.constantFrom('A', 'A\0', 'B'), idType: fc.constant('name' as const), name: text }),
);
const path = fc.array(element, { minLength: 1, maxLength: 3 });

const value: fc.Arbitrary<WireValue> = fc.oneof(
  fc.constant({ valueType: 'nullValue', nullValue: 0 } as const),
  fc
    .oneof(int64, fc.bigInt({ min: -3n, max: 3n }))
    .map((n) => ({ valueType: 'integerValue', integerValue: toLong(n) }) as const),
  fc.boolean().map((b) => ({ valueType: 'booleanValue', booleanValue: b }) as const),
  text.map((s) => ({ valueType: 'stringValue', stringValue: s }) as const),
  bytes.map((b) => ({ valueType: 'blobValue', blobValue: b }) as const),
  double.map((d) => ({ valueType: 'doubleValue', doubleValue: d }) as const),
  fc
    .tuple(double, double)
    .map(([latitude, longitude]) => ({ valueType: 'geoPointValue', geoPointValue: { latitude, longitude } }) as const),
  path.map((list) => ({ valueType: 'keyValue', keyValue: { partitionId: PARTITION, path: list } }) as const),
);

function order<T>(a: T, b: T): number {
  return a < b ? -1 : Number(a > b);
}

function compareDoubles(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return order(a, b);
}

function compareElements(a: WirePathElement, b: WirePathElement): number {
  const kinds = Buffer.compare(Buffer.from(a.kind), Buffer.from(b.kind));
  if (kinds !== 0 || a.idType !== b.idType) return kinds || (a.idType === 'id' ? -1 : 1);
  if (a.idType === 'id') return order(toBigInt(a.id ?? 0), toBigInt(b.id ?? 0));
  return Buffer.compare(Buffer.from(a.name ?? ''), Buffer.from(b.name ?? ''));
}

function comparePaths(a: readonly WirePathElement[], b: readonly WirePathElement[]): number {
  for (const [at, left] of a.entries()) {
    const right = b[at];
    if (right === undefined) return 1;
    const compared = compareElements(left, right);
    if (compared !== 0) return compared;
  }
  return a.length - b.length;
}

const RANKS = ['nullValue', 'integerValue', 'booleanValue', 'bytes', 'doubleValue', 'geoPointValue', 'keyValue'];

function rank({ valueType }: WireValue): number {
  return RANKS.indexOf(valueType === 'stringValue' || valueType === 'blobValue' ? 'bytes' : (valueType ?? ''));
}

function bytesOf(of: WireValue): Buffer {
  if (of.valueType === 'stringValue') return Buffer.from(of.stringValue);
  return Buffer.from(of.valueType === 'blobValue' ? of.blobValue : []);
}

/** Compares values in Datastore's order, without encoding them. */
function compareValues(a: WireValue, b: WireValue): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (a.valueType === 'integerValue' && b.valueType === 'integerValue') {
    return order(toBigInt(a.integerValue), toBigInt(b.integerValue));
  }
  if (a.valueType === 'booleanValue' && b.valueType === 'booleanValue') return order(a.booleanValue, b.booleanValue);
  if (a.valueType === 'doubleValue' && b.valueType === 'doubleValue')
    return compareDoubles(a.doubleValue, b.doubleValue);
  if (a.valueType === 'geoPointValue' && b.valueType === 'geoPointValue') {
    return (
      compareDoubles(a.geoPointValue.latitude, b.geoPointValue.latitude) ||
      compareDoubles(a.geoPointValue.longitude, b.geoPointValue.longitude)
    );
  }
  if (a.valueType === 'keyValue' && b.valueType === 'keyValue') return comparePaths(a.keyValue.path, b.keyValue.path);
  if (a.valueType === 'nullValue') return 0;
  return bytesOf(a).compare(bytesOf(b)) || order(a.valueType === 'stringValue', b.valueType === 'stringValue');
}

function encoded(of: WireValue): Buffer {
  const encoding = encodeValue(of, PARTITION);
  if (encoding === undefined) throw new Error('Every generated value is indexable.');
  return encoding;
}

describe('the encoding of values', () => {
  it('sorts as bytes exactly as the values sort', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(Math.sign(encoded(a).compare(encoded(b)))).toBe(Math.sign(compareValues(a, b)));
      }),
      runs,
    );
  });

  it('sorts complemented exactly the other way round, also in front of something else', () => {
    fc.assert(
      fc.property(value, value, value, (a, b, tail) => {
        fc.pre(compareValues(a, b) !== 0);
        const joint = (of: WireValue): Buffer => Buffer.concat([complement(encoded(of)), encoded(tail)]);

        expect(Math.sign(joint(a).compare(joint(b)))).toBe(-Math.sign(compareValues(a, b)));
      }),
      runs,
    );
  });

  it('is given back by decoding, so a projection needs no entity', () => {
    fc.assert(
      fc.property(value, (original) => {
        const decoded = decodeIndexValue(encoded(original));

        expect(compareValues(decoded, original)).toBe(0);
        expect(decoded.valueType).toBe(original.valueType);
      }),
      runs,
    );
  });

  it('ends by itself, so a joint of any directions can be taken apart', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(value, fc.boolean()), { maxLength: 4 }), (list) => {
        const parts = list.map(([of, isDescending]) => (isDescending ? complement(encoded(of)) : encoded(of)));

        expect(
          splitValues(
            Buffer.concat(parts),
            list.map(([, isDescending]) => isDescending),
          ),
        ).toEqual(parts);
      }),
      runs,
    );
  });

  it('keeps a time as its microseconds, among the integers', () => {
    const at = (seconds: number, nanos: number): WireValue => ({
      valueType: 'timestampValue',
      timestampValue: { seconds, nanos },
    });

    expect(encoded(at(1, 5000))).toEqual(encoded({ valueType: 'integerValue', integerValue: 1_000_005 }));
    expect(encoded(at(-1, 999_999_000))).toEqual(encoded({ valueType: 'integerValue', integerValue: -1 }));
  });
});

describe('the encoding of keys', () => {
  it('sorts as bytes exactly as keys sort: element by element, ids before names, parents before children', () => {
    fc.assert(
      fc.property(path, path, (a, b) => {
        expect(Math.sign(encodePath(a).compare(encodePath(b)))).toBe(Math.sign(comparePaths(a, b)));
      }),
      runs,
    );
  });

  it('is given back by decoding', () => {
    fc.assert(
      fc.property(path, (original) => {
        expect(comparePaths(decodePath(encodePath(original)), original)).toBe(0);
      }),
      runs,
    );
  });

  it('begins with the encoding of an ancestor and of nothing else', () => {
    const startsWith = (key: WireKey['path'], prefix: WireKey['path']): boolean =>
      prefix.length <= key.length && comparePaths(key.slice(0, prefix.length), prefix) === 0;
    fc.assert(
      fc.property(path, path, (key, other) => {
        const isPrefix = encodePath(key).subarray(0, encodePath(other).length).equals(encodePath(other));

        expect(isPrefix).toBe(startsWith(key, other));
      }),
      runs,
    );
  });
});
