import { createHash, timingSafeEqual } from 'node:crypto';

/** Bytes of the seal: nobody gets past it by trying. */
const SEAL_BYTES = 12;
const LENGTH_MAX = 2048;

/**
 * A cursor of a list: where a page ended, sealed with what the list was asked for and by whom. It grants nothing, since
 * the list asks for access on every page; the seal is there so that a cursor that was damaged, made up or taken from
 * another list is an error and not a wrong page.
 */
export function sealCursor(place: string, scope: readonly unknown[]): string {
  return Buffer.concat([seal(place, scope), Buffer.from(place)]).toString('base64url');
}

/** The place; `undefined` when this is no cursor of this list. */
export function openCursor(cursor: string, scope: readonly unknown[]): string | undefined {
  if (cursor.length > LENGTH_MAX || !/^[\w-]+$/.test(cursor)) return undefined;
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length <= SEAL_BYTES || bytes.toString('base64url') !== cursor) return undefined;
  const place = bytes.subarray(SEAL_BYTES).toString();
  return timingSafeEqual(bytes.subarray(0, SEAL_BYTES), seal(place, scope)) ? place : undefined;
}

function seal(place: string, scope: readonly unknown[]): Buffer {
  return createHash('sha256')
    .update(JSON.stringify(['list cursor 1', scope, place]))
    .digest()
    .subarray(0, SEAL_BYTES);
}
