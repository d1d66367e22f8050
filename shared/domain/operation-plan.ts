import { type EditedMachine, neededCall } from './instance-edit.ts';
import { CLOUD_VERBS, type CloudCall, type CloudVerb, type Operation, type OperationFailure } from './operation.ts';
import { type InstanceStatus, isStopped, isTransitional, statusFromCloud } from './status.ts';
import { known } from './stored-word.ts';

/** What to do next for an operation. */
export type Step =
  /** Ask Compute Engine for this. */
  | {
      readonly do: 'call';
      readonly verb: CloudVerb;
      /** False: with the requestId of the call before. */ readonly fresh: boolean;
    }
  /** Wait for the zone operation that was asked for. */
  | { readonly do: 'follow'; readonly zoneOperation: string }
  /** The VM is on its way by itself. */
  | { readonly do: 'wait' }
  | { readonly do: 'complete' }
  | { readonly do: 'fail'; readonly reason: OperationFailure; readonly message: string };

/**
 * How long a call may be repeated under its requestId. Compute Engine remembers a requestId for about an hour; beyond
 * that a repeat could be a second call, so only what the VM shows counts.
 */
const REPEATABLE_MS = 50 * 60_000;

/**
 * The next step, from what is on record and what was seen of the VM (`undefined`: there is none). A table in words: each
 * operation looks at the VM first, so a call is made only when it is still needed, and repeated only as the same call.
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
    // The name of the VM is its own protection: a second insert of the same name is refused.
    if (operation.kind === 'create' && !call?.done) return { do: 'call', verb: 'insert', fresh: !repeatable };
    return { do: 'fail', reason: 'vm_missing', message: 'The virtual machine no longer exists.' };
  }
  const status = statusFromCloud(seen.status);
  // A word we do not know: it will become one that we do, or the worker loses patience.
  if (status === undefined) return { do: 'wait' };
  const verb = call === null ? undefined : known(CLOUD_VERBS, call.verb);
  // A newer version's call is that version's to repeat.
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
    // `isUnderstood` keeps operations of newer versions away from here.
    default:
      return { do: 'wait' };
  }
}

/** What is seen of a VM; an edit looks at more than its status. */
type SeenMachine = { readonly status: string } & Partial<EditedMachine>;

/**
 * An edit is done when the VM shows it. Each call sets something to a value, so a call that was made before and does not
 * show yet is repeated under its requestId, and a refused one (the VM's fingerprint had changed) after another look.
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
  // Reads are not always consistent: a call that has ended well is waited for.
  if (call?.done === true && call.verb === verb) return { do: 'wait' };
  return { do: 'call', verb, fresh: !(repeatable && call?.verb === verb) };
}

/** A delete that was answered and is still visible is on its way. */
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

/** Stop, then start: the second half begins when the first has arrived. */
function restartFrom(status: InstanceStatus, done: CloudVerb | undefined): Step {
  if (done === 'start' || done === 'resume') return up(status);
  if (done === 'stop') return status === 'RUNNING' ? { do: 'complete' } : startFrom(status);
  if (status === 'RUNNING') return { do: 'call', verb: 'stop', fresh: true };
  return startFrom(status);
}

/** After a call that leads to a running VM. One that is at rest was stopped before it was seen to run. */
function up(status: InstanceStatus): Step {
  if (status === 'RUNNING') return { do: 'complete' };
  return isTransitional(status) ? { do: 'wait' } : { do: 'fail', ...STOPPED_EARLY };
}

/** After a call that leads to a stopped VM. One that runs was started again before it was seen at rest. */
function down(status: InstanceStatus): Step {
  if (isTransitional(status)) return { do: 'wait' };
  return status === 'RUNNING' ? { do: 'fail', ...STARTED_EARLY } : { do: 'complete' };
}

function wrongState(verb: string, status: InstanceStatus): Step {
  return { do: 'fail', reason: 'wrong_state', message: `The virtual machine is ${status}: it cannot ${verb}.` };
}

/**
 * Whether a VM in this status (`undefined`: there is none) is where the operation leads, however it got there. A reset and
 * a restart lead to where they began, so a status never tells that one has happened.
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

/** Instead of `vm_stopped`, where the cloud says that it took the VM away. */
export const PREEMPTED_EARLY: Failed = {
  reason: 'vm_preempted',
  message: 'Compute Engine took the spot machine away before it was seen running.',
};

const STARTED_EARLY: Failed = {
  reason: 'vm_started',
  message: 'The virtual machine was started from outside before it was seen stopped.',
};

/** Nothing about a VM tells whether it was reset; doing it twice would be worse than saying so. */
export const RESET_UNKNOWN: Failed = {
  reason: 'outcome_unknown',
  message: 'Compute Engine never answered the reset; it may have happened.',
};
