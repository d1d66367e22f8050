import { PREEMPTED_REASON } from './fleet-status.ts';
import { type InstanceEvent, nextEvent, type StatusChange } from './history.ts';
import type { Instance } from './instance.ts';
import { statusTransitions } from './status-transitions.ts';
import { type InstanceStatus, isStopped, isTransitional, statusFromCloud } from './status.ts';

/** What was seen of a VM. */
export interface Observation {
  /** Compute Engine's word. */
  readonly status: string;
  readonly externalIp: string;
  readonly internalIp: string;
  readonly cloudId: string;
  /** The VM's own timestamps, where it has them; epoch ms. */
  readonly lastStartAtMs?: number | null;
  readonly lastStopAtMs?: number | null;
}

export interface ObservationContext extends Omit<StatusChange, 'status'> {
  readonly nowMs: number;
  /** When what was seen was asked for, where that is known; epoch ms. */
  readonly begunAtMs?: number | null;
  /** The cloud took a spot VM away. */
  readonly preempted?: boolean;
}

/** The instance after a look at its VM, and the event to write when its status changed. */
export interface Observed {
  readonly instance: Instance;
  readonly event: InstanceEvent | undefined;
  /** Events before it: what the VM went through since the last look, oldest first. */
  readonly passed?: readonly InstanceEvent[];
}

/** All events of an observation, oldest first. */
export function eventsOf({ event, passed = [] }: Observed): readonly InstanceEvent[] {
  return event === undefined ? passed : [...passed, event];
}

/** A VM in transition is looked at again this soon, unless an event says so earlier. */
const CHECK_AGAIN_MS = 30_000;

/**
 * Adopts the cloud's truth; `undefined` when the record already says it. A word we do not know leaves the status as it
 * was: showing the last truth is safer than guessing.
 */
export function observe(instance: Instance, seen: Observation, context: ObservationContext): Observed | undefined {
  const status = statusFromCloud(seen.status) ?? instance.status;
  const next: Instance = {
    ...instance,
    status,
    statusReason: null,
    preempted: preempted(instance, status, context),
    statusSyncedAtMs: context.nowMs,
    externalIp: seen.externalIp,
    internalIp: seen.internalIp,
    cloudId: seen.cloudId,
    checkAtMs: isTransitional(status) ? context.nowMs + CHECK_AGAIN_MS : null,
  };
  if (status !== instance.status) return moved(instance, next, { seen, context });
  const same =
    next.externalIp === instance.externalIp &&
    next.internalIp === instance.internalIp &&
    next.cloudId === instance.cloudId &&
    next.preempted === instance.preempted &&
    instance.statusReason === null &&
    (next.checkAtMs === null) === (instance.checkAtMs === null);
  return same ? undefined : { instance: next, event: undefined };
}

/** The record of a VM that is not there although it should be. */
export function observeMissing(instance: Instance, context: ObservationContext): Observed | undefined {
  if (instance.status === 'ERROR' && instance.checkAtMs === null) return undefined;
  return failInstance(instance, {
    ...context,
    reason: 'vm_missing',
    message: 'The virtual machine no longer exists. Delete this instance and create a new one.',
  });
}

/** An instance that is of no use any more, with the reason that its owner is shown. */
export function failInstance(
  instance: Instance,
  context: ObservationContext & { readonly reason: string; readonly message: string },
): Observed {
  const failed: Instance = {
    ...instance,
    status: 'ERROR',
    statusReason: { reason: context.reason, message: context.message },
    statusSyncedAtMs: context.nowMs,
    externalIp: '',
    internalIp: '',
    checkAtMs: null,
  };
  return instance.status === 'ERROR'
    ? { instance: failed, event: undefined }
    : withEvent(failed, { ...context, status: 'ERROR' });
}

function withEvent(instance: Instance, change: StatusChange): Observed {
  return {
    instance: { ...instance, eventCount: instance.eventCount + 1, statusSinceMs: change.atMs },
    event: nextEvent(instance, change),
  };
}

/** The instance in its new status, with an event for each status on its way there. */
function moved(
  before: Instance,
  after: Instance,
  { seen, context }: { readonly seen: Observation; readonly context: ObservationContext },
): Observed {
  const way = statusTransitions(before.status, after.status, {
    begunAtMs: context.begunAtMs ?? null,
    lastStartAtMs: seen.lastStartAtMs ?? null,
    lastStopAtMs: seen.lastStopAtMs ?? null,
    sinceMs: before.statusSinceMs,
    atMs: context.atMs,
  });
  const passed: InstanceEvent[] = [];
  let current: Observed = { instance: after, event: undefined };
  for (const { status, atMs } of way) {
    if (current.event !== undefined) passed.push(current.event);
    const reason = after.preempted && isStopped(status) ? PREEMPTED_REASON : undefined;
    current = withEvent(current.instance, { ...context, status, atMs, ...(reason === undefined ? {} : { reason }) });
  }
  return passed.length === 0 ? current : { ...current, passed };
}

function preempted(instance: Instance, status: InstanceStatus, context: ObservationContext): boolean {
  if (context.preempted === true) return true;
  // Whoever starts it again ends the pre-emption; stopping and stopped are part of it.
  return instance.preempted && status !== 'PROVISIONING' && status !== 'STAGING' && status !== 'RUNNING';
}
