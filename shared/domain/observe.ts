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
import type { Instance, QueuedOperation } from './instance.ts';
import { begunBy, type CloudTimes, type Direction, hasReturned, statusTransitions } from './status-transitions.ts';
import { isStopped, isTransitional, statusFromCloud } from './status.ts';

/** A VM as it was observed. */
export interface Observation {
  /** Compute Engine's status word. */
  readonly status: string;
  readonly externalIp: string;
  readonly internalIp: string;
  readonly cloudId: string;
  /** Bare machine type; `""` or absent: unknown. */
  readonly machineType?: string;
  /** All labels, including the service's own; absent: unknown. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Absent: unknown. */
  readonly deletionProtection?: boolean;
  /** The VM's own timestamps, epoch ms; `null` or absent: the VM has none. */
  readonly createdAtMs?: number | null;
  readonly lastStartAtMs?: number | null;
  readonly lastStopAtMs?: number | null;
}

export interface ObservationContext extends Omit<StatusChange, 'status'> {
  readonly nowMs: number;
  /** When the observed change began, if known; epoch ms. */
  readonly begunAtMs?: number | null;
  /** The direction of the observed change; `null` or absent: unknown. */
  readonly direction?: Direction | null;
  /** True if the cloud pre-empted the spot VM. */
  readonly preempted?: boolean;
  /** True if the observation is of an edit of ours; its changes on the VM are then no outside changes. */
  readonly edited?: boolean;
}

/** An instance after an observation of its VM, and the event of its status change, if any. */
export interface Observed {
  readonly instance: Instance;
  readonly event: InstanceEvent | undefined;
  /** Earlier events: the statuses that the VM went through since the last observation, oldest first. */
  readonly passed?: readonly InstanceEvent[];
  /** Later events: notes about changes other than the status. */
  readonly notes?: readonly InstanceEvent[];
  /** Present if the record names a later time: the time by which the recorded status had begun; epoch ms. */
  readonly begunByMs?: number;
}

/** Returns all events of an observation, oldest first. */
export function eventsOf({ event, passed = [], notes = [] }: Observed): readonly InstanceEvent[] {
  return [...passed, ...(event === undefined ? [] : [event]), ...notes];
}

/** Returns the recorded status's begin if the VM's own timestamps show that it was earlier than recorded. */
function correctedSince(instance: Instance, seen: Observation): number | undefined {
  if (isReplaced(instance, seen)) return undefined;
  const { createdAtMs = null, lastStartAtMs = null, lastStopAtMs = null } = seen;
  const byMs = begunBy(
    { record: instance.status, isNew: instance.cloudId === '' },
    statusFromCloud(seen.status) ?? instance.status,
    { createdAtMs, lastStartAtMs, lastStopAtMs },
  );
  return byMs === null || byMs >= instance.statusSinceMs ? undefined : byMs;
}

/** Time after which a VM in transition is checked again, unless an event arrives earlier. */
const CHECK_AGAIN_MS = 30_000;

/**
 * Updates the instance from its VM; `undefined` when the record is up to date. An unknown status word leaves the status
 * unchanged, because the last known status is safer than a guess. A VM that was recreated under the same name and a
 * machine type that was changed outside of this service are adopted, each with an event. If the VM's timestamps
 * contradict the recorded begin of the status, that begin is corrected.
 */
export function observe(recorded: Instance, seen: Observation, context: ObservationContext): Observed | undefined {
  const begunByMs = correctedSince(recorded, seen);
  if (begunByMs === undefined) return compared(recorded, seen, context);
  const corrected = { ...recorded, statusSinceMs: begunByMs };
  return { ...(compared(corrected, seen, context) ?? { instance: corrected, event: undefined }), begunByMs };
}

function compared(instance: Instance, seen: Observation, given: ObservationContext): Observed | undefined {
  // An edit that is queued behind another operation protects the VM already, although the VM does not show it yet.
  const context = { ...given, edited: given.edited === true || instance.queue.some(isEdit) };
  const status = statusFromCloud(seen.status) ?? instance.status;
  const machine = machineOf(instance, seen);
  const replaced = isReplaced(instance, seen);
  const next: Instance = {
    ...instance,
    machine,
    deletionProtection: context.edited
      ? instance.deletionProtection
      : (seen.deletionProtection ?? instance.deletionProtection),
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

/** Updates the record of a VM that should exist but does not. The caller must have verified that it is absent. */
export function observeMissing(instance: Instance, context: ObservationContext): Observed | undefined {
  if (instance.status === 'ERROR' && instance.checkAtMs === null) return undefined;
  return failInstance(instance, {
    ...context,
    reason: 'vm_missing',
    message: 'The virtual machine no longer exists. Delete this instance and create a new one.',
  });
}

function isEdit({ kind }: QueuedOperation): boolean {
  return kind === 'update' || kind === 'resize';
}

/**
 * Sets an instance to ERROR, with a reason that is shown to the owner. Without a VM nothing is protected from deletion:
 * the owner could neither delete a protected instance nor take the protection off.
 */
export function failInstance(
  instance: Instance,
  context: ObservationContext & { readonly reason: string; readonly message: string },
): Observed {
  const failed: Instance = {
    ...instance,
    status: 'ERROR',
    statusReason: { reason: context.reason, message: context.message },
    deletionProtection: false,
    statusSyncedAtMs: context.nowMs,
    externalIp: '',
    internalIp: '',
    checkAtMs: null,
  };
  if (instance.status === 'ERROR') return { instance: failed, event: undefined };
  // A time before the last status change belongs to another event, so it is not used.
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
  // An action that changes no status, such as an edit, does not tell when the VM changed it.
  const isApart = context.direction === 'none';
  return {
    begunAtMs: isApart ? null : (context.begunAtMs ?? null),
    endedAtMs: isApart ? null : context.atMs,
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

/** Returns the instance in its new status, with an event for each status on the way. */
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

/**
 * Returns whether another VM has the instance's name, by the cloud's numeric id. While a create is running, a repeated
 * insert may have created another VM, which is not a replacement.
 */
function isReplaced({ cloudId, queue }: Instance, seen: Observation): boolean {
  const creating = queue.some(({ kind }) => kind === 'create');
  return cloudId !== '' && seen.cloudId !== '' && cloudId !== seen.cloudId && !creating;
}

/**
 * Returns the instance after its VM was replaced. The history continues with the new VM's creation, because the end of
 * the former VM is unknown but was not later.
 */
function replacedBy(after: Instance, { seen, context, times }: Change & { readonly seen: Observation }): Observed {
  const atMs = Math.max(times.sinceMs, seen.createdAtMs ?? context.nowMs);
  const made = withEvent(after, { ...context, status: 'PROVISIONING', atMs, reason: VM_REPLACED });
  if (after.status === 'PROVISIONING' || made.event === undefined) return made;
  const then = moved('PROVISIONING', made.instance, { context, times: { ...times, sinceMs: atMs } });
  return { ...then, passed: [made.event, ...(then.passed ?? [])] };
}

/** Adds a note for each property that was changed outside of this service. */
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

/** Returns the machine as observed; the record's own object if nothing has changed. */
function machineOf({ machine }: Instance, { machineType = '', labels: all }: Observation): Instance['machine'] {
  // N1 custom types have two names; the recorded one is kept.
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
