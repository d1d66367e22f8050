import { causeOf } from '#shared/domain/history.ts';
import { DEAD_LETTER } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put, ref, replace } from '#shared/datastore/write.ts';
import { isLeased } from '#shared/domain/lease.ts';
import type { ObservationContext } from '#shared/domain/observe.ts';
import { leadsTo, nextStep } from '#shared/domain/operation-plan.ts';
import { isFinal, isUnderstood, type Operation } from '#shared/domain/operation.ts';
import { isLeaving } from '#shared/domain/power.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import { findMachine } from '#shared/lifecycle/find-machine.ts';
import { orphanZone } from '#shared/lifecycle/orphan-zone.ts';
import { finishDelete, removeInstance } from '#shared/lifecycle/remove-instance.ts';
import { type Held, settle } from '#shared/lifecycle/settle-operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { type Delivery, operationOf } from '#shared/pubsub/envelope.ts';
import { PATIENCE_MS } from './delivery.ts';

type RecorderTools = Pick<Tools, 'store' | 'publisher' | 'compute' | 'log' | 'nowMs' | 'sleep' | 'random'>;

/**
 * Records a message that Pub/Sub could not deliver, and settles its operation by the state of the VM. An operation that
 * can still be carried out is made due, so that the sweep publishes it again. Only an operation older than the maximum
 * age fails.
 */
export async function recordDeadLetter(delivery: Delivery, tools: RecorderTools): Promise<void> {
  const { store, log, nowMs } = tools;
  const target = operationOf(delivery);
  log.error('a message ended in the dead letter topic', { messageId: delivery.messageId, ...target });
  await store.write([
    put(DEAD_LETTER, delivery.messageId, {
      operationId: target?.operationId ?? '',
      instanceId: target?.instanceId ?? '',
      messageId: delivery.messageId,
      data: JSON.stringify(delivery.data ?? null),
      attributes: delivery.attributes,
      recordedAtMs: nowMs(),
    }),
  ]);
  if (target === undefined) return;
  const [operation, instance] = await store.getAll([
    ref(OPERATION, target.operationId),
    ref(INSTANCE, target.instanceId),
  ]);
  if (operation === undefined || isFinal(operation.value.state)) return;
  // The operation is of a newer version of this software; the sweep publishes it until a worker of that version runs
  // it.
  if (!isUnderstood(operation.value)) return;
  // A worker is running the operation after all. If that worker fails, the sweep publishes the operation again.
  if (isLeased(operation.value, nowMs())) return;
  const held: Held = { operation, instance };
  try {
    await (operation.value.kind === 'delete' ? settleDelete(held, tools) : settleOther(held, tools));
  } catch (thrown) {
    if (!(thrown instanceof CloudError)) throw thrown;
    // Without an answer about the VM nothing is known about the outcome, so the operation is only made due again.
    log.warn('the VM of a dead operation could not be looked at', { ...target, cause: thrown });
    await goOn(held, tools);
  }
}

async function settleDelete(held: Held, tools: RecorderTools): Promise<void> {
  const { id, instanceId, customerId } = held.operation.value;
  const zone = held.instance?.value.zone ?? (await orphanZone(instanceId, tools));
  const machine = zone === undefined ? undefined : await findMachine({ zone, name: instanceId }, tools);
  if (machine === undefined) return finishDelete({ id, instanceId, customerId }, undefined, tools);
  if (isYoung(held, tools)) return goOn(held, tools);
  // The record goes, so that nobody sees a delete for ever; the VM stays on the list of VMs that have to go.
  if (held.instance !== undefined)
    await removeInstance({ instanceId, deleteId: id, customerId }, { vm: 'unknown' }, tools);
  await settle(held, GAVE_UP, tools);
}

async function settleOther(held: Held, tools: RecorderTools): Promise<void> {
  const { operation, instance } = held;
  if (instance === undefined || isLeaving(instance.value)) return settle(held, SUPERSEDED, tools);
  const machine = await findMachine({ zone: instance.value.zone, name: instance.id }, tools);
  const seen = { machine, context: contextOf(operation.value, tools.nowMs()) };
  const step = nextStep(operation.value, machine, tools.nowMs());
  if (step.do === 'complete') return settle(held, { state: 'completed' }, tools, seen);
  if (step.do === 'fail') {
    const { reason, message } = step;
    return settle(held, { state: 'failed', error: { reason, message } }, tools, seen);
  }
  if (isYoung(held, tools)) return goOn(held, tools);
  const arrived = leadsTo(operation.value, machine);
  return settle(held, arrived ? { state: 'completed' } : GAVE_UP, tools, seen);
}

const GAVE_UP = {
  state: 'failed',
  error: { reason: 'gave_up', message: 'The operation failed in all its attempts. Please try again.' },
} as const;

const SUPERSEDED = {
  state: 'failed',
  error: { reason: 'instance_deleted', message: 'The instance was deleted.' },
} as const;

function isYoung({ operation }: Held, { nowMs }: RecorderTools): boolean {
  return nowMs() - operation.value.createdAtMs < PATIENCE_MS;
}

/** Makes the operation due at the next sweep, with its attempts reset to 0. */
async function goOn({ operation }: Held, { store, nowMs }: RecorderTools): Promise<void> {
  await store.change(async () => {
    const current = await store.get(operation);
    if (current === undefined || isFinal(current.value.state) || isLeased(current.value, nowMs()))
      return { writes: [], result: undefined };
    const next: Operation = { ...current.value, attempts: 0, leaseUntilMs: 0, dueAtMs: nowMs() };
    return { writes: [replace(current, next)], result: undefined };
  });
}

function contextOf({ actor, id, edit }: Operation, nowMs: number): ObservationContext {
  const cause = causeOf(actor);
  return { nowMs, atMs: nowMs, begunAtMs: null, cause, actor, operationId: id, edited: edit !== null };
}
