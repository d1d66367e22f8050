import type { InstanceEdit } from './instance-edit.ts';
import { type Instance, OPERATION_KINDS, type OperationKind, type QueuedOperation } from './instance.ts';
import type { Actor } from './principal.ts';
import type { Direction } from './status-transitions.ts';
import type { InstanceStatus } from './status.ts';
import { known, type Stored } from './stored-word.ts';

export const OPERATION_STATES = ['pending', 'running', 'completed', 'failed'] as const;
export type OperationState = (typeof OPERATION_STATES)[number];

/** Calls to Compute Engine that change a VM without changing its power state. */
export const EDIT_VERBS = ['setLabels', 'setMetadata', 'setDeletionProtection', 'setMachineType'] as const;
export type EditVerb = (typeof EDIT_VERBS)[number];

export const CLOUD_VERBS = ['insert', 'start', 'stop', 'reset', 'resume', 'delete', ...EDIT_VERBS] as const;
/** A call to Compute Engine that changes a VM. */
export type CloudVerb = (typeof CLOUD_VERBS)[number];

export function isEditVerb(verb: CloudVerb): verb is EditVerb {
  return EDIT_VERBS.some((edit) => edit === verb);
}

/** The worker's last call to Compute Engine, recorded before it is sent, so that a repeat has the same requestId. */
export interface CloudCall {
  readonly verb: Stored<CloudVerb>;
  /** UUID by which Compute Engine recognizes a repeated call, for about an hour. */
  readonly requestId: string;
  readonly askedAtMs: number;
  /** Name of the zone operation, once Compute Engine has answered. */
  readonly zoneOperation: string | null;
  /** True once the zone operation has succeeded; the VM may still be in transition. */
  readonly done: boolean;
  /**
   * True while Compute Engine may have executed this call. Set before sending (the worker can crash mid-call); cleared
   * when the first attempt is rejected with a 4xx.
   */
  readonly mayBeApplied: boolean;
}

/** Why an operation can fail, as stable words for programs. Words with `cloud_` stand for errors of Compute Engine. */
export const OPERATION_FAILURES = [
  'zone_exhausted',
  'cloud_quota_exceeded',
  'cloud_permission_denied',
  'cloud_rate_limited',
  'cloud_not_found',
  'cloud_already_exists',
  'cloud_not_ready',
  'cloud_invalid_argument',
  'cloud_ip_space_exhausted',
  'cloud_unknown_error',
  'cloud_unavailable',
  'vm_missing',
  'vm_stopped',
  'vm_preempted',
  'vm_started',
  'wrong_state',
  'outcome_unknown',
  'instance_deleted',
  'gave_up',
  'cancelled',
] as const;
export type OperationFailure = (typeof OPERATION_FAILURES)[number];

/** One accepted mutation of one instance. */
export interface Operation {
  /** `op-…`, sortable by time. */
  readonly id: string;
  readonly kind: Stored<OperationKind>;
  readonly instanceId: string;
  readonly state: Stored<OperationState>;
  readonly actor: Actor;
  readonly customerId: string;
  readonly visibleBy: readonly string[];
  readonly requestId: string;
  /** Number of consecutive attempts with a transient error, including the attempt in progress. */
  readonly attempts: number;
  /** Until then only the holder of the lease may work on the operation (`isLeased`); 0: no worker holds it. */
  readonly leaseUntilMs: number;
  /**
   * The sweep publishes the operation after this time; an event of the cloud can continue it earlier. 0: never
   * postponed.
   */
  readonly dueAtMs: number;
  /** Identifies the worker that holds, or last held, the lease. */
  readonly leaseToken: string;
  readonly call: CloudCall | null;
  /** The changes of an `update` or `resize`; `null` for other kinds. */
  readonly edit: InstanceEdit | null;
  /**
   * Number of distinct calls so far. A repeat after a lost answer keeps its requestId and is not counted; a new call
   * after a rejected one gets a new requestId.
   */
  readonly callCount: number;
  /** `reason` is an OperationFailure, or a word of a newer version. */
  readonly error: { readonly reason: string; readonly message: string } | null;
  /** The VM's status when the operation ended; `null` before that, without a VM, and in rows of earlier versions. */
  readonly seenStatus: Stored<InstanceStatus> | null;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly completedAtMs: number | null;
}

const DIRECTION: Readonly<Record<CloudVerb, Direction>> = {
  insert: 'up',
  start: 'up',
  resume: 'up',
  stop: 'down',
  delete: 'gone',
  reset: 'none',
  setLabels: 'none',
  setMetadata: 'none',
  setDeletionProtection: 'none',
  setMachineType: 'none',
};

/** Returns where a call moves the VM; `null`: only a newer version knows the call. */
export function directionOf(verb: Stored<CloudVerb>): Direction | null {
  const ours = known(CLOUD_VERBS, verb);
  return ours === undefined ? null : DIRECTION[ours];
}

export function isFinal(state: Stored<OperationState>): boolean {
  return state === 'completed' || state === 'failed';
}

/**
 * Returns the state as callers see it. A state that only a newer version knows is shown as `running`, so that callers
 * keep polling.
 */
export function shownState(state: Stored<OperationState>): OperationState {
  return known(OPERATION_STATES, state) ?? 'running';
}

/**
 * Returns whether this version knows the operation's kind, state and last call. Otherwise a newer version has written
 * them; during a deployment or after a rollback, this version then neither works on the operation nor ends it.
 */
export function isUnderstood({ kind, state, call }: Pick<Operation, 'kind' | 'state' | 'call'>): boolean {
  return (
    known(OPERATION_KINDS, kind) !== undefined &&
    known(OPERATION_STATES, state) !== undefined &&
    (call === null || known(CLOUD_VERBS, call.verb) !== undefined)
  );
}

/** Returns an operation's entry in the queue of its instance. */
export function queueEntry({ id, kind, edit }: Pick<Operation, 'id' | 'kind' | 'edit'>): QueuedOperation {
  return edit?.deletionProtection === true ? { id, kind, protects: true } : { id, kind };
}

/** Creates an operation in its initial state. */
export function pendingOperation(
  kind: OperationKind,
  instance: Pick<Instance, 'id' | 'customerId' | 'visibleBy'>,
  made: {
    readonly id: string;
    readonly actor: Actor;
    readonly requestId: string;
    readonly atMs: number;
    readonly edit?: InstanceEdit;
  },
): Operation {
  return {
    id: made.id,
    kind,
    instanceId: instance.id,
    state: 'pending',
    actor: made.actor,
    customerId: instance.customerId,
    visibleBy: instance.visibleBy,
    requestId: made.requestId,
    attempts: 0,
    leaseUntilMs: 0,
    dueAtMs: 0,
    leaseToken: '',
    call: null,
    edit: made.edit ?? null,
    callCount: 0,
    error: null,
    seenStatus: null,
    createdAtMs: made.atMs,
    startedAtMs: null,
    completedAtMs: null,
  };
}
