import { PREEMPTED_REASON } from './fleet-status.ts';
import { DEPLOYMENT_LABEL } from './deployment-label.ts';
import {
  type InstanceEvent,
  LABELS_CHANGED,
  MACHINE_TYPE_CHANGED,
  nextEvent,
  PROTECTION_CHANGED,
  type StatusChange,
  VM_REPLACED,
} from './history.ts';
import { isSameType } from './instance-edit.ts';
import type { Instance } from './instance.ts';
import { type CloudTimes, type Direction, hasReturned, statusTransitions } from './status-transitions.ts';
import { isStopped, isTransitional, statusFromCloud } from './status.ts';

/** What was seen of a VM. */
export interface Observation {
  /** Compute Engine's word. */
  readonly status: string;
  readonly externalIp: string;
  readonly internalIp: string;
  readonly cloudId: string;
  /** Bare machine type; `""` or absent: not said. */
  readonly machineType?: string;
  /** All labels, ours among them; absent: not said. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Absent: not said. */
  readonly deletionProtection?: boolean;
  /** The VM's own timestamps, where it has them; epoch ms. */
  readonly createdAtMs?: number | null;
  readonly lastStartAtMs?: number | null;
  readonly lastStopAtMs?: number | null;
}

export interface ObservationContext extends Omit<StatusChange, 'status'> {
  readonly nowMs: number;
  /** When what was seen was asked for, where that is known; epoch ms. */
  readonly begunAtMs?: number | null;
  /** What the act of these times leads to; `null` or absent: not known. */
  readonly direction?: Direction | null;
  /** The cloud took a spot VM away. */
  readonly preempted?: boolean;
  /** An edit of ours is at work or has ended: that the VM shows it is no change from outside. */
  readonly edited?: boolean;
}

/** The instance after a look at its VM, and the event to write when its status changed. */
export interface Observed {
  readonly instance: Instance;
  readonly event: InstanceEvent | undefined;
  /** Events before it: what the VM went through since the last look, oldest first. */
  readonly passed?: readonly InstanceEvent[];
  /** What was seen or done beside the status, after it. */
  readonly notes?: readonly InstanceEvent[];
}

/** All events of an observation, oldest first. */
export function eventsOf({ event, passed = [], notes = [] }: Observed): readonly InstanceEvent[] {
  return [...passed, ...(event === undefined ? [] : [event]), ...notes];
}

/** A VM in transition is looked at again this soon, unless an event says so earlier. */
const CHECK_AGAIN_MS = 30_000;

/**
 * Adopts the cloud's truth; `undefined` when the record already says it. A word we do not know leaves the status as it
 * was: showing the last truth is safer than guessing. A VM made anew under the same name, and a machine type that was
 * changed outside, are adopted too, each with an event that says so.
 */
export function observe(instance: Instance, seen: Observation, context: ObservationContext): Observed | undefined {
  const status = statusFromCloud(seen.status) ?? instance.status;
  const machine = machineOf(instance, seen);
  const replaced = isReplaced(instance, seen);
  const next: Instance = {
    ...instance,
    machine,
    deletionProtection:
      context.edited === true ? instance.deletionProtection : (seen.deletionProtection ?? instance.deletionProtection),
    status,
    statusReason: null,
    preempted: !replaced && preempted(instance, status, context),
    statusSyncedAtMs: context.nowMs,
    externalIp: seen.externalIp,
    internalIp: seen.internalIp,
    cloudId: seen.cloudId,
    checkAtMs: isTransitional(status) ? context.nowMs + CHECK_AGAIN_MS : null,
  };
  const times = timesOf(instance, seen, context);
  if (replaced) return withNote(replacedBy(next, { seen, context, times }), instance, context);
  if (status !== instance.status || hasReturned(status, times))
    return withNote(moved(instance.status, next, { times, context }), instance, context);
  const same =
    next.externalIp === instance.externalIp &&
    next.internalIp === instance.internalIp &&
    next.cloudId === instance.cloudId &&
    next.machine === instance.machine &&
    next.deletionProtection === instance.deletionProtection &&
    next.preempted === instance.preempted &&
    instance.statusReason === null &&
    (next.checkAtMs === null) === (instance.checkAtMs === null);
  return same ? undefined : withNote({ instance: next, event: undefined }, instance, context);
}

/** The record of a VM that is not there although it should be. Its absence must have been confirmed. */
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
  if (instance.status === 'ERROR') return { instance: failed, event: undefined };
  // A time before the last change is of another act.
  const { statusSinceMs, atMs, nowMs } = { ...instance, ...context };
  return withEvent(failed, {
    ...context,
    status: 'ERROR',
    atMs: atMs >= statusSinceMs ? atMs : Math.max(nowMs, statusSinceMs),
  });
}

