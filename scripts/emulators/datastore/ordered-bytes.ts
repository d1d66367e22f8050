/**
 * Encodings whose byte order is the order of the encoded values. Each one marks its own end, so encodings can be
 * joined, and the joined bytes sort part by part.
 */

/** Ends a string; sorts below every byte of a longer string, and below an escaped NUL. */
const TERMINATOR = Buffer.from([0x00, 0x01]);
const ESCAPED_NUL = Buffer.from([0x00, 0xff]);

/** Sorts above every continuation of an encoding: `[x, after(x))` contains everything that starts with x. */
const ABOVE = Buffer.from([0xff]);
const ZERO = Buffer.from([0x00]);

export const EMPTY = Buffer.alloc(0);

/** Returns the least byte string above everything that starts with `prefix`. */
export function after(prefix: Buffer): Buffer {
  return Buffer.concat([prefix, ABOVE]);
}

/** Returns the least byte string above `bytes` itself. */
export function next(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, ZERO]);
}

/** Inverts all bits, which reverses the order, for descending parts. */
export function complement(bytes: Buffer): Buffer {
  const result = Buffer.allocUnsafe(bytes.length);
  for (let at = 0; at < bytes.length; at += 1) result[at] = 255 - (bytes[at] ?? 0);
  return result;
}

/** Returns a view of the bytes, without copying them. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function encodeBytes(bytes: Buffer): Buffer {
  if (!bytes.includes(0)) return Buffer.concat([bytes, TERMINATOR]);
  const parts: Buffer[] = [];
  let from = 0;
  for (let nul = bytes.indexOf(0); nul >= 0; nul = bytes.indexOf(0, from)) {
    parts.push(bytes.subarray(from, nul), ESCAPED_NUL);
    from = nul + 1;
  }
  parts.push(bytes.subarray(from), TERMINATOR);
  return Buffer.concat(parts);
}

/** Returns the end of the encoded string that starts at `from`, including its terminator. */
export function endOfBytes(encoded: Buffer, from: number): number {
  let nul = encoded.indexOf(0, from);
  while (nul >= 0 && encoded[nul + 1] === 0xff) nul = encoded.indexOf(0, nul + 2);
  if (nul < 0) throw new Error('An encoded string has no end.');
  return nul + 2;
}

/** Decodes `encoded`, one string with its terminator. */
export function decodeBytes(encoded: Buffer): Buffer {
  const body = encoded.subarray(0, encoded.length - TERMINATOR.length);
  if (!body.includes(0)) return body;
  const kept: number[] = [];
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at] ?? 0;
    kept.push(byte);
    if (byte === 0) at += 1;
  }
  return Buffer.from(kept);
}

const SIGN_BIT = 1n << 63n;
const ALL_BITS = (1n << 64n) - 1n;

export function encodeInt64(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value) ^ SIGN_BIT);
  return bytes;
}

export function decodeInt64(bytes: Buffer): bigint {
  return BigInt.asIntN(64, bytes.readBigUInt64BE() ^ SIGN_BIT);
}

/** Encodes a double. -0 becomes 0, and NaN sorts above infinity, as in Datastore. */
export function encodeDouble(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(Number.isNaN(value) ? Number.NaN : value + 0);
  const bits = bytes.readBigUInt64BE();
  bytes.writeBigUInt64BE((bits & SIGN_BIT) === 0n || Number.isNaN(value) ? bits | SIGN_BIT : bits ^ ALL_BITS);
  return bytes;
}

export function decodeDouble(bytes: Buffer): number {
  const encoded = bytes.readBigUInt64BE();
  const result = Buffer.allocUnsafe(8);
  result.writeBigUInt64BE((encoded & SIGN_BIT) === 0n ? encoded ^ ALL_BITS : encoded ^ SIGN_BIT);
  return result.readDoubleBE();
}
