import type { AuditQuery } from '#shared/actions/read-audit.ts';
import { AUDIT_ACTIONS, AUDIT_ACTORS, type AuditAction, type AuditEntry } from '#shared/domain/audit.ts';
import { shownWord } from '#shared/domain/stored-word.ts';
import { timestamp } from '../timestamp.ts';

/** The query of the audit trail, after validation by its contract. */
export interface AuditListQuery {
  readonly actor?: string;
  readonly object?: string;
  readonly action?: AuditAction;
  readonly since?: string;
  readonly until?: string;
}

export function toAuditQuery({ actor, object, action, since, until }: AuditListQuery): AuditQuery {
  return {
    ...(actor === undefined ? {} : { actorId: actor }),
    ...(object === undefined ? {} : { object }),
    ...(action === undefined ? {} : { action }),
    ...(since === undefined ? {} : { sinceMs: Date.parse(since) }),
    ...(until === undefined ? {} : { untilMs: Date.parse(until) }),
  };
}

export function presentAuditEntry(entry: AuditEntry) {
  return {
    id: entry.id,
    at: timestamp(entry.atMs),
    actor: { type: shownWord(AUDIT_ACTORS, entry.actorType), id: entry.actorId },
    action: shownWord(AUDIT_ACTIONS, entry.action),
    object: entry.object,
    reason: entry.reason === '' ? null : entry.reason,
    before: entry.before,
    after: entry.after,
    requestId: entry.requestId,
  };
}
