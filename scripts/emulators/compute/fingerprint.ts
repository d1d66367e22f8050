import { createHash } from 'node:crypto';

/** Eight bytes in base64, as Compute Engine's own fingerprints; equal for equal contents. */
export function fingerprintOf(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest().subarray(0, 8).toString('base64');
}
