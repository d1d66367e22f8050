import {
  AUDIT_ACTIONS,
  AUDIT_ACTORS,
  type AuditAction,
  type AuditActor,
  type AuditEntry,
  auditId,
  type AuditValue,
} from '#shared/domain/audit.ts';
import { expiry, json, plainText, text, time, word } from './field.ts';
import { kind, type Kind } from './kind.ts';
import { AUDIT_RETENTION_MS } from './retention.ts';
import { insert, type Write } from './write.ts';

/** The audit trail. Rows are inserted and never written again; Datastore deletes them when their time is over. */
export const AUDIT_ENTRY: Kind<AuditEntry> = kind<AuditEntry>(
  'AuditEntry',
  {
    id: text,
    atMs: time,
    actorType: word(AUDIT_ACTORS),
    actorId: text,
    action: word(AUDIT_ACTIONS),
    object: text,
    reason: plainText,
    before: json(),
    after: json(),
    requestId: text,
  },
  { derived: (entry) => ({ expireAt: expiry(entry.atMs + AUDIT_RETENTION_MS) }) },
);

/** Who changes something, through which request or run, and where the entry's time and id come from. */
export interface Auditor {
  readonly actor: AuditActor;
  readonly requestId: string;
  readonly nowMs: () => number;
  /** Lower-case hex of that many random bytes. */
  readonly hex: (bytes: number) => string;
}

export interface AuditedChange {
  readonly action: AuditAction;
  /** Kind and id: `customer acme`. */
  readonly object: string;
  readonly reason?: string;
  readonly before?: AuditValue;
  readonly after?: AuditValue;
}

/** An entity has at most 1 MiB, and the other members are short. */
const VALUE_CHARACTERS_MAX = 200_000;

/** Datastore indexes at most 1,500 bytes of a text. */
const OBJECT_CHARACTERS_MAX = 300;

/** The entry of a change, to be written in the same commit as the change. */
export function auditWrite(auditor: Auditor, change: AuditedChange): Write {
  const atMs = auditor.nowMs();
  const id = auditId(atMs, auditor.hex(6));
  return insert(AUDIT_ENTRY, id, {
    id,
    atMs,
    actorType: auditor.actor.type,
    actorId: auditor.actor.id,
    action: change.action,
    object: change.object.slice(0, OBJECT_CHARACTERS_MAX),
    reason: change.reason ?? '',
    before: bounded(change.before ?? null),
    after: bounded(change.after ?? null),
    requestId: auditor.requestId,
  });
}

/** A value that is too long keeps the names of its members. */
function bounded(value: AuditValue): AuditValue {
  if (value === null || JSON.stringify(value).length <= VALUE_CHARACTERS_MAX) return value;
  return { truncated: true, members: Object.keys(value).slice(0, 1000) };
}
