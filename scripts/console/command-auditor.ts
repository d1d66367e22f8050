import { randomBytes } from 'node:crypto';
import type { Auditor } from '#shared/datastore/audit-rows.ts';
import type { Session } from './command-line.ts';

/** Writes entries of the audit trail in the name of the person who runs this command. */
export function auditorOf({ by }: Pick<Session, 'by'>): Auditor {
  return { ...by, nowMs: () => Date.now(), hex: (bytes) => randomBytes(bytes).toString('hex') };
}
