import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { Conflict, ref, type Row } from '#shared/datastore/write.ts';
import type { EventCause } from '#shared/domain/history.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { type CloudCall, directionOf } from '#shared/domain/operation.ts';
import { type ObservationContext, observe, type Observed, observeMissing } from '#shared/domain/observe.ts';
import { isLeaving } from '#shared/domain/power.ts';
import type { Actor } from '#shared/domain/principal.ts';
import type { Direction } from '#shared/domain/status-transitions.ts';
import { isTransitional, statusFromCloud } from '#shared/domain/status.ts';
import type { Machine, ZoneOperation } from '#shared/gce/compute.ts';
import { lookAgain } from './find-machine.ts';
import { observedWrites } from './instance-writes.ts';
import type { Tools } from './tools.ts';

const SYSTEM: Actor = { type: 'system', id: 'reconciler' };

/** Why a record is compared with its VM. */
export interface SyncTrigger {
  /** The cause recorded for a change that no operation of ours explains. */
  readonly cause: Extract<EventCause, 'drift' | 'cloud event'>;
  /** True if the trigger is the event of a pre-emption. */
  readonly preempted?: boolean;
  /** When the reported change ended, if known; epoch ms. */
  readonly atMs?: number;
  /** When the reported change began, if known; epoch ms. */
  readonly begunAtMs?: number;
  /** The direction of the reported change (VM starts, stops or is deleted), if known. */
  readonly direction?: Direction;
}

/**
 * Compares an instance with its VM and returns the changed instance; `undefined` when nothing has to change, or when a
 * delete or create in progress decides.
 */
export function compare(
  instance: Instance,
  machine: Machine | undefined,
  trigger: SyncTrigger,
  nowMs: number,
): Observed | undefined {
  // While a delete is in progress, only the delete changes status and record.
  if (isLeaving(instance)) return undefined;
  const preempted = trigger.preempted === true && (machine === undefined || isRecent(trigger, machine));
  const context: ObservationContext = {
    nowMs,
    atMs: trigger.atMs ?? nowMs,
    begunAtMs: trigger.begunAtMs ?? null,
    direction: trigger.direction ?? null,
    cause: causeOf(instance, trigger.cause, preempted),
    actor: SYSTEM,
    operationId: instance.queue[0]?.id ?? null,
    preempted,
  };
  if (machine !== undefined) return observe(instance, machine, context);
  // The VM's insert may still be in progress; the worker decides that.
  if (instance.queue.some(({ kind }) => kind === 'create')) return undefined;
  return observeMissing(instance, { ...context, atMs: trigger.direction === 'gone' ? context.atMs : nowMs });
}

/**
 * Returns whether an event's pre-emption explains the VM's present state. Events can arrive late and repeatedly: one
 * from before the VM's last start is outdated, and so is one from before the last stop of a VM that is starting again.
 */
function isRecent({ begunAtMs, atMs }: SyncTrigger, { status, lastStartAtMs, lastStopAtMs }: Machine): boolean {
  const at = begunAtMs ?? atMs;
  const up = status === 'PROVISIONING' || status === 'STAGING' || status === 'RUNNING';
  if (at === undefined) return !up;
  return at >= (lastStartAtMs ?? 0) && (!up || at >= (lastStopAtMs ?? 0));
}

/**
 * Returns the cause of a change. A pre-emption is never caused by an operation, even if one is queued; changes until
 * the VM has stopped are attributed to it.
 */
function causeOf(instance: Instance, cause: SyncTrigger['cause'], preempted: boolean): EventCause {
  if (preempted) return cause;
  if (instance.preempted && isTransitional(instance.status)) return 'cloud event';
  return instance.queue.length === 0 ? cause : 'operation';
}

/**
 * Adds the times of the zone operation in progress to the trigger, because a VM does not report since when it is
 * running. Called only when the status has changed.
 */
