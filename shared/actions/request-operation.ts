import { canSee } from '#shared/domain/access.ts';
import { Failure } from '#shared/domain/failure.ts';
import { nextEvent } from '#shared/domain/history.ts';
import { operationId } from '#shared/domain/ids.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Operation } from '#shared/domain/operation.ts';
import {
  joinable,
  projectedStatus,
  requireFit,
  requireRoom,
  type PowerKind,
  type Strictness,
} from '#shared/domain/power.ts';
import type { Actor, Principal } from '#shared/domain/principal.ts';
import { IDEMPOTENCY, INSTANCE, OPERATION, type IdempotencyRecord } from '#shared/datastore/rows.ts';
import { insert, ref, replace, type Row, type Write } from '#shared/datastore/store.ts';
import type { IdempotencyKey } from '#shared/http/idempotency.ts';
import type { Reply } from '#shared/contracts/reply.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { IDEMPOTENCY_KEPT_MS, replayed, requireSameUse } from './idempotent.ts';
import { stillWrites } from '#shared/lifecycle/instance-writes.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** The one text for what does not exist and for what is not the caller's, so that they cannot be told apart. */
export function instanceNotFound(): Failure {
  return new Failure('not_found', 'Instance not found.', { reason: 'instance_not_found' });
}

export interface OperationRequest {
  readonly kind: PowerKind | 'delete';
  readonly instanceId: string;
  readonly caller: Principal;
  readonly requestId: string;
  readonly idempotencyKey: IdempotencyKey | undefined;
  readonly admitted: Promise<void>;
  readonly strictness: Strictness;
  readonly answer: (operation: Operation) => Reply;
}

type RequestTools = Pick<Tools, 'store' | 'publisher' | 'log' | 'nowMs' | 'random'>;

/** An operation before anybody has worked on it. */
export function pendingOperation(
  kind: Operation['kind'],
  instance: Pick<Instance, 'id' | 'customerId' | 'visibleBy'>,
  made: { readonly id: string; readonly actor: Actor; readonly requestId: string; readonly atMs: number },
): Operation {
  return {
    id: made.id,
    kind,
    instanceId: instance.id,
    state: 'pending',
    actor: made.actor,
    customerId: instance.customerId,
    visibleBy: instance.visibleBy,
    requestId: made.requestId,
    attempts: 0,
    leaseUntilMs: 0,
    leaseToken: '',
    call: null,
    callCount: 0,
    error: null,
    createdAtMs: made.atMs,
    startedAtMs: null,
    completedAtMs: null,
  };
}

interface Accepted {
  readonly reply: Reply;
  /** `undefined`: nothing new was accepted. */
  readonly published: { readonly operationId: string; readonly instanceId: string } | undefined;
}

/**
 * Accepts an operation on an instance: on record first, then published. It queues behind what is already accepted; asking
 * again for what is last in the queue joins it. A delete goes first, because nothing queued matters after it.
 */
export async function requestOperation(request: OperationRequest, tools: RequestTools): Promise<Reply> {
  const { store, nowMs, random } = tools;
  const { idempotencyKey, caller } = request;
  const id = operationId(nowMs(), random);
  const accepted = await store.change<Accepted>(async () => {
    const [row, earlier] = await store.getAll([
      ref(INSTANCE, request.instanceId),
      ref(IDEMPOTENCY, idempotencyKey?.id ?? 'none'),
    ]);
    await request.admitted;
    const atMs = nowMs();
    if (idempotencyKey !== undefined && earlier !== undefined && earlier.value.expireAtMs > atMs) {
      requireSameUse(earlier.value, idempotencyKey, caller);
      return { writes: [], result: { reply: replayed(earlier.value), published: undefined } };
    }
    if (row === undefined || !canSee(caller, row.value.visibleBy)) throw instanceNotFound();
    const joined = joinable(row.value, request.kind);
    // An administrator is told "no" in every wrong state: after a stop that was accepted, a second one is wrong.
    const mustFit = joined === undefined || request.strictness === 'admin';
    if (mustFit && request.kind !== 'delete') requireFit(request.kind, row.value, request.strictness);
    if (joined !== undefined) return joinOperation(joined.id, { row, earlier }, request, { store, atMs });
    if (request.kind !== 'delete') requireRoom(row.value);
    const actor: Actor = { type: request.strictness === 'admin' ? 'admin' : 'user', id: caller.userId };
    const operation = pendingOperation(request.kind, row.value, { id, actor, requestId: request.requestId, atMs });
    const reply = request.answer(operation);
    const writes: Write[] = [insert(OPERATION, id, operation), ...enqueue(row, operation, atMs)];
    if (idempotencyKey !== undefined) writes.push(remember(idempotencyKey, { reply, operation, atMs, earlier }));
    const first = request.kind === 'delete' || row.value.queue.length === 0;
    return { writes, result: { reply, published: first ? { operationId: id, instanceId: row.id } : undefined } };
  });
  if (accepted.published !== undefined) await publishOperations([accepted.published], tools);
  return accepted.reply;
}

