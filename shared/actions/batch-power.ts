import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { insert, ref, type Row, type Write } from '#shared/datastore/write.ts';
import { instanceNotFound } from '#shared/domain/access.ts';
import { Failure } from '#shared/domain/failure.ts';
import { idOf, instanceFid } from '#shared/domain/fids.ts';
import { fleetStatus, type FleetStatus } from '#shared/domain/fleet-status.ts';
import { operationId } from '#shared/domain/ids.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { fits, joinable, projectedStatus, requireLocalSsdKept, requireRoom } from '#shared/domain/power.ts';
import type { Actor, Principal } from '#shared/domain/principal.ts';
import { requireNotSuspended } from '#shared/domain/suspension.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { enqueue } from '#shared/lifecycle/queue-operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import type { OperationMessage } from '#shared/pubsub/publisher.ts';
import { isInProjects } from './require-project.ts';

export interface BatchRequest {
  readonly caller: Principal;
  readonly actor: Actor;
  readonly requestId: string;
  /** Fids without duplicates; few enough that all their writes fit one commit. */
  readonly instances: readonly string[];
  readonly kind: 'start' | 'stop';
}

/** The status to return for an instance whose start or stop was accepted. */
const ACCEPTED: Readonly<Record<BatchRequest['kind'], FleetStatus>> = {
  start: 'STATUS_CONFIRMED',
  stop: 'STATUS_STOPPING',
};

interface Accepted {
  /** Keyed by the instance's id. */
  readonly statuses: ReadonlyMap<string, FleetStatus>;
  /** The operation of each instance that needs one, new or already pending. In the order of the request. */
  readonly operationIds: readonly string[];
  readonly published: readonly OperationMessage[];
}

/**
 * Starts or pauses many instances with one look-up, one commit and one publish. Either all are accepted or none. Throws
 * `forbidden` for a start when the customer is suspended, `not_found`, `conflict` for an instance that is being created
 * or deleted, and `not_implemented` for a spot instance, whose power state Compute Engine decides.
 */
export async function batchPower(
  request: BatchRequest,
  tools: Pick<Tools, 'store' | 'publisher' | 'log' | 'nowMs' | 'random'>,
): Promise<Pick<Accepted, 'statuses' | 'operationIds'>> {
  const { store, nowMs, random } = tools;
  if (request.kind === 'start') requireNotSuspended(request.caller);
  const ids = request.instances.map((fid) => idOf('instance', fid));
  // Generated once, outside the retried transaction: after a lost response the operations show whether it was
  // committed.
  const operationIds = ids.map(() => operationId(nowMs(), random));
  const accepted = await store.change<Accepted>(async () => {
    const found = await store.getAll(ids.map((id) => (id === undefined ? undefined : ref(INSTANCE, id))));
    const rows = found.map((row) => {
      if (row === undefined || !isInProjects(request.caller, row.value)) throw instanceNotFound();
      return row;
    });
    requireReady(rows.map(({ value }) => value));
    for (const { value } of rows) requireLocalSsdKept(request.kind, value);
    const statuses = new Map<string, FleetStatus>();
    const writes: Write[] = [];
    const published: OperationMessage[] = [];
    const accepted: string[] = [];
    for (const [index, row] of rows.entries()) {
      const plan = planFor(row, { request, id: operationIds[index] ?? '', atMs: nowMs() });
      statuses.set(row.id, plan.status);
      if (plan.operationId !== undefined) accepted.push(plan.operationId);
      writes.push(...plan.writes);
      if (plan.message !== undefined) published.push(plan.message);
    }
    return { writes, result: { statuses, operationIds: accepted, published } };
  });
  await publishOperations(accepted.published, tools);
  return accepted;
}

/** Throws `conflict` if any instance is being created or deleted, before any of them is changed. */
function requireReady(instances: readonly Instance[]): void {
  const unready = instances.find(
    (instance) => projectedStatus(instance) === 'DELETING' || instance.queue.some(({ kind }) => kind === 'create'),
  );
  if (unready !== undefined) {
    const doing = projectedStatus(unready) === 'DELETING' ? 'deleted' : 'created';
    throw new Failure('conflict', `Instance ${instanceFid(unready.id)} is still being ${doing}. Nothing was done.`, {
      reason: 'instance_not_ready',
      retryAfterSeconds: 5,
    });
  }
  const spot = instances.find(({ bid }) => bid !== null);
  if (spot !== undefined) {
    throw new Failure(
      'not_implemented',
      `Instance ${instanceFid(spot.id)} belongs to a spot bid and cannot be started or paused. Nothing was done.`,
      { reason: 'spot_instance' },
    );
  }
}

interface BatchPlan {
  readonly status: FleetStatus;
  readonly writes: readonly Write[];
  readonly operationId?: string;
  readonly message?: OperationMessage;
}

/** Decides what one instance needs: a new operation, the pending one, or nothing. */
function planFor(
  row: Row<Instance>,
  { request, id, atMs }: { readonly request: BatchRequest; readonly id: string; readonly atMs: number },
): BatchPlan {
  const { kind } = request;
  const joined = joinable(row.value, kind);
  if (joined !== undefined) return { status: ACCEPTED[kind], writes: [], operationId: joined.id };
  if (!fits(kind, projectedStatus(row.value), 'strict')) return { status: fleetStatus(row.value), writes: [] };
  requireRoom(row.value);
  const operation = pendingOperation(kind, row.value, {
    id,
    actor: request.actor,
    requestId: request.requestId,
    atMs,
  });
  const writes = [insert(OPERATION, id, operation), ...enqueue(row, operation, atMs)];
  // An operation that is queued behind others is published when those have ended.
  if (row.value.queue.length > 0) return { status: ACCEPTED[kind], writes, operationId: id };
  const message = { operationId: id, instanceId: row.id, customerId: row.value.customerId };
  return { status: ACCEPTED[kind], writes, operationId: id, message };
}
