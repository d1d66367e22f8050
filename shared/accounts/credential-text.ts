import { createHash } from 'node:crypto';

/*
 * Makes credentials, in the forms of `credential-forms.ts`. Both halves of a key in one string are told apart by the fixed
 * length of the first one: the second may hold an underscore itself.
 */

export type Random = (bytes: number) => Buffer;

/** The id of a session: the hash of its token. */
export const SESSION_ID = /^[0-9a-f]{64}$/;

export function newApiKeyId(random: Random): string {
  return `ak_live_${randomWord(random, 16)}`;
}

/** The secret half of a key: 256 random bits. */
export function newApiKeySecret(random: Random): string {
  return `sk_${random(32).toString('base64url')}`;
}

/** 256 random bits. */
export function newSessionToken(random: Random): string {
  return `cs_${random(32).toString('base64url')}`;
}

export function newProjectId(random: Random): string {
  return `proj_${randomWord(random, 12)}`;
}

/** A version 4 UUID. */
export function newUserId(random: Random): string {
  const bytes = random(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** What is stored of a secret or token: lower-case hex SHA-256. They are random, so nothing slower is needed. */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}

/** Both halves in one string, as the header X-API-Key takes them. */
export function oneStringKey(id: string, secret: string): string {
  return `${id}_${secret}`;
}

/** The same as a bearer token of the fleet family. */
export function fleetKey(id: string, secret: string): string {
  return `${id.replace(/^ak_live_/, 'fkey_')}_${secret}`;
}

/** Letters and digits. 64 bits more than the word can hold make the bias of the remainder immeasurable. */
function randomWord(random: Random, length: number): string {
  const bytes = Math.ceil((length * Math.log2(36)) / 8) + 8;
  const number = BigInt(`0x${random(bytes).toString('hex')}`) % 36n ** BigInt(length);
  return number.toString(36).padStart(length, '0');
}

/** Of a reservation (`res_…`) or a spot bid (`bid_…`). */
export function newOrderId(prefix: 'res' | 'bid', random: Random): string {
  return `${prefix}_${randomWord(random, 12)}`;
}
