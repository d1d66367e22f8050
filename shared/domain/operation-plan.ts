import { type EditedMachine, neededCall } from './instance-edit.ts';
import { CLOUD_VERBS, type CloudCall, type CloudVerb, type Operation, type OperationFailure } from './operation.ts';
import { type InstanceStatus, isStopped, isTransitional, statusFromCloud } from './status.ts';
import { known } from './stored-word.ts';

/** The next step of an operation. */
export type Step =
  /** Make this call to Compute Engine. */
  | {
      readonly do: 'call';
      readonly verb: CloudVerb;
      /** False: with the requestId of the call before. */ readonly fresh: boolean;
    }
  /** Wait for the zone operation of the last call. */
  | { readonly do: 'follow'; readonly zoneOperation: string }
  /** Wait for a VM in transition. */
  | { readonly do: 'wait' }
  | { readonly do: 'complete' }
  | { readonly do: 'fail'; readonly reason: OperationFailure; readonly message: string };

/**
 * How long a call may be repeated with its requestId. Compute Engine remembers a requestId for about an hour; after
 * that a repeat could be applied a second time, so then only the observed VM decides.
 */
const REPEATABLE_MS = 50 * 60_000;

/**
 * Returns the next step of an operation, from its record and the observed VM (`undefined`: no VM exists). A call is
 * made only if the VM shows that it is still needed, and a call that may have been applied is repeated only with the
 * same requestId.
 */
export function nextStep(
  operation: Pick<Operation, 'kind' | 'call'> & Partial<Pick<Operation, 'edit'>>,
  seen: SeenMachine | undefined,
  nowMs: number,
): Step {
  const { call } = operation;
  if (call !== null && !call.done && call.zoneOperation !== null)
    return { do: 'follow', zoneOperation: call.zoneOperation };
  const unanswered = call !== null && !call.done;
  const repeatable = unanswered && nowMs - call.askedAtMs < REPEATABLE_MS;
  if (operation.kind === 'delete')
    return seen === undefined ? { do: 'complete' } : afterOrCall(call, 'delete', repeatable);
  if (seen === undefined) {
    // A second insert is safe even with a new requestId, because Compute Engine refuses it if the name exists.
    if (operation.kind === 'create' && !call?.done) return { do: 'call', verb: 'insert', fresh: !repeatable };
    return { do: 'fail', reason: 'vm_missing', message: 'The virtual machine no longer exists.' };
  }
  const status = statusFromCloud(seen.status);
  // An unknown status is treated like a transition: wait until it changes or the worker's patience ends.
  if (status === undefined) return { do: 'wait' };
  const verb = call === null ? undefined : known(CLOUD_VERBS, call.verb);
  // Only the newer version that made this call can repeat it.
  if (call !== null && verb === undefined) return { do: 'wait' };
  if (operation.kind === 'update' || operation.kind === 'resize')
    return editStep(operation, { ...seen, status }, repeatable);
  if (repeatable && verb !== undefined && operation.kind !== 'create') return { do: 'call', verb, fresh: false };
  const done = call?.done === true ? verb : undefined;
  switch (operation.kind) {
    case 'create':
      return up(status);
    case 'start':
      return done === undefined ? startFrom(status) : up(status);
    case 'stop':
      return done === undefined ? stopFrom(status) : down(status);
    case 'reset':
      if (done !== undefined) return up(status);
      if (unanswered) return { do: 'fail', ...RESET_UNKNOWN };
      return resetFrom(status);
    case 'restart':
      return restartFrom(status, done);
    // Operations of newer versions are excluded before by `isUnderstood`.
    default:
      return { do: 'wait' };
  }
}

/** The observed VM; edits use more properties than its status. */
type SeenMachine = { readonly status: string } & Partial<EditedMachine>;

/**
 * Returns the next step of an edit, which is complete when the VM shows its values. A call whose effect is not observed
 * is repeated with its requestId; a refused one (because the VM's fingerprint had changed) is made anew after the VM
 * was read again.
 */
function editStep(
  { kind, call, edit }: Pick<Operation, 'kind' | 'call'> & Partial<Pick<Operation, 'edit'>>,
  seen: SeenMachine & { readonly status: InstanceStatus },
  repeatable: boolean,
): Step {
  const verb = neededCall(edit ?? {}, edited(seen));
  if (verb === undefined) return { do: 'complete' };
  if (kind === 'resize' && !isStopped(seen.status)) {
    return isTransitional(seen.status) ? { do: 'wait' } : wrongState('resize', seen.status);
  }
  // Reads can be stale, so after a successful call the step waits until the VM shows the value.
  if (call?.done === true && call.verb === verb) return { do: 'wait' };
  return { do: 'call', verb, fresh: !(repeatable && call?.verb === verb) };
}

