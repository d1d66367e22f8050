import { Failure } from './failure.ts';
import { type Instance, OPERATION_KINDS, type OperationKind, type QueuedOperation } from './instance.ts';
import { hasLocalSsd } from './machine-traits.ts';
import { INSTANCE_STATUSES, type InstanceStatus, isStopped, shownStatus } from './status.ts';
import { known, type Stored } from './stored-word.ts';

export const POWER_KINDS = ['start', 'stop', 'reset', 'restart'] as const;
export type PowerKind = (typeof POWER_KINDS)[number];

/**
 * How strict the check of an instance's state is. `lenient` accepts what changes nothing (start of a running instance);
 * `strict` refuses in every state that the verb does not fit. Says nothing about who asks.
 */
export type Strictness = 'lenient' | 'strict';

/** Where an instance will be once an operation on it has succeeded; `null`: where it was. */
const OUTCOME: Readonly<Record<OperationKind, InstanceStatus | null>> = {
  create: 'RUNNING',
  start: 'RUNNING',
  stop: 'TERMINATED',
  reset: 'RUNNING',
  restart: 'RUNNING',
  // They leave the status as it is.
  update: null,
  resize: null,
  delete: 'DELETING',
};

/** Where a completed operation has brought its instance; `undefined`: it was left where it was, or nobody knows. */
export function outcomeOf(kind: Stored<OperationKind>): InstanceStatus | undefined {
  const ours = known(OPERATION_KINDS, kind);
  return ours === undefined ? undefined : (OUTCOME[ours] ?? undefined);
}

/** Where a transition ends that no operation of ours explains. */
const SETTLES: Readonly<Record<InstanceStatus, InstanceStatus>> = {
  PENDING: 'RUNNING',
  PROVISIONING: 'RUNNING',
  STAGING: 'RUNNING',
  RUNNING: 'RUNNING',
  REPAIRING: 'RUNNING',
  PENDING_STOP: 'TERMINATED',
  STOPPING: 'TERMINATED',
  STOPPED: 'TERMINATED',
  TERMINATED: 'TERMINATED',
  SUSPENDING: 'SUSPENDED',
  SUSPENDED: 'SUSPENDED',
  DEPROVISIONING: 'DELETING',
  DELETING: 'DELETING',
  ERROR: 'ERROR',
};

/**
 * The status that counts for what may be asked next: after the operations already accepted, those of newer versions left
 * out. A status that this version does not know leads nowhere: nothing fits it until a look at the VM has replaced it.
 */
export function projectedStatus(instance: Pick<Instance, 'status' | 'queue'>): InstanceStatus {
  if (isLeaving(instance)) return 'DELETING';
  const last = instance.queue.map(({ kind }) => outcomeOf(kind)).findLast((outcome) => outcome !== undefined);
  if (last !== undefined) return last;
  const status = known(INSTANCE_STATUSES, instance.status);
  return status === undefined ? shownStatus(instance.status) : SETTLES[status];
}

/**
 * The operation that a request may join instead of adding one: asking again for what is already pending. A delete goes
 * before everything else, so it is found wherever it is, and nothing else is joined once there is one.
 */
export function joinable(instance: Pick<Instance, 'queue'>, kind: OperationKind): QueuedOperation | undefined {
  const deleting = instance.queue.find((queued) => queued.kind === 'delete');
  if (deleting !== undefined || kind === 'delete') return kind === 'delete' ? deleting : undefined;
  const last = instance.queue.at(-1);
  // Two edits need not be the same.
  return last?.kind === kind && kind !== 'update' && kind !== 'resize' ? last : undefined;
}

/**
 * Operations that may wait on one instance, the one at work included. More says nothing about where it should end, but
 * every delete and every look at the instance would carry it along.
 */
const QUEUED_MAX = 16;

/** What can be asked of an instance, as its own answer lists it. */
export const INSTANCE_ACTIONS = ['start', 'stop', 'restart', 'reset', 'update', 'resize', 'delete'] as const;
export type InstanceAction = (typeof INSTANCE_ACTIONS)[number];

