import { RESERVED } from './keys.ts';
import { invalidArgument } from './status-error.ts';
import type { WireEntity, WireKey, WireProperties, WireValue } from './wire.ts';
import { encodeValue } from './values.ts';

const ENTITY_BYTES_MAX = 1_048_572;
const INDEXED_BYTES_MAX = 1500;
const NAME_BYTES_MAX = 1500;
const INDEX_ENTRIES_MAX = 20_000;
const NESTING_MAX = 20;

/** The distinct encoded values of each indexed property, lowest first. No list is empty. */
export type IndexedValues = ReadonlyMap<string, readonly Buffer[]>;

/** Returns the values to index: each element of an array, and each property of an entity value as `outer.inner`. */
export function indexedValues(entity: WireEntity): IndexedValues {
  const found = new Map<string, Buffer[]>();
  for (const name of Object.keys(entity.properties)) {
    const value = entity.properties[name];
    if (value !== undefined) collect(name, value, entity.key?.partitionId, found);
  }
  for (const [name, encodings] of found) {
    if (encodings.length > 1) found.set(name, distinct(encodings));
  }
  return found;
}

function collect(path: string, value: WireValue, home: WireKey['partitionId'], found: Map<string, Buffer[]>): void {
  if (value.excludeFromIndexes === true) return;
  if (value.valueType === 'arrayValue') {
    for (const element of value.arrayValue.values) collect(path, element, home, found);
    return;
  }
  if (value.valueType === 'entityValue') {
    const { properties } = value.entityValue;
    for (const name of Object.keys(properties)) {
      const inner = properties[name];
      if (inner !== undefined) collect(`${path}.${name}`, inner, home, found);
    }
    return;
  }
  const encoding = encodeValue(value, home);
  if (encoding === undefined) return;
  const encodings = found.get(path);
  if (encodings === undefined) found.set(path, [encoding]);
  else encodings.push(encoding);
}

function distinct(encodings: readonly Buffer[]): Buffer[] {
  const sorted = [...encodings].sort((a, b) => a.compare(b));
  return sorted.filter((encoding, at) => at === 0 || sorted[at - 1]?.equals(encoding) !== true);
}

/** Throws for properties that the real service refuses to write. */
export function checkProperties(properties: WireProperties): void {
  for (const name of Object.keys(properties)) {
    const value = properties[name];
    checkName(name);
    if (value !== undefined) checkValue(name, value, { depth: 1, isIndexed: true });
  }
}

function checkName(name: string): void {
  if (name === '') throw invalidArgument('The property.name is the empty string.');
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) {
    throw invalidArgument(`The property.name is longer than ${NAME_BYTES_MAX} bytes.`);
  }
  if (RESERVED.test(name)) throw invalidArgument(`The property.name "${name}" is reserved.`);
}

function checkValue(
  name: string,
  value: WireValue,
  at: { readonly depth: number; readonly isIndexed: boolean; readonly inArray?: boolean },
): void {
  const isIndexed = at.isIndexed && value.excludeFromIndexes !== true;
  if (at.depth > NESTING_MAX) throw invalidArgument(`The value of property "${name}" is nested too deeply.`);
  switch (value.valueType) {
    case undefined:
      throw invalidArgument(`The value of property "${name}" has no type.`);
    case 'stringValue':
      if (isIndexed && Buffer.byteLength(value.stringValue) > INDEXED_BYTES_MAX) throw tooLong(name);
      return;
    case 'blobValue':
      if (isIndexed && value.blobValue.length > INDEXED_BYTES_MAX) throw tooLong(name);
      return;
    case 'arrayValue':
      if (at.inArray === true) {
        throw invalidArgument(`The value of property "${name}" is an array in an array.`);
      }
      for (const element of value.arrayValue.values) {
        checkValue(name, element, { depth: at.depth, isIndexed, inArray: true });
      }
      return;
    case 'entityValue': {
      const { properties } = value.entityValue;
      for (const inner of Object.keys(properties)) {
        const innerValue = properties[inner];
        checkName(inner);
        if (innerValue !== undefined) checkValue(`${name}.${inner}`, innerValue, { depth: at.depth + 1, isIndexed });
      }
      return;
    }
    default:
  }
}

function tooLong(name: string): Error {
  return invalidArgument(`The value of property "${name}" is longer than ${INDEXED_BYTES_MAX} bytes.`);
}

/** Checks limits that apply to the entity in its final form. */
export function checkSize(data: Uint8Array, values: IndexedValues): void {
  if (data.length > ENTITY_BYTES_MAX) {
    throw invalidArgument(`entity is too big: ${data.length} bytes, the limit is ${ENTITY_BYTES_MAX}.`);
  }
  let entries = 0;
  for (const encodings of values.values()) entries += encodings.length;
  if (entries > INDEX_ENTRIES_MAX) {
    throw invalidArgument(`Too many indexed properties: ${entries}, the limit is ${INDEX_ENTRIES_MAX}.`);
  }
}