/** Waits if the delete has succeeded although the VM is still visible; otherwise makes the call. */
function afterOrCall(call: CloudCall | null, verb: CloudVerb, repeatable: boolean): Step {
  if (call?.done === true) return { do: 'wait' };
  return { do: 'call', verb, fresh: !repeatable };
}

function startFrom(status: InstanceStatus): Step {
  if (isStopped(status)) return { do: 'call', verb: 'start', fresh: true };
  if (status === 'SUSPENDED') return { do: 'call', verb: 'resume', fresh: true };
  if (status === 'RUNNING') return { do: 'complete' };
  return isTransitional(status) ? { do: 'wait' } : wrongState('start', status);
}

function stopFrom(status: InstanceStatus): Step {
  if (isStopped(status) || status === 'SUSPENDED') return { do: 'complete' };
  if (status === 'STOPPING' || status === 'PENDING_STOP' || status === 'SUSPENDING' || status === 'DEPROVISIONING')
    return { do: 'wait' };
  return { do: 'call', verb: 'stop', fresh: true };
}

function resetFrom(status: InstanceStatus): Step {
  if (status === 'RUNNING') return { do: 'call', verb: 'reset', fresh: true };
  if (status === 'PROVISIONING' || status === 'STAGING' || status === 'REPAIRING') return { do: 'wait' };
  return wrongState('reset', status);
}

/** Returns the next step of a restart: a stop, then a start once the VM has stopped. */
function restartFrom(status: InstanceStatus, done: CloudVerb | undefined): Step {
  if (done === 'start' || done === 'resume') return up(status);
  if (done === 'stop') return status === 'RUNNING' ? { do: 'complete' } : startFrom(status);
  if (status === 'RUNNING') return { do: 'call', verb: 'stop', fresh: true };
  return startFrom(status);
}

/**
 * Returns the step after a call that starts a VM. A VM that is stopped now was stopped by something else before it was
 * observed running.
 */
function up(status: InstanceStatus): Step {
  if (status === 'RUNNING') return { do: 'complete' };
  return isTransitional(status) ? { do: 'wait' } : { do: 'fail', ...STOPPED_EARLY };
}

/**
 * Returns the step after a call that stops a VM. A VM that is running now was started by something else before it was
 * observed stopped.
 */
function down(status: InstanceStatus): Step {
  if (isTransitional(status)) return { do: 'wait' };
  return status === 'RUNNING' ? { do: 'fail', ...STARTED_EARLY } : { do: 'complete' };
}

function wrongState(verb: string, status: InstanceStatus): Step {
  return { do: 'fail', reason: 'wrong_state', message: `The virtual machine is ${status}: it cannot ${verb}.` };
}

/**
 * Returns whether a VM in this status (`undefined`: no VM exists) has reached the operation's target, by whatever
 * cause. False for resets and restarts, whose target is the status in which they begin.
 */
export function leadsTo(
  { kind, edit = null }: Pick<Operation, 'kind'> & Partial<Pick<Operation, 'edit'>>,
  seen: SeenMachine | undefined,
): boolean {
  if (kind === 'delete') return seen === undefined;
  if (seen === undefined) return false;
  if (kind === 'update' || kind === 'resize') return neededCall(edit ?? {}, edited(seen)) === undefined;
  const status = statusFromCloud(seen.status);
  if (status === undefined) return false;
  if (kind === 'stop') return isStopped(status) || status === 'SUSPENDED';
  return (kind === 'create' || kind === 'start') && status === 'RUNNING';
}

function edited({
  machineType = '',
  labels = {},
  metadata = {},
  deletionProtection = false,
}: SeenMachine): EditedMachine {
  return { machineType, labels, metadata, deletionProtection };
}

interface Failed {
  readonly reason: OperationFailure;
  readonly message: string;
}

const STOPPED_EARLY: Failed = {
  reason: 'vm_stopped',
  message: 'The virtual machine was stopped from outside before it was seen running.',
};

/** Replaces `vm_stopped` if the cloud reports that it pre-empted the VM. */
export const PREEMPTED_EARLY: Failed = {
  reason: 'vm_preempted',
  message: 'Compute Engine took the spot machine away before it was seen running.',
};

const STARTED_EARLY: Failed = {
  reason: 'vm_started',
  message: 'The virtual machine was started from outside before it was seen stopped.',
};

/** A VM does not show whether it was reset, and a second reset would do more harm than this failure. */
export const RESET_UNKNOWN: Failed = {
  reason: 'outcome_unknown',
  message: 'Compute Engine never answered the reset; it may have happened.',
};
