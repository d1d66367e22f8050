import { invalidArgument } from './status-error.ts';
import { decodeBytes, decodeInt64, encodeBytes, encodeInt64, endOfBytes, EMPTY } from './ordered-bytes.ts';
import type { WireKey, WirePartition, WirePathElement, WireScope } from './wire.ts';
import { toBigInt, toLong } from './wire.ts';

const KEY_BYTES_MAX = 6 * 1024;
const NAME_BYTES_MAX = 1500;
const PATH_ELEMENTS_MAX = 100;

const ID_TAG = 0x01;
const NAME_TAG = 0x02;
/** Ends a path inside a value; sorts below every further path element. */
const PATH_END = Buffer.from([0x00, 0x00]);

export const RESERVED = /^__.*__$/s;

/** Returns the partition of a key or query; missing parts are taken from the request. */
export function resolvePartition(given: WirePartition | null | undefined, scope: WireScope): WirePartition {
  const projectId = given?.projectId === undefined || given.projectId === '' ? scope.projectId : given.projectId;
  const databaseId = given?.databaseId === undefined || given.databaseId === '' ? scope.databaseId : given.databaseId;
  if (projectId !== scope.projectId || databaseId !== scope.databaseId) {
    throw invalidArgument(`mismatched databases within request: ${scope.projectId} vs. ${projectId}`);
  }
  return { projectId, databaseId, namespaceId: given?.namespaceId ?? '' };
}

export function isIncomplete(key: WireKey): boolean {
  return key.path.at(-1)?.idType === undefined;
}

export function kindOf(path: readonly WirePathElement[]): string {
  return path.at(-1)?.kind ?? '';
}

/**
 * Throws for a key that Datastore refuses to look up. With `forWrite`, also for keys that may be read but not written.
 */
export function checkKey(key: WireKey, options: { readonly forWrite: boolean; readonly incomplete: boolean }): void {
  const { path } = key;
  if (path.length === 0) throw invalidArgument('The key path must not be empty.');
  if (path.length > PATH_ELEMENTS_MAX) {
    throw invalidArgument(`The key path has more than ${PATH_ELEMENTS_MAX} elements.`);
  }
  path.forEach((element, at) => {
    if (element.kind === '') throw invalidArgument('The kind is the empty string.');
    if (Buffer.byteLength(element.kind) > NAME_BYTES_MAX) {
      throw invalidArgument(`The kind is longer than ${NAME_BYTES_MAX} bytes.`);
    }
    if (options.forWrite && RESERVED.test(element.kind)) {
      throw invalidArgument(`The kind "${element.kind}" is reserved.`);
    }
    checkId(element, options.incomplete && at === path.length - 1);
    if (options.forWrite && element.idType === 'name' && RESERVED.test(element.name ?? '')) {
      throw invalidArgument(`The key path element name "${element.name ?? ''}" is reserved.`);
    }
  });
  if (encodePath(path).length > KEY_BYTES_MAX) throw invalidArgument('The key is too large: more than 6 KiB.');
}

function checkId(element: WirePathElement, mayBeIncomplete: boolean): void {
  switch (element.idType) {
    case undefined:
      if (!mayBeIncomplete) throw invalidArgument(`Key path element must not be incomplete: [${element.kind}: ]`);
      return;
    case 'id':
      if (toBigInt(element.id ?? 0) === 0n) throw invalidArgument('The key path element id must not be 0.');
      return;
    case 'name':
      if (element.name === '') throw invalidArgument('The key path element name is the empty string.');
      if (Buffer.byteLength(element.name ?? '') > NAME_BYTES_MAX) {
        throw invalidArgument(`The key path element name is longer than ${NAME_BYTES_MAX} bytes.`);
      }
  }
}

/**
 * Encodes a path so that its bytes sort as Datastore sorts keys: element by element, kinds and names by bytes, ids
 * before names, parents first.
 */
export function encodePath(path: readonly WirePathElement[]): Buffer {
  const parts: Buffer[] = [];
  for (const element of path) {
    parts.push(encodeBytes(Buffer.from(element.kind)));
    if (element.idType === 'id') parts.push(Buffer.of(ID_TAG), encodeInt64(toBigInt(element.id ?? 0)));
    if (element.idType === 'name') parts.push(Buffer.of(NAME_TAG), encodeBytes(Buffer.from(element.name ?? '')));
  }
  return parts.length === 0 ? EMPTY : Buffer.concat(parts);
}

export function decodePath(encoded: Buffer): WirePathElement[] {
  const path: WirePathElement[] = [];
  let at = 0;
  while (at < encoded.length) {
    const kindEnd = endOfBytes(encoded, at);
    const kind = decodeBytes(encoded.subarray(at, kindEnd)).toString();
    const idEnd = encoded[kindEnd] === ID_TAG ? kindEnd + 9 : endOfBytes(encoded, kindEnd + 1);
    const id = encoded.subarray(kindEnd + 1, idEnd);
    path.push(
      encoded[kindEnd] === ID_TAG
        ? { kind, idType: 'id', id: toLong(decodeInt64(id)) }
        : { kind, idType: 'name', name: decodeBytes(id).toString() },
    );
    at = idEnd;
  }
  return path;
}

/** Encodes a key as a property's value: first its partition, and at the end a terminator, because more may follow. */
export function encodeKeyValue(key: WireKey): Buffer {
  return Buffer.concat([
    encodeBytes(Buffer.from(key.partitionId?.projectId ?? '')),
    encodeBytes(Buffer.from(key.partitionId?.databaseId ?? '')),
    encodeBytes(Buffer.from(key.partitionId?.namespaceId ?? '')),
    encodePath(key.path),
    PATH_END,
  ]);
}

/** Encodes a key of the query's own partition, given by its path. */
export function encodeOwnKeyValue(path: Buffer): Buffer {
  const none = encodeBytes(EMPTY);
  return Buffer.concat([none, none, none, path, PATH_END]);
}

/** Returns where the encoded key that starts at `from` ends. */
export function endOfKeyValue(encoded: Buffer, from: number): number {
  let at = from;
  for (let part = 0; part < 3; part += 1) at = endOfBytes(encoded, at);
  while (encoded[at] !== 0x00 || encoded[at + 1] !== 0x00) {
    at = endOfBytes(encoded, at);
    at = encoded[at] === ID_TAG ? at + 9 : endOfBytes(encoded, at + 1);
  }
  return at + PATH_END.length;
}

export function decodeKeyValue(encoded: Buffer): WireKey {
  const parts: string[] = [];
  let at = 0;
  while (parts.length < 3) {
    const end = endOfBytes(encoded, at);
    parts.push(decodeBytes(encoded.subarray(at, end)).toString());
    at = end;
  }
  const [projectId = '', databaseId = '', namespaceId = ''] = parts;
  return {
    partitionId: { projectId, databaseId, namespaceId },
    path: decodePath(encoded.subarray(at, encoded.length - PATH_END.length)),
  };
}
