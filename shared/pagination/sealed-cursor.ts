import { createCipheriv, createDecipheriv } from 'node:crypto';

/*
 * A cursor of a list says where a page ended. A page can end at a row that the caller may not see, so nobody but us can
 * read or make one: it is encrypted and authenticated (AES-256-GCM), together with what the list was asked for and by whom.
 * One that was damaged, made up or taken from another list does not open.
 */

const CIPHER = 'aes-256-gcm';
export const CURSOR_KEY_BYTES = 32;
/** 96 bits, for which GCM was made; two cursors with the same ones would give each other away. */
export const CURSOR_IV_BYTES = 12;
const TAG_BYTES = 16;
/** Longest cursor that is looked at. */
const LENGTH_MAX = 2048;

/**
 * Places are filled up to a multiple of this, so that the length of a cursor says nothing about them. The longest place
 * there is just fits: two names of Compute Engine with 63 characters each, and what separates them.
 */
const BLOCK_BYTES = 128;
/** Stands between a place and the zeros that fill it up (ISO/IEC 7816-4). */
const END_OF_PLACE = 0x80;

/** `iv` must be new for every cursor. */
export function sealCursor(
  place: string,
  scope: readonly unknown[],
  { key, iv }: { readonly key: Buffer; readonly iv: Buffer },
): string {
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(JSON.stringify(scope)));
  const sealed = Buffer.concat([cipher.update(filledUp(Buffer.from(place))), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** The place; `undefined` when this is no cursor of this list. */
export function openCursor(cursor: string, scope: readonly unknown[], key: Buffer): string | undefined {
  if (cursor.length > LENGTH_MAX || !/^[\w-]+$/.test(cursor)) return undefined;
  const bytes = Buffer.from(cursor, 'base64url');
  const begin = CURSOR_IV_BYTES + TAG_BYTES;
  if (bytes.length <= begin || bytes.toString('base64url') !== cursor) return undefined;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, CURSOR_IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(JSON.stringify(scope)));
  decipher.setAuthTag(bytes.subarray(CURSOR_IV_BYTES, begin));
  const filled = decipher.update(bytes.subarray(begin));
  try {
    decipher.final();
  } catch {
    // It was not sealed with this key for this list; there is nothing more to know about it.
    return undefined;
  }
  return filled.subarray(0, filled.lastIndexOf(END_OF_PLACE)).toString();
}

function filledUp(place: Buffer): Buffer {
  const blocks = Math.floor(place.length / BLOCK_BYTES) + 1;
  const filled = Buffer.alloc(blocks * BLOCK_BYTES);
  filled.set(place);
  filled[place.length] = END_OF_PLACE;
  return filled;
}