async function joinOperation(
  id: string,
  { row, earlier }: { readonly row: Row<Instance>; readonly earlier: Row<IdempotencyRecord> | undefined },
  request: OperationRequest,
  { store, atMs }: { readonly store: Tools['store']; readonly atMs: number },
) {
  const operation = await store.get(ref(OPERATION, id));
  if (operation === undefined) throw new Failure('internal', 'The operation to join is not on record.');
  const reply = request.answer(operation.value);
  const actor: Actor = { type: 'admin', id: request.caller.userId };
  const writes = request.strictness === 'admin' ? [...noteAdmin(row, row.value, { operationId: id, actor, atMs })] : [];
  const { idempotencyKey } = request;
  // The key names the operation from now on: a retry that comes after its end must not do the same thing again.
  if (idempotencyKey !== undefined)
    writes.push(remember(idempotencyKey, { reply, operation: operation.value, atMs, earlier }));
  return { writes, result: { reply, published: undefined } };
}

/**
 * The instance, changed or not, with an event that says which administrator asked for what. The status is the one it has:
 * a reset changes none, an operation may fail, and whoever looks at the VM first puts its changes on record.
 */
function noteAdmin(
  row: Row<Instance>,
  instance: Instance,
  { operationId: id, actor, atMs }: { readonly operationId: string; readonly actor: Actor; readonly atMs: number },
): readonly Write[] {
  const event = nextEvent(instance, {
    status: instance.status,
    atMs,
    cause: 'admin',
    actor,
    operationId: id,
    note: true,
  });
  return stillWrites(row, { ...instance, eventCount: event.sequence }, event);
}

/** The instance with the operation in its queue. A delete shows at once, in status and history, and so does an administrator. */
export function enqueue(row: Row<Instance>, operation: Operation, atMs: number): readonly Write[] {
  const { value: instance } = row;
  const queued = { id: operation.id, kind: operation.kind };
  if (operation.kind !== 'delete') {
    const longer: Instance = { ...instance, queue: [...instance.queue, queued] };
    if (operation.actor.type !== 'admin') return [replace(row, longer)];
    return noteAdmin(row, longer, { operationId: operation.id, actor: operation.actor, atMs });
  }
  const event = nextEvent(instance, {
    status: 'DELETING',
    atMs,
    cause: operation.actor.type === 'admin' ? 'admin' : 'operation',
    actor: operation.actor,
    operationId: operation.id,
  });
  // On its way out the VM is charged until it is gone, so no price period follows this.
  return stillWrites(
    row,
    {
      ...instance,
      status: 'DELETING',
      statusReason: null,
      statusSinceMs: atMs,
      queue: [queued, ...instance.queue],
      eventCount: event.sequence,
      checkAtMs: null,
    },
    event,
  );
}

function remember(
  key: IdempotencyKey,
  {
    reply,
    operation,
    atMs,
    earlier,
  }: {
    readonly reply: Reply;
    readonly operation: Operation;
    readonly atMs: number;
    readonly earlier: Row<IdempotencyRecord> | undefined;
  },
): Write {
  const record: IdempotencyRecord = {
    bodyHash: key.bodyHash,
    operationId: operation.id,
    instanceId: operation.instanceId,
    visibleBy: operation.visibleBy,
    status: reply.status,
    headers: reply.headers ?? {},
    body: reply.body === undefined ? '' : JSON.stringify(reply.body),
    leaseUntilMs: 0,
    expireAtMs: atMs + IDEMPOTENCY_KEPT_MS,
  };
  return earlier === undefined ? insert(IDEMPOTENCY, key.id, record) : replace(earlier, record);
}

/** Whether an instance is on its way out: then only its delete counts. */
export function isLeaving(instance: Pick<Instance, 'status' | 'queue'>): boolean {
  return projectedStatus(instance) === 'DELETING';
}
