import { createHash } from 'node:crypto';

/** Namespace of the request ids: a random UUID of our own, so that nobody else derives the same ones. */
const NAMESPACE = Buffer.from('6f0c2a5be7d14e0e9a3b1c9d5f7e8a42', 'hex');

/**
 * UUID version 5 (RFC 9562) of an operation's n-th call. A repeat of the call, in whichever process, is sent under the
 * same id, and Compute Engine applies it once.
 */
export function requestUuid(operationId: string, callNumber: number): string {
  const hash = createHash('sha1').update(NAMESPACE).update(`${operationId}/${callNumber}`).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex').slice(0, 32);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Number of the call that takes a VM's protection off before a forced delete, apart from those of the delete itself. */
export const UNPROTECT_CALL = 1_000_000;
