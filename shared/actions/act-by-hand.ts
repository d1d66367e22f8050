import { type Auditor, auditWrite } from '#shared/datastore/audit-rows.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { insert, ref } from '#shared/datastore/write.ts';
import { instanceNotFound } from '#shared/domain/access.ts';
import { operationId } from '#shared/domain/ids.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { joinable, requirePossible } from '#shared/domain/power.ts';
import { enqueue } from '#shared/lifecycle/queue-operation.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import type { RepairTools } from './repair-operation.ts';

/** The operations that an operator can request on an instance from the command line. */
export const HAND_VERBS = ['start', 'stop', 'delete'] as const;
export type HandVerb = (typeof HAND_VERBS)[number];

/**
 * Accepts an operation that an operator requests on the command line. There is no principal, so the audit trail and the
 * history name the command line as the actor. The worker carries out a delete too. Returns the operation's id; when the
 * same operation is pending already, returns the pending one's id. Throws `not_found` and `conflict`.
 */
export async function actByHand(
  { verb, instanceId }: { readonly verb: HandVerb; readonly instanceId: string },
  auditor: Auditor,
  tools: Pick<Tools, 'random'> & RepairTools,
): Promise<string> {
  const { store, nowMs, random, publisher } = tools;
  const id = operationId(nowMs(), random);
  const { accepted, message } = await store.change(async () => {
    const row = await store.get(ref(INSTANCE, instanceId));
    if (row === undefined) throw instanceNotFound();
    const pending = joinable(row.value, verb);
    if (pending !== undefined) return { writes: [], result: { accepted: pending.id, message: undefined } };
    requirePossible({ kind: verb, strictness: 'strict' }, row.value);
    const atMs = nowMs();
    const actor = { type: 'admin', id: auditor.actor.id } as const;
    const operation = pendingOperation(verb, row.value, { id, actor, requestId: auditor.requestId, atMs });
    const { customerId } = row.value;
    const entry = auditWrite(auditor, {
      action: `instance.${verb}`,
      object: `instance ${instanceId}`,
      before: { status: row.value.status },
      after: { operationId: id, customerId },
    });
    const isFirst = verb === 'delete' || row.value.queue.length === 0;
    return {
      writes: [insert(OPERATION, id, operation), ...enqueue(row, operation, atMs), entry],
      result: { accepted: id, message: isFirst ? { operationId: id, instanceId, customerId } : undefined },
    };
  });
  if (message !== undefined && publisher !== undefined) await publishOperations([message], { ...tools, publisher });
  return accepted;
}
