import { crc32 } from 'node:zlib';

import type { Position } from './matching.ts';
import type { CompiledQuery } from './query.ts';
import { invalidArgument } from './status-error.ts';
import { splitValues } from './values.ts';

const HEADER_BYTES = 8;

/**
 * Identifies the queries that may use a cursor: those of the same kind and order. Their filters may differ, as with the
 * real service.
 */
function fingerprint({ kind, components, isKeyDescending }: CompiledQuery): number {
  return crc32(JSON.stringify([kind, components, isKeyDescending]));
}

/** Returns a cursor that points directly after one result. */
export function encodeCursor(query: CompiledQuery, { tuple, key }: Position): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32BE(fingerprint(query), 0);
  header.writeUInt32BE(tuple.length, 4);
  return Buffer.concat([header, tuple, key]);
}

/** Decodes a cursor; undefined for an empty one. Refuses a cursor of another query. */
export function decodeCursor(query: CompiledQuery, bytes: Uint8Array): Position | undefined {
  if (bytes.length === 0) return undefined;
  const cursor = Buffer.from(bytes);
  if (cursor.length <= HEADER_BYTES || cursor.readUInt32BE(0) !== fingerprint(query)) throw invalidCursor();
  const keyFrom = HEADER_BYTES + cursor.readUInt32BE(4);
  const tuple = cursor.subarray(HEADER_BYTES, keyFrom);
  const key = cursor.subarray(keyFrom);
  try {
    const parts = splitValues(
      tuple,
      query.components.map(({ isDescending }) => isDescending),
    );
    if (parts.reduce((sum, part) => sum + part.length, 0) !== tuple.length) throw invalidCursor();
  } catch {
    // The bytes are not one of this emulator's encodings.
    throw invalidCursor();
  }
  return { tuple, key };
}

function invalidCursor(): Error {
  return invalidArgument('The query cursor is not one of this query.');
}
