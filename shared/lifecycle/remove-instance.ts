import { type Orphan, ORPHAN, type Usage, USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put, ref, remove, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { causeOf, nextEvent } from '#shared/domain/history.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { isFinal, isUnderstood, type Operation } from '#shared/domain/operation.ts';
import { release } from '#shared/domain/quota.ts';
import type { ZoneOperation } from '#shared/gce/compute.ts';
import { correctEnd } from './correct-end.ts';
import { removalWrites } from './instance-writes.ts';
import { newOrphan } from './new-orphan.ts';
import type { Tools } from './tools.ts';

/** Compute Engine's answer to the delete. */
export type DeleteOutcome =
  /** The VM does not exist. */
  | { readonly vm: 'absent'; /** When it was gone, if known; epoch ms. */ readonly goneAtMs?: number }
  /** This zone operation is deleting the VM. */
  | { readonly vm: 'leaving'; readonly zoneOperation: ZoneOperation }
  /** Compute Engine refused the call or did not answer. */
  | { readonly vm: 'unknown' };

export interface Removal {
  readonly instanceId: string;
  readonly deleteId: string;
  /** The instance as read shortly before, if known; other rows can then be read in parallel with the instance's row. */
  readonly seen?: Pick<Instance, 'customerId' | 'queue'>;
}

/** The worker follows Compute Engine's delete operation; the reconciler checks the VM only after this time. */
const ORPHAN_GRACE_MS = 60_000;

/**
 * Removes an instance's record in one commit: deletes the row, releases the quota, writes the last event, fails all
 * queued operations, and puts the VM on the list of orphans unless it is certainly gone. `removed` is false when
 * another process was faster.
 */
export async function removeInstance(
  { instanceId, deleteId, seen }: Removal,
  outcome: DeleteOutcome,
  { store, nowMs }: Pick<Tools, 'store' | 'nowMs'>,
): Promise<{ readonly removed: boolean }> {
  return store.change<{ readonly removed: boolean }>(async () => {
    const [[row, deleting], early] = await Promise.all([
      store.getAll([ref(INSTANCE, instanceId), ref(OPERATION, deleteId)]),
      seen === undefined ? undefined : companionsOf(seen, deleteId, store),
    ]);
    if (row === undefined) return { writes: [], result: { removed: false } };
    const { value: instance } = row;
    const waiting = waitingIn(instance, deleteId);
    const { usage, queued } =
      early !== undefined && idsOf(early.waiting) === idsOf(waiting)
        ? early
        : await companionsOf(instance, deleteId, store);
    const atMs = nowMs();
    const actor = deleting?.value.actor ?? { type: 'system' as const, id: 'reconciler' };
    const event = nextEvent(instance, {
      status: 'DELETED',
      atMs: outcome.vm === 'absent' ? (outcome.goneAtMs ?? atMs) : atMs,
      cause: causeOf(actor),
      actor,
      operationId: deleteId,
    });
    const writes: Write[] = [...(await removalWrites(row, event, store))];
    if (usage !== undefined) writes.push(replace(usage, { instances: release(usage.value.instances) }));
    for (const operation of queued) {
      // An operation of a newer version is left to that version, which then finds no instance and ends it.
      if (operation !== undefined && isUnderstood(operation.value) && !isFinal(operation.value.state))
        writes.push(replace(operation, superseded(operation.value, atMs)));
    }
    if (deleting !== undefined) writes.push(replace(deleting, afterDelete(deleting.value, outcome, atMs)));
    const unconfirmed = waiting.some(({ kind }) => kind === 'create');
    if (outcome.vm !== 'absent' || unconfirmed) {
      writes.push(put(ORPHAN, row.id, orphanOf(instance, { deleteId, outcome, unconfirmed, atMs })));
    }
    return { writes, result: { removed: true } };
  });
}

/**
 * Completes a delete whose VM is gone: removes the record if it still exists, and the orphan unless a late insert could
 * still create the VM.
 */
export async function finishDelete(
  { id, instanceId }: Pick<Operation, 'id' | 'instanceId'>,
  goneAtMs: number | undefined,
  tools: Pick<Tools, 'store' | 'nowMs'>,
): Promise<void> {
  const { store, nowMs } = tools;
  const end = goneAtMs === undefined ? {} : { goneAtMs };
  const { removed } = await removeInstance({ instanceId, deleteId: id }, { vm: 'absent', ...end }, tools);
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

/** Reads the customer's usage and the other queued operations of the instance. */
async function companionsOf(
  instance: Pick<Instance, 'customerId' | 'queue'>,
  deleteId: string,
  store: Tools['store'],
): Promise<Companions> {
  const waiting = waitingIn(instance, deleteId);
  const [usage, ...queued] = await store.getAll([
    ref(USAGE, instance.customerId),
    ...waiting.map(({ id }) => ref(OPERATION, id)),
  ] as const);
  return { waiting, usage, queued };
}

interface Companions {
  readonly waiting: Instance['queue'];
  readonly usage: Row<Usage> | undefined;
  readonly queued: readonly (Row<Operation> | undefined)[];
}

function waitingIn({ queue }: Pick<Instance, 'queue'>, deleteId: string): Instance['queue'] {
  return queue.filter(({ id }) => id !== deleteId);
}

function idsOf(queue: Instance['queue']): string {
  return queue.map(({ id }) => id).join();
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
