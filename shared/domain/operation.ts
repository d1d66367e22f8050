import type { InstanceEdit } from './instance-edit.ts';
import { type Instance, OPERATION_KINDS, type OperationKind } from './instance.ts';
import type { Actor } from './principal.ts';
import type { Direction } from './status-transitions.ts';
import type { InstanceStatus } from './status.ts';
import { known, type Stored } from './stored-word.ts';

export const OPERATION_STATES = ['pending', 'running', 'completed', 'failed'] as const;
export type OperationState = (typeof OPERATION_STATES)[number];

/** Calls of Compute Engine that change a VM and leave its power alone. */
export const EDIT_VERBS = ['setLabels', 'setMetadata', 'setDeletionProtection', 'setMachineType'] as const;
export type EditVerb = (typeof EDIT_VERBS)[number];

export const CLOUD_VERBS = ['insert', 'start', 'stop', 'reset', 'resume', 'delete', ...EDIT_VERBS] as const;
/** A call that changes a VM. */
export type CloudVerb = (typeof CLOUD_VERBS)[number];

export function isEditVerb(verb: CloudVerb): verb is EditVerb {
  return EDIT_VERBS.some((edit) => edit === verb);
}

/** What the worker asked of Compute Engine last, written before it asks, so that a repeat is the same request. */
export interface CloudCall {
  readonly verb: Stored<CloudVerb>;
  /** UUID that makes a repeated call the same call; Compute Engine remembers it for about an hour. */
  readonly requestId: string;
  readonly askedAtMs: number;
  /** Name of the zone operation, once Compute Engine has answered. */
  readonly zoneOperation: string | null;
  /** The zone operation has ended well; what is left is that the VM arrives where it should. */
  readonly done: boolean;
  /**
   * True while Compute Engine may have executed this call. Set before sending (the worker can crash mid-call); cleared when
   * the first attempt is rejected with a 4xx.
   */
  readonly mayBeApplied: boolean;
}

/** Why an operation can fail: stable words for programs. Those that begin with `cloud_` are Compute Engine's refusals. */
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
  /** Attempts in a row that met an error which may pass, the one under way included. */
  readonly attempts: number;
  /** Only the holder of the lease works on it until then (`isLeased`); 0 when nothing works on it. */
  readonly leaseUntilMs: number;
  /** The sweep publishes it again from then on; an event of the cloud may continue it earlier. 0: it was never put off. */
  readonly dueAtMs: number;
  /** Tells the holder of the lease from one that lost it. */
  readonly leaseToken: string;
  readonly call: CloudCall | null;
  /** What an `update` or a `resize` changes; `null` for the other kinds. */
  readonly edit: InstanceEdit | null;
  /** Calls made so far, counted to give a real retry a new requestId. */
  readonly callCount: number;
  /** `reason` is an OperationFailure, or a word of a newer version. */
  readonly error: { readonly reason: string; readonly message: string } | null;
  /** What the VM was seen to be when the operation ended; `null` before that, without a VM, and in older rows. */
  readonly seenStatus: Stored<InstanceStatus> | null;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly completedAtMs: number | null;
}

const DIRECTION: Readonly<Record<CloudVerb, Direction | null>> = {
  insert: 'up',
  start: 'up',
  resume: 'up',
  stop: 'down',
  delete: 'gone',
  reset: null,
  setLabels: null,
  setMetadata: null,
  setDeletionProtection: null,
  setMachineType: null,
};

/** What a call leads to; `null`: the VM stays where it is, or this version does not know. */
export function directionOf(verb: Stored<CloudVerb>): Direction | null {
  const ours = known(CLOUD_VERBS, verb);
  return ours === undefined ? null : DIRECTION[ours];
}

export function isFinal(state: Stored<OperationState>): boolean {
  return state === 'completed' || state === 'failed';
}

/** The state as callers are shown it. One that this version does not know is `running`: callers look again. */
export function shownState(state: Stored<OperationState>): OperationState {
  return known(OPERATION_STATES, state) ?? 'running';
}

/**
 * Whether this version knows what the operation asks for, how far it is and which call was made. One that a newer version
 * made is that version's to carry out: during a deployment, or after a rollback, this version neither works on it nor ends it.
 */
export function isUnderstood({ kind, state, call }: Pick<Operation, 'kind' | 'state' | 'call'>): boolean {
  return (
    known(OPERATION_KINDS, kind) !== undefined &&
    known(OPERATION_STATES, state) !== undefined &&
    (call === null || known(CLOUD_VERBS, call.verb) !== undefined)
  );
}

/** An operation before anybody has worked on it. */
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
