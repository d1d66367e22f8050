import { createCipheriv, createDecipheriv } from 'node:crypto';

/*
 * A cursor contains the position at which a page ended. The position can be that of a row that the caller must not see,
 * so cursors are encrypted and authenticated (AES-256-GCM), together with the request's parameters and caller. A cursor
 * that was changed, forged or taken from another list is rejected.
 */

const CIPHER = 'aes-256-gcm';
export const CURSOR_KEY_BYTES = 32;
/**
 * 96 bits, the size for which GCM was designed. Reusing an IV with the same key would break the encryption of both
 * cursors.
 */
export const CURSOR_IV_BYTES = 12;
const TAG_BYTES = 16;
/** Longer cursors are rejected without being parsed. */
const LENGTH_MAX = 2048;

/**
 * Positions are padded to a multiple of this size, so that a cursor's length reveals nothing. The longest position fits
 * one block: two Compute Engine names of 63 characters each and the separators.
 */
const BLOCK_BYTES = 128;
/** Separates the position from the zero bytes of its padding (ISO/IEC 7816-4). */
const END_OF_PLACE = 0x80;

/** Encrypts a position together with its scope. `iv` must be new for every cursor. */
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

/** Decrypts a position; `undefined` for a cursor that is not valid for this scope. */
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
    // The cursor was not sealed with this key for this scope; the reason does not matter.
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
