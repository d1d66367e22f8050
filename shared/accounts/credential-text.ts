import { createHash } from 'node:crypto';

/*
 * Generates credentials in the formats of `credential-forms.ts`. In a key that is written as one string, the first half
 * has a fixed length, because the second half may contain underscores too.
 */

export type Random = (bytes: number) => Buffer;

/** Format of a session's id, which is the hash of its token. */
export const SESSION_ID = /^[0-9a-f]{64}$/;

export function newApiKeyId(random: Random): string {
  return `ak_live_${randomWord(random, 16)}`;
}

/** Returns the secret half of a key, with 256 random bits. */
export function newApiKeySecret(random: Random): string {
  return `sk_${random(32).toString('base64url')}`;
}

/** Returns a session token with 256 random bits. */
export function newSessionToken(random: Random): string {
  return `cs_${random(32).toString('base64url')}`;
}

export function newProjectId(random: Random): string {
  return `proj_${randomWord(random, 12)}`;
}

/** Returns a version 4 UUID. */
export function newUserId(random: Random): string {
  const bytes = random(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * Returns the stored form of a secret or token: lower-case hex SHA-256. A fast hash is enough, because they are random.
 */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}

/** Returns the id and the secret as one string, the format of the header X-API-Key. */
export function oneStringKey(id: string, secret: string): string {
  return `${id}_${secret}`;
}

/** Returns the id and the secret as the fleet family's bearer token: `fkey_`, the rest of the id, `_`, the secret. */
export function fleetKey(id: string, secret: string): string {
  return `${id.replace(/^ak_live_/, 'fkey_')}_${secret}`;
}

/**
 * Returns random lower-case letters and digits. It uses at least 64 more random bits than needed, so the bias of the
 * remainder is negligible.
 */
function randomWord(random: Random, length: number): string {
  const bytes = Math.ceil((length * Math.log2(36)) / 8) + 8;
  const number = BigInt(`0x${random(bytes).toString('hex')}`) % 36n ** BigInt(length);
  return number.toString(36).padStart(length, '0');
}

/** Returns the id of a reservation (`res_…`) or spot bid (`bid_…`). */
export function newOrderId(prefix: 'res' | 'bid', random: Random): string {
  return `${prefix}_${randomWord(random, 12)}`;
}
