import {
  AUDIT_ACTIONS,
  AUDIT_ACTORS,
  type AuditAction,
  type AuditActor,
  type AuditEntry,
  auditId,
  type AuditValue,
} from '#shared/domain/audit.ts';
import { expiry, json, plainText, plainTime, text, unindexed, word } from './field.ts';
import { kind, type Kind } from './kind.ts';
import { AUDIT_RETENTION_MS } from './retention.ts';
import { insert, type Write } from './write.ts';

/** The audit trail. Rows are inserted once and never changed; Datastore deletes them after their retention. */
export const AUDIT_ENTRY: Kind<AuditEntry> = kind<AuditEntry>(
  'AuditEntry',
  {
    id: text,
    atMs: plainTime,
    actorType: unindexed(word(AUDIT_ACTORS)),
    actorId: text,
    action: word(AUDIT_ACTIONS),
    object: text,
    reason: plainText,
    before: json(),
    after: json(),
    requestId: plainText,
  },
  { derived: (entry) => ({ expireAt: expiry(entry.atMs + AUDIT_RETENTION_MS) }) },
);

/** Who makes a change and in which request or run, with the sources of time and randomness for the audit entry. */
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

/** Keeps entries below Datastore's limit of 1 MiB per entity; the other members are short. */
const VALUE_CHARACTERS_MAX = 200_000;

/** Datastore indexes at most 1,500 bytes of a text; 300 characters fit whatever their encoding. */
const OBJECT_CHARACTERS_MAX = 300;

/** Returns the write of a change's audit entry, for the same commit as the change. */
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

/** Replaces a value that is too long by the names of its members. */
function bounded(value: AuditValue): AuditValue {
  if (value === null || JSON.stringify(value).length <= VALUE_CHARACTERS_MAX) return value;
  return { truncated: true, members: Object.keys(value).slice(0, 1000) };
}
