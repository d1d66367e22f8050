import { randomBytes } from 'node:crypto';
import type { Auditor } from '#shared/datastore/audit-rows.ts';
import type { Session } from './command-line.ts';

/** Returns an auditor that writes entries of the audit trail under the name of this command's user. */
export function auditorOf({ by }: Pick<Session, 'by'>): Auditor {
  return { ...by, nowMs: () => Date.now(), hex: (bytes) => randomBytes(bytes).toString('hex') };
}
