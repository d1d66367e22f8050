import { decodeKeyValue, encodeKeyValue, encodeOwnKeyValue, endOfKeyValue } from './keys.ts';
import {
  complement,
  decodeBytes,
  decodeDouble,
  decodeInt64,
  encodeBytes,
  encodeDouble,
  encodeInt64,
  endOfBytes,
} from './ordered-bytes.ts';
import type { WireKey, WireValue } from './wire.ts';
import { microsOf, toBigInt, toLong } from './wire.ts';

/**
 * Datastore sorts values of different types by type: null, integers and times (as microseconds) together, booleans,
 * strings and blobs together by bytes, doubles, geo points, keys. An integer never equals a double.
 */
const NULL_TAG = 0x10;
const INTEGER_TAG = 0x20;
const BOOLEAN_TAG = 0x30;
const BYTES_TAG = 0x40;
const DOUBLE_TAG = 0x50;
const GEO_POINT_TAG = 0x60;
const KEY_TAG = 0x70;

/** Marks that follow the bytes of a blob or string, so that the two never equal and the type can be decoded. */
const BLOB_MARK = Buffer.of(0x01);
const STRING_MARK = Buffer.of(0x02);

/** The `meaning` that marks a value as read from an index. */
const INDEX_VALUE_MEANING = 18;

/**
 * Returns the encoding of an indexable value; undefined for arrays and entities, whose parts are indexed separately.
 * Keys without a project belong to the project and database of `home`.
 */
export function encodeValue(value: WireValue, home: WireKey['partitionId']): Buffer | undefined {
  switch (value.valueType) {
    case 'nullValue':
      return Buffer.of(NULL_TAG);
    case 'integerValue':
      return Buffer.concat([Buffer.of(INTEGER_TAG), encodeInt64(toBigInt(value.integerValue))]);
    case 'timestampValue':
      return Buffer.concat([Buffer.of(INTEGER_TAG), encodeInt64(microsOf(value.timestampValue))]);
    case 'booleanValue':
      return Buffer.of(BOOLEAN_TAG, value.booleanValue ? 1 : 0);
    case 'stringValue':
      return Buffer.concat([Buffer.of(BYTES_TAG), encodeBytes(Buffer.from(value.stringValue)), STRING_MARK]);
    case 'blobValue':
      return Buffer.concat([Buffer.of(BYTES_TAG), encodeBytes(Buffer.from(value.blobValue)), BLOB_MARK]);
    case 'doubleValue':
      return Buffer.concat([Buffer.of(DOUBLE_TAG), encodeDouble(value.doubleValue)]);
    case 'geoPointValue':
      return Buffer.concat([
        Buffer.of(GEO_POINT_TAG),
        encodeDouble(value.geoPointValue.latitude),
        encodeDouble(value.geoPointValue.longitude),
      ]);
    case 'keyValue':
      return Buffer.concat([Buffer.of(KEY_TAG), encodeKeyValue(inHome(value.keyValue, home))]);
    default:
      return undefined;
  }
}

/** Encodes the key of a result as a part of its sort order; the partition is left out, because all results share it. */
export function encodeOwnKey(key: Buffer): Buffer {
  return Buffer.concat([Buffer.of(KEY_TAG), encodeOwnKeyValue(key)]);
}

function inHome(key: WireKey, home: WireKey['partitionId']): WireKey {
  const given = key.partitionId;
  if (given?.projectId !== undefined && given.projectId !== '') return key;
  return {
    partitionId: {
      projectId: home?.projectId ?? '',
      databaseId: home?.databaseId ?? '',
      namespaceId: given?.namespaceId ?? '',
    },
    path: key.path,
  };
}

/**
 * Decodes a value of a projection. A time becomes its microseconds, because indexes do not distinguish it from an
 * integer.
 */
export function decodeIndexValue(encoded: Buffer): WireValue {
  const meaning = INDEX_VALUE_MEANING;
  const body = encoded.subarray(1);
  switch (encoded[0]) {
    case NULL_TAG:
      return { meaning, valueType: 'nullValue', nullValue: 0 };
    case INTEGER_TAG:
      return { meaning, valueType: 'integerValue', integerValue: toLong(decodeInt64(body)) };
    case BOOLEAN_TAG:
      return { meaning, valueType: 'booleanValue', booleanValue: body[0] === 1 };
    case BYTES_TAG: {
      const bytes = decodeBytes(body.subarray(0, body.length - 1));
      return body.at(-1) === STRING_MARK[0]
        ? { meaning, valueType: 'stringValue', stringValue: bytes.toString() }
        : { meaning, valueType: 'blobValue', blobValue: bytes };
    }
    case DOUBLE_TAG:
      return { meaning, valueType: 'doubleValue', doubleValue: decodeDouble(body) };
    case GEO_POINT_TAG:
      return {
        meaning,
        valueType: 'geoPointValue',
        geoPointValue: { latitude: decodeDouble(body), longitude: decodeDouble(body.subarray(8)) },
      };
    case KEY_TAG:
      return { meaning, valueType: 'keyValue', keyValue: decodeKeyValue(body) };
    default:
      throw new Error('An index holds an encoding that nobody writes.');
  }
}

/** Returns where the value that starts at `from` ends, in joined ascending encodings. */
export function endOfValue(encoded: Buffer, from: number): number {
  switch (encoded[from]) {
    case NULL_TAG:
      return from + 1;
    case INTEGER_TAG:
    case DOUBLE_TAG:
      return from + 9;
    case BOOLEAN_TAG:
      return from + 2;
    case BYTES_TAG:
      return endOfBytes(encoded, from + 1) + 1;
    case GEO_POINT_TAG:
      return from + 17;
    case KEY_TAG:
      return endOfKeyValue(encoded, from + 1);
    default:
      throw new Error('An index holds an encoding that nobody writes.');
  }
}

/** Splits joined encodings; `descending` says which parts are complemented, and they stay so. */
export function splitValues(joint: Buffer, descending: readonly boolean[]): Buffer[] {
  const parts: Buffer[] = [];
  // The end of a part can only be found in ascending form, so the whole is complemented once.
  const flipped = descending.includes(true) ? complement(joint) : joint;
  let at = 0;
  for (const isDescending of descending) {
    const end = endOfValue(isDescending ? flipped : joint, at);
    parts.push(joint.subarray(at, end));
    at = end;
  }
  return parts;
}
