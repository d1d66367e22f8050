import { createHash } from 'node:crypto';

/** Namespace of the requestIds: a random UUID of this project, so that no other software derives the same ids. */
const NAMESPACE = Buffer.from('6f0c2a5be7d14e0e9a3b1c9d5f7e8a42', 'hex');

/**
 * Returns the requestId of an operation's n-th call, a UUID version 5 (RFC 9562). Every repeat of the call has the same
 * id, in whichever process, so Compute Engine applies the call once.
 */
export function requestUuid(operationId: string, callNumber: number): string {
  const hash = createHash('sha1').update(NAMESPACE).update(`${operationId}/${callNumber}`).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex').slice(0, 32);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/**
 * Number of the call that removes a VM's protection before a forced delete; distinct from the numbers of the delete's
 * own calls.
 */
export const UNPROTECT_CALL = 1_000_000;
