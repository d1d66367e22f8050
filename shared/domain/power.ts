import { Failure } from './failure.ts';
import { type Instance, OPERATION_KINDS, type OperationKind, type QueuedOperation } from './instance.ts';
import { hasLocalSsd } from './machine-traits.ts';
import { INSTANCE_STATUSES, type InstanceStatus, isStopped, shownStatus } from './status.ts';
import { known, type Stored } from './stored-word.ts';

export const POWER_KINDS = ['start', 'stop', 'reset', 'restart'] as const;
export type PowerKind = (typeof POWER_KINDS)[number];

/**
 * How strictly an instance's state is checked. `lenient` accepts requests that change nothing, such as a start of a
 * running instance; `strict` refuses every state that does not fit. Independent of who makes the request.
 */
export type Strictness = 'lenient' | 'strict';

/** Status of an instance after a successful operation; `null`: unchanged. */
const OUTCOME: Readonly<Record<OperationKind, InstanceStatus | null>> = {
  create: 'RUNNING',
  start: 'RUNNING',
  stop: 'TERMINATED',
  reset: 'RUNNING',
  restart: 'RUNNING',
  // Edits do not change the status.
  update: null,
  resize: null,
  delete: 'DELETING',
};

/**
 * Returns the status after a completed operation; `undefined`: unchanged, or the kind is known only to a newer version.
 */
export function outcomeOf(kind: Stored<OperationKind>): InstanceStatus | undefined {
  const ours = known(OPERATION_KINDS, kind);
  return ours === undefined ? undefined : (OUTCOME[ours] ?? undefined);
}

/** Final status of a transition that none of our operations explains. */
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
 * Returns the status that the instance will have after its queued operations, against which a new request is checked.
 * Operations of newer versions are ignored. An unknown status fits no request until the next comparison with the VM
 * replaces it.
 */
export function projectedStatus(instance: Pick<Instance, 'status' | 'queue'>): InstanceStatus {
  if (isLeaving(instance)) return 'DELETING';
  const last = instance.queue.map(({ kind }) => outcomeOf(kind)).findLast((outcome) => outcome !== undefined);
  if (last !== undefined) return last;
  const status = known(INSTANCE_STATUSES, instance.status);
  return status === undefined ? shownStatus(instance.status) : SETTLES[status];
}

/**
 * Returns the queued operation that a request for the same kind can join instead of adding another one. A delete is
 * always at the front of the queue, and after it nothing else can be joined.
 */
export function joinable(instance: Pick<Instance, 'queue'>, kind: OperationKind): QueuedOperation | undefined {
  const deleting = instance.queue.find((queued) => queued.kind === 'delete');
  if (deleting !== undefined || kind === 'delete') return kind === 'delete' ? deleting : undefined;
  const last = instance.queue.at(-1);
  // Two edits can have different values, so they are never joined.
  return last?.kind === kind && kind !== 'update' && kind !== 'resize' ? last : undefined;
}

/**
 * Maximum number of queued operations per instance, including the running one. A longer queue would serve no purpose,
 * but would enlarge the row that every read and delete of the instance handles.
 */
const QUEUED_MAX = 16;

/** The actions listed in an instance's response. */
export const INSTANCE_ACTIONS = ['start', 'stop', 'restart', 'reset', 'update', 'resize', 'delete'] as const;
export type InstanceAction = (typeof INSTANCE_ACTIONS)[number];

/** Why an action is refused: reason and message of a `conflict` failure. */
export interface Refusal {
  readonly reason:
    'wrong_state' | 'too_many_operations' | 'local_ssd_would_be_lost' | 'deletion_protected' | 'ordered_instance';
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

export interface AskedAction {
  readonly kind: PowerKind | 'update' | 'resize' | 'delete';
  /** The requested verb, if it differs from `kind`; messages name it. */
  readonly verb?: string;
  readonly strictness: Strictness;
}

/**
 * Returns why an action is refused; `undefined` if it is accepted. Both the actions and the instance's response
 * (`allowedActions`, `blockedBecause`) use this function, so they agree.
 */
export function refusalOf({ kind, verb = kind, strictness }: AskedAction, instance: ActedOn): Refusal | undefined {
  if (kind === 'delete') return protectionOf(instance);
  if (kind === 'resize' && (instance.bid !== null || instance.reservation !== null)) {
    const message = `Instance ${instance.id} belongs to a spot bid or a reservation, which is for its machine type alone.`;
    return { reason: 'ordered_instance', message };
  }
  const joined = joinable(instance, kind);
  // A strict check does not join: if a stop is queued, a second stop does not fit the status.
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

/** The members of an instance that the checks use. */
export type ActedOn = Pick<
  Instance,
  'id' | 'status' | 'queue' | 'machine' | 'deletionProtection' | 'bid' | 'reservation'
>;

/** Returns the refusal of a delete if the instance is protected and no delete was accepted before. */
function protectionOf(instance: ActedOn): Refusal | undefined {
  if (!instance.deletionProtection || isLeaving(instance)) return undefined;
  const message = `Instance ${instance.id} is protected from deletion. Take the protection off first.`;
  return { reason: 'deletion_protected', message };
}

/** Returns the refusal if the instance's queue is full. */
function lackOfRoom({ id, queue }: Pick<Instance, 'id' | 'queue'>): Refusal | undefined {
  if (queue.length < QUEUED_MAX) return undefined;
  return {
    reason: 'too_many_operations',
    message: `Instance ${id} has ${queue.length} operations that have not ended. Wait until some have, then ask again.`,
    retryAfterSeconds: 10,
  };
}

/** Throws `conflict` if the instance's queue is full. */
export function requireRoom(instance: Pick<Instance, 'id' | 'queue'>): void {
  const refusal = lackOfRoom(instance);
  if (refusal !== undefined) throw refused(refusal);
}

/** Throws `conflict` if the action is refused. */
export function requirePossible(action: AskedAction, instance: ActedOn): void {
  const refusal = refusalOf(action, instance);
  if (refusal !== undefined) throw refused(refusal);
}

function refused({ message, ...options }: Refusal): Failure {
  return new Failure('conflict', message, options);
}

/** Returns whether a verb fits a projected status. */
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
 * Throws `conflict` when the verb would lose the data on Local SSD and the template or server type does not allow that.
 * A stop, and so a restart, discards Local SSD; a reset keeps it.
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
  // A stop of a stopped instance changes nothing, so it loses no data.
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
 * Returns whether a delete of the instance was accepted; from then on only that delete may change the status. All code
 * that writes a status must check this on each row it reads, because the delete may have been accepted since the last
 * read.
 */
export function isLeaving({ status, queue }: Pick<Instance, 'status' | 'queue'>): boolean {
  return status === 'DELETING' || queue.some(({ kind }) => kind === 'delete');
}
