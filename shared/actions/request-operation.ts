import type { Reply } from '#shared/contracts/reply.ts';
import { IDEMPOTENCY, type IdempotencyRecord } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { insert, ref, type Row, type Write } from '#shared/datastore/write.ts';
import { canSee, instanceNotFound } from '#shared/domain/access.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { IdempotencyKey } from '#shared/domain/idempotency-key.ts';
import { operationId } from '#shared/domain/ids.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { type Operation, pendingOperation } from '#shared/domain/operation.ts';
import { joinable, type PowerKind, requirePossible, type Strictness } from '#shared/domain/power.ts';
import type { Actor, Principal } from '#shared/domain/principal.ts';
import { auditOperation } from './audit-operation.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { enqueue, noteAdmin } from '#shared/lifecycle/queue-operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import type { OperationMessage } from '#shared/pubsub/publisher.ts';
import { recordOf, replayed, requireSameUse, writeRecord } from './idempotent.ts';

export interface OperationRequest {
  readonly kind: PowerKind | 'delete';
  /** The requested verb, if it differs from `kind`; error messages name it. */
  readonly verb?: string;
  readonly instanceId: string;
  readonly caller: Principal;
  readonly actor: Actor;
  readonly requestId: string;
  readonly idempotencyKey: IdempotencyKey | undefined;
  readonly strictness: Strictness;
  readonly answer: (operation: Operation) => Reply;
}

type RequestTools = Pick<Tools, 'store' | 'publisher' | 'log' | 'nowMs' | 'random'>;

interface Accepted {
  readonly reply: Reply;
  /** `undefined`: no message has to be published. */
  readonly published: OperationMessage | undefined;
}

/**
 * Accepts an operation on an instance: records it, then publishes it. The operation is queued behind those accepted
 * earlier; a request for the operation that is last in the queue joins that one. A delete goes to the front, because
 * operations queued before it no longer matter.
 */
export async function requestOperation(request: OperationRequest, tools: RequestTools): Promise<Reply> {
  const { store, nowMs, random } = tools;
  const { idempotencyKey, caller } = request;
  const id = operationId(nowMs(), random);
  const accepted = await store.change<Accepted>(async () => {
    const [row, earlier] = await store.getAll([
      ref(INSTANCE, request.instanceId),
      idempotencyKey && ref(IDEMPOTENCY, idempotencyKey.id),
    ]);
    const atMs = nowMs();
    if (idempotencyKey !== undefined && earlier !== undefined && earlier.value.expireAtMs > atMs) {
      requireSameUse(earlier.value, idempotencyKey, caller);
      return { writes: [], result: { reply: replayed(earlier.value), published: undefined } };
    }
    if (row === undefined || !canSee(caller, row.value)) throw instanceNotFound();
    requirePossible(request, row.value);
    const joined = joinable(row.value, request.kind);
    if (joined !== undefined) return joinOperation(joined.id, { row, earlier }, request, { ...tools, atMs });
    const operation = pendingOperation(request.kind, row.value, {
      id,
      actor: request.actor,
      requestId: request.requestId,
      atMs,
    });
    const reply = request.answer(operation);
    const writes: Write[] = [
      insert(OPERATION, id, operation),
      ...enqueue(row, operation, atMs),
      ...auditOperation(request, { operation, joined: false }, tools),
    ];
    if (idempotencyKey !== undefined)
      writes.push(writeRecord(idempotencyKey, earlier, recordOf(idempotencyKey, { reply, operation, atMs })));
    const first = request.kind === 'delete' || row.value.queue.length === 0;
    const message = { operationId: id, instanceId: row.id, customerId: row.value.customerId };
    return { writes, result: { reply, published: first ? message : undefined } };
  });
  if (accepted.published !== undefined) await publishOperations([accepted.published], tools);
  return accepted.reply;
}

async function joinOperation(
  id: string,
  { row, earlier }: { readonly row: Row<Instance>; readonly earlier: Row<IdempotencyRecord> | undefined },
  request: OperationRequest,
  tools: Pick<Tools, 'store' | 'nowMs' | 'random'> & { readonly atMs: number },
) {
  const { atMs } = tools;
  const operation = await tools.store.get(ref(OPERATION, id));
  if (operation === undefined) throw new Failure('internal', 'The operation to join is not on record.');
  const reply = request.answer(operation.value);
  const { actor } = request;
  const writes = [
    ...(actor.type === 'admin' ? noteAdmin(row, row.value, { id, kind: operation.value.kind, actor, atMs }) : []),
    ...auditOperation(request, { operation: operation.value, joined: true }, tools),
  ];
  const { idempotencyKey } = request;
  // The key is stored with the joined operation, so a retry after the operation's end does not start a second one.
  if (idempotencyKey !== undefined)
    writes.push(
      writeRecord(idempotencyKey, earlier, recordOf(idempotencyKey, { reply, operation: operation.value, atMs })),
    );
  return { writes, result: { reply, published: undefined } };
}
