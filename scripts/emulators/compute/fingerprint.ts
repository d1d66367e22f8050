import { createHash } from 'node:crypto';

/** Returns eight bytes in base64, like Compute Engine's fingerprints; equal for equal contents. */
export function fingerprintOf(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest().subarray(0, 8).toString('base64');
}
