import type { protos } from '@google-cloud/datastore/build/src/protos.js';
import type { Stored } from '#shared/domain/stored-word.ts';

export type Value = protos.google.datastore.v1.IValue;

/** How one member of a row is written to a property and read back. `decode(encode(x))` is x. */
export interface Field<T> {
  readonly indexed: boolean;
  /** Of a word: the list that it is of. */
  readonly words?: readonly string[];
  encode(member: T): Value;
  /** Throws for anything that `encode` would not have written: a row that cannot be understood must not be guessed at. */
  decode(value: Value): T;
}

/** Thrown while decoding; the store adds which row and property it was. */
class UnexpectedValue extends Error {
  constructor(expected: string, value: Value) {
    super(`expected ${expected}, found ${Object.keys(value).join(', ') || 'nothing'}`);
  }
}

function field<T>(indexed: boolean, encode: (member: T) => Value, decode: (value: Value) => T): Field<T> {
  return {
    indexed,
    encode: indexed ? encode : (member) => ({ ...encode(member), excludeFromIndexes: true }),
    decode,
  };
}

function decodeText(value: Value): string {
  if (typeof value.stringValue !== 'string') throw new UnexpectedValue('a string', value);
  return value.stringValue;
}

/** Text of at most 1,500 bytes, which is as long as Datastore indexes. */
export const text: Field<string> = field(true, (member) => ({ stringValue: member }), decodeText);

/** Text that no query needs. */
export const plainText: Field<string> = field(false, (member) => ({ stringValue: member }), decodeText);

/** A word of a closed list, or of a newer version's list: such a word is read and written as it is. */
export function word<const W extends string>(words: readonly W[]): Field<Stored<W>> {
  return {
    ...field<Stored<W>>(
      true,
      (member) => ({ stringValue: member }),
      (value) => decodeText(value) as Stored<W>,
    ),
    words,
  };
}

function decodeInteger(value: Value): number {
  // Over gRPC a 64 bit integer arrives as a string or a Long; what we write always fits a double.
  const number = Number(String(value.integerValue));
  if (value.integerValue === undefined || value.integerValue === null || !Number.isSafeInteger(number)) {
    throw new UnexpectedValue('an integer', value);
  }
  return number;
}

export const integer: Field<number> = field(false, (member) => ({ integerValue: member }), decodeInteger);
export const indexedInteger: Field<number> = field(true, (member) => ({ integerValue: member }), decodeInteger);

function decodeFlag(value: Value): boolean {
  if (typeof value.booleanValue !== 'boolean') throw new UnexpectedValue('a boolean', value);
  return value.booleanValue;
}

export const flag: Field<boolean> = field(true, (member) => ({ booleanValue: member }), decodeFlag);

/** A flag that no query needs. */
export const plainFlag: Field<boolean> = field(false, (member) => ({ booleanValue: member }), decodeFlag);

function encodeTime(member: number): Value {
  return { timestampValue: { seconds: Math.floor(member / 1000), nanos: (member % 1000) * 1_000_000 } };
}

function decodeTime(value: Value): number {
  const time = value.timestampValue;
  if (time === undefined || time === null) throw new UnexpectedValue('a timestamp', value);
  return Number(String(time.seconds ?? 0)) * 1000 + Math.round((time.nanos ?? 0) / 1_000_000);
}

/** Epoch milliseconds, stored as a timestamp, as TTL policies need it. */
export const time: Field<number> = field(true, encodeTime, decodeTime);

/**
 * `expireAt`, the property of a TTL policy; null: not yet. It is written, never read. It has no index: no query uses it, and
 * index values that grow with time are a hot spot (https://cloud.google.com/datastore/docs/ttl).
 */
export function expiry(atMs: number | null): Value {
  return { ...(atMs === null ? { nullValue: 'NULL_VALUE' as const } : encodeTime(atMs)), excludeFromIndexes: true };
}

/** `null` is written as a null value, so that the row is still found by queries that order by it. */
export function nullable<T>(inner: Field<T>): Field<T | null> {
  return {
    ...field<T | null>(
      inner.indexed,
      (member) => (member === null ? { nullValue: 'NULL_VALUE' } : inner.encode(member)),
      (value) => (value.nullValue !== undefined && value.nullValue !== null ? null : inner.decode(value)),
    ),
    ...(inner.words === undefined ? {} : { words: inner.words }),
  };
}

/** A list of words; not indexed, because what filters on them filters in code. */
export const texts: Field<readonly string[]> = {
  indexed: false,
  encode: (member) => ({
    arrayValue: { values: member.map((item) => ({ stringValue: item, excludeFromIndexes: true })) },
  }),
  decode: (value) => {
    if (value.arrayValue === undefined || value.arrayValue === null) throw new UnexpectedValue('an array', value);
    return (value.arrayValue.values ?? []).map(decodeText);
  },
};

/**
 * Structured data that only code reads, as JSON text. The schema of what is inside is the type of the member: rows are
 * written by this code alone.
 */
export function json<T>(): Field<T> {
  return field<T>(
    false,
    (member) => ({ stringValue: JSON.stringify(member) }),
    (value) => JSON.parse(decodeText(value)) as T,
  );
}