function withEvent(instance: Instance, change: StatusChange): Observed {
  return {
    instance: { ...instance, eventCount: instance.eventCount + 1, statusSinceMs: change.atMs },
    event: nextEvent(instance, change),
  };
}

function timesOf(instance: Instance, seen: Observation, context: ObservationContext): CloudTimes {
  return {
    begunAtMs: context.begunAtMs ?? null,
    endedAtMs: context.atMs,
    direction: context.direction ?? null,
    lastStartAtMs: seen.lastStartAtMs ?? null,
    lastStopAtMs: seen.lastStopAtMs ?? null,
    sinceMs: instance.statusSinceMs,
    nowMs: context.nowMs,
  };
}

interface Change {
  readonly context: ObservationContext;
  readonly times: CloudTimes;
}

/** The instance in its new status, with an event for each status on its way there. */
function moved(from: Instance['status'], after: Instance, { times, context }: Change): Observed {
  const passed: InstanceEvent[] = [];
  let current: Observed = { instance: after, event: undefined };
  for (const { status, atMs } of statusTransitions(from, after.status, times)) {
    if (current.event !== undefined) passed.push(current.event);
    const reason = after.preempted && isStopped(status) ? PREEMPTED_REASON : undefined;
    current = withEvent(current.instance, { ...context, status, atMs, ...(reason === undefined ? {} : { reason }) });
  }
  return passed.length === 0 ? current : { ...current, passed };
}

/** The cloud's numeric id tells a VM from a later one of its name. While its create is at work, a repeat may make another. */
function isReplaced({ cloudId, queue }: Instance, seen: Observation): boolean {
  const creating = queue.some(({ kind }) => kind === 'create');
  return cloudId !== '' && seen.cloudId !== '' && cloudId !== seen.cloudId && !creating;
}

/**
 * The instance of another VM. Its history goes on with that VM's creation: when the former one was gone nothing tells, but
 * not later than that.
 */
function replacedBy(after: Instance, { seen, context, times }: Change & { readonly seen: Observation }): Observed {
  const atMs = Math.max(times.sinceMs, seen.createdAtMs ?? context.nowMs);
  const made = withEvent(after, { ...context, status: 'PROVISIONING', atMs, reason: VM_REPLACED });
  if (after.status === 'PROVISIONING' || made.event === undefined) return made;
  const then = moved('PROVISIONING', made.instance, { context, times: { ...times, sinceMs: atMs } });
  return { ...then, passed: [made.event, ...(then.passed ?? [])] };
}

/** The observation with a note for each thing that was changed outside of this service. */
function withNote(observed: Observed, before: Instance, context: ObservationContext): Observed {
  const { machine, deletionProtection } = observed.instance;
  if (context.edited === true) return observed;
  const reasons = [
    ...(machine.machineType === before.machine.machineType ? [] : [MACHINE_TYPE_CHANGED]),
    ...(machine.labels === before.machine.labels ? [] : [LABELS_CHANGED]),
    ...(deletionProtection === before.deletionProtection ? [] : [PROTECTION_CHANGED]),
  ];
  let { instance } = observed;
  const notes: InstanceEvent[] = [];
  for (const reason of reasons) {
    const { status, statusSinceMs } = instance;
    const atMs = Math.max(context.nowMs, statusSinceMs);
    const note = nextEvent(instance, { ...context, status, atMs, reason, note: true });
    notes.push(note);
    instance = { ...instance, eventCount: note.sequence };
  }
  return notes.length === 0 ? observed : { ...observed, instance, notes };
}

/** What the VM is seen to be made of: the record's own object when nothing of it has changed. */
function machineOf({ machine }: Instance, { machineType = '', labels: all }: Observation): Instance['machine'] {
  // An N1 custom type goes by two names; the one on record stays.
  const isSame = machineType === '' || isSameType(machineType, machine.machineType);
  const labels = all === undefined ? machine.labels : usersLabels(all);
  const sameLabels = isEqual(labels, machine.labels);
  if (isSame && sameLabels) return machine;
  return {
    ...machine,
    machineType: isSame ? machine.machineType : machineType,
    labels: sameLabels ? machine.labels : labels,
  };
}

function usersLabels(all: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => name !== DEPLOYMENT_LABEL));
}

function isEqual(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function preempted(instance: Instance, status: Instance['status'], context: ObservationContext): boolean {
  if (context.preempted === true) return true;
  // A start ends the pre-emption; stopping and stopped are part of it.
  return instance.preempted && status !== 'PROVISIONING' && status !== 'STAGING' && status !== 'RUNNING';
}
