import { type Orphan, ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import type { SharedRead } from '#shared/datastore/shared-rows.ts';
import { put, ref, remove, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { causeOf, nextEvent } from '#shared/domain/history.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { isFinal, isUnderstood, type Operation } from '#shared/domain/operation.ts';
import type { ZoneOperation } from '#shared/gce/compute.ts';
import { correctEnd } from './correct-end.ts';
import { removalWrites } from './instance-writes.ts';
import { newOrphan } from './new-orphan.ts';
import { giveBack, quotaOf, readPlaces } from './quota-places.ts';
import type { Tools } from './tools.ts';

/** Compute Engine's answer to the delete. */
export type DeleteOutcome =
  /** The VM does not exist. */
  | { readonly vm: 'absent'; /** When it was gone, if known; epoch ms. */ readonly goneAtMs?: number }
  /** This zone operation is deleting the VM. */
  | { readonly vm: 'leaving'; readonly zoneOperation: ZoneOperation }
  /** Compute Engine refused the call or did not answer. */
  | { readonly vm: 'unknown' };

/** Everything that a removal is decided by. */
export interface RemovalRows {
  readonly instance: Row<Instance>;
  readonly deleting: Row<Operation> | undefined;
  /** What waits behind or before the delete. */
  readonly queued: readonly (Row<Operation> | undefined)[];
  /** The quota and the reservation that the instance has places in. */
  readonly places: readonly SharedRead[];
}

export interface Removal {
  readonly instanceId: string;
  readonly deleteId: string;
  /** Whose instance it is: removals of one customer that meet share a commit. */
  readonly customerId: string;
  /** The rows as they were a moment ago; read when absent, and when they have changed since. */
  readonly known?: RemovalRows | undefined;
}

/** The worker follows Compute Engine's delete operation; the reconciler checks the VM only after this time. */
const ORPHAN_GRACE_MS = 60_000;

/**
 * Removes an instance's record in one commit: deletes the row, releases the quota, writes the last event, fails all
 * queued operations, and puts the VM on the list of orphans unless it is certainly gone. `removed` is false when
 * another process was faster.
 */
export async function removeInstance(
  { instanceId, deleteId, customerId, known }: Removal,
  outcome: DeleteOutcome,
  { store, nowMs }: Pick<Tools, 'store' | 'nowMs'>,
): Promise<{ readonly removed: boolean }> {
  let first = known;
  return store.changeTogether<{ readonly instance: Instance; readonly writes: readonly Write[] } | undefined, Removed>(
    quotaOf(customerId),
    {
      read: async () => {
        const rows = first ?? (await readRemoval({ instanceId, deleteId }, store));
        first = undefined;
        if (rows === undefined) return { own: undefined, shared: [] };
        const writes = await ownWrites({ rows, deleteId, outcome, atMs: nowMs() }, store);
        return { own: { instance: rows.instance.value, writes }, shared: rows.places };
      },
      decide: (own, shared) => {
        if (own === undefined) return { writes: [], result: { removed: false } };
        giveBack(own.instance, shared);
        return { writes: own.writes, result: { removed: true } };
      },
    },
  );
}

interface Removed {
  readonly removed: boolean;
}

/** All that a removal writes but the quota and the reservation. */
async function ownWrites(
  {
    rows: { instance: row, deleting, queued },
    deleteId,
    outcome,
    atMs,
  }: {
    readonly rows: RemovalRows;
    readonly deleteId: string;
    readonly outcome: DeleteOutcome;
    readonly atMs: number;
  },
  store: Tools['store'],
): Promise<readonly Write[]> {
  const { value: instance } = row;
  const actor = deleting?.value.actor ?? { type: 'system' as const, id: 'reconciler' };
  const event = nextEvent(instance, {
    status: 'DELETED',
    atMs: outcome.vm === 'absent' ? (outcome.goneAtMs ?? atMs) : atMs,
    cause: causeOf(actor),
    actor,
    operationId: deleteId,
  });
  const writes: Write[] = [...(await removalWrites(row, event, store))];
  for (const operation of queued) {
    // One of a newer version is ended by that version, which then finds no instance.
    if (operation !== undefined && isUnderstood(operation.value) && !isFinal(operation.value.state))
      writes.push(replace(operation, superseded(operation.value, atMs)));
  }
  if (deleting !== undefined) writes.push(replace(deleting, afterDelete(deleting.value, outcome, atMs)));
  const unconfirmed = mayAppear(instance, deleteId);
  if (outcome.vm !== 'absent' || unconfirmed) {
    writes.push(put(ORPHAN, row.id, orphanOf(instance, { deleteId, outcome, unconfirmed, atMs })));
  }
  return writes;
}

/**
 * Completes a delete whose VM is gone: removes the record if it still exists, and the orphan unless a late insert could
 * still create the VM.
 */
export async function finishDelete(
  { id, instanceId, customerId }: Pick<Operation, 'id' | 'instanceId' | 'customerId'>,
  goneAtMs: number | undefined,
  tools: Pick<Tools, 'store' | 'nowMs'>,
): Promise<void> {
  const { store, nowMs } = tools;
  const end = goneAtMs === undefined ? {} : { goneAtMs };
  const { removed } = await removeInstance({ instanceId, deleteId: id, customerId }, { vm: 'absent', ...end }, tools);
  if (removed) return;
  if (goneAtMs !== undefined) await correctEnd(instanceId, goneAtMs, tools);
  await store.change(async () => {
    const [operation, orphan] = await store.getAll([ref(OPERATION, id), ref(ORPHAN, instanceId)]);
    const writes: Write[] = [];
    if (operation !== undefined && !isFinal(operation.value.state)) {
      writes.push(replace(operation, completedDelete(operation.value, goneAtMs, nowMs())));
    }
    if (orphan !== undefined && orphan.value.absentFromMs <= nowMs()) writes.push(remove(orphan));
    return { writes, result: undefined };
  });
}

async function readRemoval(
  { instanceId, deleteId }: Pick<Removal, 'instanceId' | 'deleteId'>,
  store: Tools['store'],
): Promise<RemovalRows | undefined> {
  const [instance, deleting] = await store.getAll([ref(INSTANCE, instanceId), ref(OPERATION, deleteId)]);
  if (instance === undefined) return undefined;
  return { instance, deleting, ...(await readCompanions(instance.value, deleteId, store)) };
}

/** What a removal is decided by besides the instance and its delete, in one look-up. */
export async function readCompanions(
  instance: Instance,
  deleteId: string,
  store: Tools['store'],
): Promise<Pick<RemovalRows, 'queued' | 'places'>> {
  const [queued, places] = await Promise.all([
    store.getAll(waitingIn(instance, deleteId).map(({ id }) => ref(OPERATION, id))),
    readPlaces(instance, store),
  ]);
  return { queued, places };
}

function waitingIn({ queue }: Pick<Instance, 'queue'>, deleteId: string): Instance['queue'] {
  return queue.filter(({ id }) => id !== deleteId);
}

/** Whether an insert that was never answered may still create the instance's VM, which has not been seen yet. */
function mayAppear(instance: Instance, deleteId: string): boolean {
  if (waitingIn(instance, deleteId).some(({ kind }) => kind === 'create')) return true;
  const { cloudId, lastOperation } = instance;
  const isUnanswered = lastOperation?.kind === 'create' && lastOperation.error?.reason === 'cloud_unavailable';
  return isUnanswered && cloudId === '';
}

function superseded(operation: Operation, atMs: number): Operation {
  return {
    ...operation,
    state: 'failed',
    leaseUntilMs: 0,
    error: { reason: 'instance_deleted', message: 'The instance was deleted.' },
    completedAtMs: Math.max(atMs, operation.createdAtMs),
  };
}

/**
 * Returns the delete operation after the record's removal: completed if the VM is gone, otherwise running, for the
 * worker to follow.
 */
function afterDelete(operation: Operation, outcome: DeleteOutcome, atMs: number): Operation {
  if (isFinal(operation.state)) return operation;
  if (outcome.vm === 'absent') return completedDelete(operation, outcome.goneAtMs, atMs);
  const { call } = operation;
  return {
    ...operation,
    state: 'running',
    leaseUntilMs: 0,
    startedAtMs: operation.startedAtMs ?? Math.max(atMs, operation.createdAtMs),
    call: call === null || outcome.vm !== 'leaving' ? call : { ...call, zoneOperation: outcome.zoneOperation.name },
  };
}

/**
 * Returns the completed delete. It must not end before its request or before the VM was gone, because this process's
 * clock may be behind.
 */
function completedDelete(operation: Operation, goneAtMs: number | undefined, nowMs: number): Operation {
  const atMs = Math.max(nowMs, operation.createdAtMs, goneAtMs ?? 0);
  return {
    ...operation,
    state: 'completed',
    leaseUntilMs: 0,
    startedAtMs: operation.startedAtMs ?? atMs,
    completedAtMs: atMs,
  };
}

/**
 * Returns the orphan for a removed instance. An insert without a clear answer may still create the VM after the delete
 * has found none.
 */
function orphanOf(
  { id, zone, customerId }: Instance,
  {
    deleteId,
    outcome,
    unconfirmed,
    atMs,
  }: {
    readonly deleteId: string;
    readonly outcome: DeleteOutcome;
    readonly unconfirmed: boolean;
    readonly atMs: number;
  },
): Orphan {
  const dueAtMs = outcome.vm === 'leaving' ? atMs + ORPHAN_GRACE_MS : atMs;
  return newOrphan(
    { name: id, zone },
    { why: 'deleted', atMs, dueAtMs, mayAppear: unconfirmed, followedBy: { operationId: deleteId, customerId } },
  );
}

/** Returns the id of the delete in the instance's queue, if any. */
export function queuedDelete(row: Row<Instance>): string | undefined {
  return row.value.queue.find(({ kind }) => kind === 'delete')?.id;
}
