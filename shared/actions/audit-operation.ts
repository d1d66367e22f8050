import { auditWrite } from '#shared/datastore/audit-rows.ts';
import type { Write } from '#shared/datastore/write.ts';
import type { AuditAction } from '#shared/domain/audit.ts';
import { OPERATION_KINDS } from '#shared/domain/instance.ts';
import type { Operation } from '#shared/domain/operation.ts';
import type { Actor } from '#shared/domain/principal.ts';
import { known } from '#shared/domain/stored-word.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** The actor that requested an operation, and the id of their request. */
export interface AskedBy {
  readonly actor: Actor;
  readonly requestId: string;
}

/** Returns the auditor that writes audit entries for a request of a principal. */
export function auditorOf({ actor, requestId }: AskedBy, { nowMs, random }: Pick<Tools, 'nowMs' | 'random'>) {
  return {
    actor: { type: 'principal', id: actor.id },
    requestId,
    nowMs,
    hex: (bytes: number) => random.hex(bytes),
  } as const;
}

/**
 * Returns the write of an audit entry for an operation that an administrator requested; nothing for a customer's own
 * operation, which the instance's history records. `joined`: the operation was already pending. `overridden`: the
 * instance was protected from deletion, and the administrator forced the delete.
 */
export function auditOperation(
  by: AskedBy,
  outcome: { readonly operation: Operation; readonly joined: boolean; readonly overridden?: boolean },
  tools: Pick<Tools, 'nowMs' | 'random'>,
): readonly Write[] {
  const { operation, joined, overridden = false } = outcome;
  const kind = known(OPERATION_KINDS, operation.kind);
  if (by.actor.type !== 'admin' || kind === undefined || kind === 'create') return [];
  const action: AuditAction = `instance.${kind}`;
  const { id: operationId, instanceId, customerId } = operation;
  const after = { operationId, customerId, joined, ...(overridden ? { protectionOverridden: true } : {}) };
  return [auditWrite(auditorOf(by, tools), { action, object: `instance ${instanceId}`, after })];
}
