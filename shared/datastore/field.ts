import type { protos } from '@google-cloud/datastore/build/src/protos.js';
import type { Stored } from '#shared/domain/stored-word.ts';

export type Value = protos.google.datastore.v1.IValue;

/** Converts one member of a row to a Datastore property and back. `decode(encode(x))` equals x. */
export interface Field<T> {
  readonly indexed: boolean;
  /** For a word of a closed list: the list. */
  readonly words?: readonly string[];
  encode(member: T): Value;
  /** Throws for any value that `encode` cannot have written: an unknown format must not be guessed. */
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

/** Indexed text of at most 1,500 bytes, which is Datastore's limit for indexed values. */
export const text: Field<string> = field(true, (member) => ({ stringValue: member }), decodeText);

/** Text without an index, because no query uses it. */
export const plainText: Field<string> = field(false, (member) => ({ stringValue: member }), decodeText);

/** Returns a field without an index, for a member that no query uses. */
export function unindexed<T>(inner: Field<T>): Field<T> {
  return { ...inner, indexed: false, encode: (member) => ({ ...inner.encode(member), excludeFromIndexes: true }) };
}

/** A word of a closed list. A word that only a newer version's list has is read and written unchanged. */
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

/** A flag without an index, because no query uses it. */
export const plainFlag: Field<boolean> = field(false, (member) => ({ booleanValue: member }), decodeFlag);

function encodeTime(member: number): Value {
  return { timestampValue: { seconds: Math.floor(member / 1000), nanos: (member % 1000) * 1_000_000 } };
}

function decodeTime(value: Value): number {
  const time = value.timestampValue;
  if (time === undefined || time === null) throw new UnexpectedValue('a timestamp', value);
  return Number(String(time.seconds ?? 0)) * 1000 + Math.round((time.nanos ?? 0) / 1_000_000);
}

/** Epoch milliseconds, stored as a timestamp. */
export const time: Field<number> = field(true, encodeTime, decodeTime);

/** A time without an index, because no query uses it. */
export const plainTime: Field<number> = unindexed(time);

/**
 * Returns the value of `expireAt`, the property that TTL policies use; `null`: the row does not expire yet. The
 * property is never read and has no index: no query uses it, and index values that grow with time are a hot spot
 * (https://cloud.google.com/datastore/docs/ttl).
 */
export function expiry(atMs: number | null): Value {
  return atMs === null ? ABSENT : plainTime.encode(atMs);
}

/** No value. It has no index entries, because no query looks for rows without a value. */
export const ABSENT: Value = { nullValue: 'NULL_VALUE', excludeFromIndexes: true };

/** A field that may be `null`, which has no index entries even if other values of the field have. */
export function nullable<T>(inner: Field<T>): Field<T | null> {
  return {
    ...field<T | null>(
      inner.indexed,
      (member) => (member === null ? ABSENT : inner.encode(member)),
      (value) => (value.nullValue !== undefined && value.nullValue !== null ? null : inner.decode(value)),
    ),
    ...(inner.words === undefined ? {} : { words: inner.words }),
  };
}

/** A list of words without an index, because filters on it are applied in code. */
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
 * Structured data as JSON text, without an index. It is not validated when read, because only this code writes the
 * rows.
 */
export function json<T>(): Field<T> {
  return field<T>(
    false,
    (member) => ({ stringValue: JSON.stringify(member) }),
    (value) => JSON.parse(decodeText(value)) as T,
  );
}