/** Why an action would be refused now, as a Failure of kind `conflict` says it. */
export interface Refusal {
  readonly reason:
    'wrong_state' | 'too_many_operations' | 'local_ssd_would_be_lost' | 'deletion_protected' | 'ordered_instance';
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

export interface AskedAction {
  readonly kind: PowerKind | 'update' | 'resize' | 'delete';
  /** The verb that was asked for, where it has another name than what will be done; messages name it. */
  readonly verb?: string;
  readonly strictness: Strictness;
}

/**
 * Why this action would be refused; `undefined` when it would be accepted. The one table that both the actions and the
 * answers of instances (`allowedActions`, `blockedBecause`) go by.
 */
export function refusalOf({ kind, verb = kind, strictness }: AskedAction, instance: ActedOn): Refusal | undefined {
  if (kind === 'delete') return protectionOf(instance);
  if (kind === 'resize' && (instance.bid !== null || instance.reservation !== null)) {
    const message = `Instance ${instance.id} belongs to a spot bid or a reservation, which is for its machine type alone.`;
    return { reason: 'ordered_instance', message };
  }
  const joined = joinable(instance, kind);
  // A strict check refuses in every wrong state: after a stop that was accepted, a second stop is wrong.
  if (joined !== undefined && strictness === 'lenient') return undefined;
  const status = projectedStatus(instance);
  if (!fits(kind, status, strictness)) {
    const soon = status === instance.status ? '' : ` and will be ${status} after the operations already accepted`;
    const message = `Instance ${instance.id} is ${instance.status}${soon}: it cannot ${verb}. ${advice(kind, status)}`;
    return { reason: 'wrong_state', message };
  }
  const loss = lossOfLocalSsd(kind, instance);
  if (loss !== undefined) return loss;
  return joined === undefined ? lackOfRoom(instance) : undefined;
}

/** What is asked of an instance before an action. */
export type ActedOn = Pick<
  Instance,
  'id' | 'status' | 'queue' | 'machine' | 'deletionProtection' | 'bid' | 'reservation'
>;

/** Why an instance must not be deleted; one that is being deleted already is not kept from it any more. */
function protectionOf(instance: ActedOn): Refusal | undefined {
  if (!instance.deletionProtection || isLeaving(instance)) return undefined;
  const message = `Instance ${instance.id} is protected from deletion. Take the protection off first.`;
  return { reason: 'deletion_protected', message };
}

/** Why nothing more can be queued on an instance now. */
function lackOfRoom({ id, queue }: Pick<Instance, 'id' | 'queue'>): Refusal | undefined {
  if (queue.length < QUEUED_MAX) return undefined;
  return {
    reason: 'too_many_operations',
    message: `Instance ${id} has ${queue.length} operations that have not ended. Wait until some have, then ask again.`,
    retryAfterSeconds: 10,
  };
}

/** Throws `conflict` when so much is queued on the instance that another operation has to wait outside. */
export function requireRoom(instance: Pick<Instance, 'id' | 'queue'>): void {
  const refusal = lackOfRoom(instance);
  if (refusal !== undefined) throw refused(refusal);
}

/** Throws `conflict` where the action would be refused. */
export function requirePossible(action: AskedAction, instance: ActedOn): void {
  const refusal = refusalOf(action, instance);
  if (refusal !== undefined) throw refused(refusal);
}

function refused({ message, ...options }: Refusal): Failure {
  return new Failure('conflict', message, options);
}

/** Whether the verb makes sense in a status, the one that counts. */
export function fits(kind: PowerKind | 'update' | 'resize', status: InstanceStatus, strictness: Strictness): boolean {
  switch (kind) {
    case 'start':
      return isStopped(status) || status === 'SUSPENDED' || (strictness === 'lenient' && status === 'RUNNING');
    case 'stop':
      return status === 'RUNNING' || (strictness === 'lenient' && (isStopped(status) || status === 'SUSPENDED'));
    case 'reset':
    case 'restart':
      return status === 'RUNNING';
    case 'resize':
      return isStopped(status);
    case 'update':
      return status !== 'ERROR' && status !== 'DELETING';
  }
}

/**
 * Throws `conflict` when the verb would lose the data on Local SSD of an instance whose template or server type does not
 * allow that. A stop ends Local SSD, and so does the first half of a restart; a reset keeps it.
 */
export function requireLocalSsdKept(
  kind: PowerKind,
  instance: Pick<Instance, 'id' | 'status' | 'queue' | 'machine'>,
): void {
  const refusal = lossOfLocalSsd(kind, instance);
  if (refusal !== undefined) throw refused(refusal);
}

function lossOfLocalSsd(
  kind: AskedAction['kind'],
  instance: Pick<Instance, 'id' | 'status' | 'queue' | 'machine'>,
): Refusal | undefined {
  if (kind !== 'stop' && kind !== 'restart') return undefined;
  if (instance.machine.discardLocalSsd || !hasLocalSsd(instance.machine)) return undefined;
  // A stop of what is stopped changes nothing.
  if (!fits(kind, projectedStatus(instance), 'strict')) return undefined;
  return {
    reason: 'local_ssd_would_be_lost',
    message:
      `Instance ${instance.id} has Local SSD, whose data a ${kind} would lose, and what it was made from does not allow that: ` +
      `it cannot ${kind}. Reset or delete it, or ask the platform’s operators to allow it (discardLocalSsd).`,
  };
}

function advice(kind: AskedAction['kind'], status: InstanceStatus): string {
  if (status === 'ERROR') return 'Delete it and create a new one.';
  if (status === 'DELETING') return 'It is being deleted.';
  if (kind === 'start' || kind === 'stop') return 'Nothing needs to be done.';
  return kind === 'resize' ? 'Stop it first.' : 'Start it first.';
}

/**
 * Whether a delete of the instance was accepted: from then on only that delete counts. Everything that writes a status
 * asks this of each row that it has read, because the delete may have come since the last read.
 */
export function isLeaving({ status, queue }: Pick<Instance, 'status' | 'queue'>): boolean {
  return status === 'DELETING' || queue.some(({ kind }) => kind === 'delete');
}