async function timed(
  { value: instance }: Row<Instance>,
  trigger: SyncTrigger,
  { store, compute, nowMs, log }: SyncTools,
): Promise<SyncTrigger> {
  const [head] = instance.queue;
  if (head === undefined || trigger.atMs !== undefined || trigger.begunAtMs !== undefined) return trigger;
  const call = (await store.get(ref(OPERATION, head.id)))?.value.call;
  if (call === undefined || call === null || call.zoneOperation === null) return trigger;
  let zoneOperation: ZoneOperation | undefined;
  try {
    zoneOperation = await compute.operation(instance.zone, call.zoneOperation);
  } catch (thrown) {
    log.warn('a zone operation could not be read; the time of a change is when it was seen', {
      instanceId: instance.id,
      cause: thrown,
    });
    return trigger;
  }
  return {
    ...trigger,
    atMs: zoneOperation?.endedAtMs ?? nowMs(),
    ...directed(call.verb),
    ...(typeof zoneOperation?.startedAtMs === 'number' ? { begunAtMs: zoneOperation.startedAtMs } : {}),
  };
}

function directed(verb: CloudCall['verb']): Pick<SyncTrigger, 'direction'> {
  const direction = directionOf(verb);
  return direction === null ? {} : { direction };
}

export type SyncTools = Pick<Tools, 'store' | 'compute' | 'nowMs' | 'sleep' | 'log'>;

/**
 * Compares one record with its VM and returns what changes; `undefined` when nothing has to. A 404 for the VM is verified
 * first.
 */
export async function observeRow(
  row: Row<Instance>,
  seen: Machine | undefined,
  trigger: SyncTrigger,
  tools: SyncTools,
): Promise<Observed | undefined> {
  const { nowMs, log } = tools;
  let machine = seen;
  let observed = compare(row.value, machine, trigger, nowMs());
  if (observed !== undefined && machine === undefined) {
    machine = await lookAgain({ zone: row.value.zone, name: row.id }, tools);
    observed = compare(row.value, machine, trigger, nowMs());
  }
  if (machine !== undefined && statusFromCloud(machine.status) === undefined) {
    log.warn('Compute Engine shows a status that is not known', { instanceId: row.id, status: machine.status });
  }
  if (observed?.event === undefined || machine === undefined) return observed;
  return compare(row.value, machine, await timed(row, trigger, tools), nowMs()) ?? observed;
}

/** Logs a change that no operation of ours explains. */
export function logObserved(row: Row<Instance>, { event, instance }: Observed, { log }: Pick<Tools, 'log'>): void {
  if (event === undefined || event.cause === 'operation') return;
  log.info('the cloud changed an instance', {
    instanceId: row.id,
    from: row.value.status,
    to: instance.status,
    cause: event.cause,
  });
}

/**
 * Updates one record from its VM, and returns the updated instance. If another process has changed the record meanwhile,
 * its newer state is kept: use this only for what the next look at the VM would show as well.
 */
export async function syncRow(
  row: Row<Instance>,
  seen: Machine | undefined,
  trigger: SyncTrigger,
  tools: SyncTools,
): Promise<Instance> {
  const { store, nowMs } = tools;
  const observed = await observeRow(row, seen, trigger, tools);
  if (observed === undefined) return { ...row.value, statusSyncedAtMs: nowMs() };
  try {
    await store.commitOnce(await observedWrites(row, observed, store));
  } catch (thrown) {
    if (!(thrown instanceof Conflict)) throw thrown;
  }
  logObserved(row, observed, tools);
  return observed.instance;
}

/** Reads one instance and its VM, and updates the record. Returns false when the instance does not exist. */
export async function syncInstance(instanceId: string, trigger: SyncTrigger, tools: SyncTools): Promise<boolean> {
  const row = await tools.store.get(ref(INSTANCE, instanceId));
  if (row === undefined) return false;
  const machine = await tools.compute.get({ zone: row.value.zone, name: row.id });
  await syncRow(row, machine, trigger, tools);
  return true;
}
