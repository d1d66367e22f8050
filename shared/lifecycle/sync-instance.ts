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

/** What made us look. */
export interface SyncTrigger {
  /** What a change is put down to when no operation of ours explains it. */
  readonly cause: Extract<EventCause, 'drift' | 'cloud event'>;
  /** The event was a pre-emption. */
  readonly preempted?: boolean;
  /** When what happened had ended, where the trigger knows; epoch ms. */
  readonly atMs?: number;
  /** When it was asked for, where that is known; epoch ms. */
  readonly begunAtMs?: number;
  /** What it leads to, where the trigger knows. */
  readonly direction?: Direction;
}

/** How the record of an instance compares with its VM; `undefined` when it needs no change, or is not ours to change now. */
export function compare(
  instance: Instance,
  machine: Machine | undefined,
  trigger: SyncTrigger,
  nowMs: number,
): Observed | undefined {
  // A delete has the last word on status and record.
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
    edited: instance.queue.some(({ kind }) => kind === 'update' || kind === 'resize'),
  };
  if (machine !== undefined) return observe(instance, machine, context);
  // Its insert may still be on its way; the worker decides that.
  if (instance.queue.some(({ kind }) => kind === 'create')) return undefined;
  return observeMissing(instance, { ...context, atMs: trigger.direction === 'gone' ? context.atMs : nowMs });
}

/**
 * Whether the pre-emption that an event tells of is the VM's last act. Events come late and twice: one from before the VM's
 * last start is over, and so is one from before the stop of a VM that has been asked to start again.
 */
function isRecent({ begunAtMs, atMs }: SyncTrigger, { status, lastStartAtMs, lastStopAtMs }: Machine): boolean {
  const at = begunAtMs ?? atMs;
  const up = status === 'PROVISIONING' || status === 'STAGING' || status === 'RUNNING';
  if (at === undefined) return !up;
  return at >= (lastStartAtMs ?? 0) && (!up || at >= (lastStopAtMs ?? 0));
}

/** No operation makes a pre-emption, even when one is waiting; what it began is put down to it until the VM has stopped. */
function causeOf(instance: Instance, cause: SyncTrigger['cause'], preempted: boolean): EventCause {
  if (preempted) return cause;
  if (instance.preempted && isTransitional(instance.status)) return 'cloud event';
  return instance.queue.length === 0 ? cause : 'operation';
}

/**
 * The trigger with the times of the operation that is under way. A VM does not say since when it runs, but the zone
 * operation that started it says when it ended; asked only when the status has changed.
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
 * Brings one record up to its VM, whose absence is confirmed before it changes anything. Answers the instance as it is now.
 * A record that another writer changed meanwhile is left as it is, because that writer has seen something newer.
 */
export async function syncRow(
  row: Row<Instance>,
  seen: Machine | undefined,
  trigger: SyncTrigger,
  tools: SyncTools,
): Promise<Instance> {
  const { store, nowMs, log } = tools;
  let machine = seen;
  let observed = compare(row.value, machine, trigger, nowMs());
  if (observed !== undefined && machine === undefined) {
    machine = await lookAgain({ zone: row.value.zone, name: row.id }, tools);
    observed = compare(row.value, machine, trigger, nowMs());
  }
  if (machine !== undefined && statusFromCloud(machine.status) === undefined) {
    log.warn('Compute Engine shows a status that is not known', { instanceId: row.id, status: machine.status });
  }
  if (observed === undefined) return { ...row.value, statusSyncedAtMs: nowMs() };
  if (observed.event !== undefined && machine !== undefined) {
    observed = compare(row.value, machine, await timed(row, trigger, tools), nowMs()) ?? observed;
  }
  try {
    await store.commitOnce(await observedWrites(row, observed, store));
  } catch (thrown) {
    if (!(thrown instanceof Conflict)) throw thrown;
  }
  if (observed.event !== undefined && observed.event.cause !== 'operation') {
    log.info('the cloud changed an instance', {
      instanceId: row.id,
      from: row.value.status,
      to: observed.instance.status,
      cause: observed.event.cause,
    });
  }
  return observed.instance;
}

/** Looks at one instance and its VM. Answers false when there is no such instance. */
export async function syncInstance(instanceId: string, trigger: SyncTrigger, tools: SyncTools): Promise<boolean> {
  const row = await tools.store.get(ref(INSTANCE, instanceId));
  if (row === undefined) return false;
  const machine = await tools.compute.get({ zone: row.value.zone, name: row.id });
  await syncRow(row, machine, trigger, tools);
  return true;
}
