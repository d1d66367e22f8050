import { randomBytes } from 'node:crypto';
import type { Auditor } from '#shared/datastore/audit-rows.ts';
import { clockOf } from './command-clock.ts';
import type { Session } from './command-line.ts';

/** Writes entries of the audit trail in the name of the person who runs this command. */
export function auditorOf({ by, place }: Pick<Session, 'by' | 'place'>): Auditor {
  return { ...by, nowMs: clockOf({ place }), hex: (bytes) => randomBytes(bytes).toString('hex') };
}
