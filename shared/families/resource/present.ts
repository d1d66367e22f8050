import { allowedActions } from '#shared/domain/allowed-actions.ts';
import type { Reply } from '#shared/contracts/reply.ts';
import { EVENT_CAUSES, type InstanceEvent } from '#shared/domain/history.ts';
import { type Instance, OPERATION_KINDS } from '#shared/domain/instance.ts';
import { sshTarget } from '#shared/domain/login.ts';
import { type Operation, shownState } from '#shared/domain/operation.ts';
import { outcomeOf } from '#shared/domain/power.ts';
import { shownStatus } from '#shared/domain/status.ts';
import { isSuspended, type MaySuspend } from '#shared/domain/suspension.ts';
import { shownWord } from '#shared/domain/stored-word.ts';
import { loginWarnings } from '../login-warnings.ts';
import { timestamp } from '../timestamp.ts';
import { failureCode } from './failure-codes.ts';
import { STATE } from './states.ts';

/** Returns an instance. `pending`: the first operation of its queue. */
export function presentResource(instance: Instance, pending?: Operation, caller?: MaySuspend) {
  const ssh = sshTarget(instance);
  return {
    id: instance.id,
    metadata: {
      name: instance.displayName,
      labels: instance.machine.labels,
      created_at: timestamp(instance.createdAtMs),
    },
    spec: { ...(instance.spec ?? specOf(instance)), ...(instance.deletionProtection && { deletion_protection: true }) },
    status: {
      state: STATE[shownStatus(instance.status)],
      host_id: instance.cloudId,
      private_ip: instance.internalIp,
      public_ip: instance.externalIp,
      ...(ssh === undefined ? {} : { ssh }),
      ...presentActivity(instance, pending, isSuspended(caller)),
    },
  };
}

/** Returns the pending and last operation, the reason of the status, and the actions that are allowed now. */
function presentActivity(instance: Instance, pending: Operation | undefined, suspended: boolean) {
  const { lastOperation: last, statusReason } = instance;
  const { allowed, blocked } = allowedActions(instance, 'lenient', suspended);
  return {
    synced_at: timestamp(instance.statusSyncedAtMs),
    reason: statusReason === null ? null : failureCode(statusReason.reason),
    message: statusReason?.message ?? null,
    pending_operation:
      pending === undefined
        ? null
        : {
            id: pending.id,
            type: shownWord(OPERATION_KINDS, pending.kind),
            status: shownState(pending.state),
            created_at: timestamp(pending.createdAtMs),
            attempts: pending.attempts,
          },
    last_operation:
      last === null
        ? null
        : {
            id: last.id,
            type: shownWord(OPERATION_KINDS, last.kind),
            status: last.state,
            completed_at: timestamp(last.completedAtMs),
            error: last.error === null ? null : { code: failureCode(last.error.reason), message: last.error.message },
          },
    allowed_actions: allowed,
    blocked_because: blocked,
  };
}

/** Returns a spec for an instance of another family, derived from its machine. */
function specOf({ machine }: Instance) {
  return { type: machine.machineType, image: machine.image, disk_gb: machine.diskSizeGb };
}

export function presentCreated(instance: Instance, operation: Operation) {
  return {
    ...presentResource(instance, operation),
    operation_id: operation.id,
    ...loginWarnings(instance, '/v1/ssh-keys'),
  };
}

export function presentDeletion(operation: Operation) {
  return { operation_id: operation.id, status: shownState(operation.state), resource_id: operation.instanceId };
}

export function presentOperation(operation: Operation) {
  return {
    id: operation.id,
    resource_id: operation.instanceId,
    type: shownWord(OPERATION_KINDS, operation.kind),
    status: shownState(operation.state),
    result: resultOf(operation),
    created_at: timestamp(operation.createdAtMs),
    completed_at: operation.completedAtMs === null ? null : timestamp(operation.completedAtMs),
  };
}

/**
 * Returns the VM's state when the operation ended. For operations of earlier versions, which lack it, returns the
 * expected state.
 */
function resultOf({ state, kind, error, seenStatus }: Operation) {
  if (state === 'completed') return { state: STATE[shownStatus(seenStatus ?? outcomeOf(kind) ?? 'RUNNING')] };
  if (state === 'failed' && error !== null) return { error: error.message, code: failureCode(error.reason) };
  return null;
}

/** Returns the headers with the path and id of an accepted operation. */
export function operationHeaders({ id }: Pick<Operation, 'id'>): Readonly<Record<string, string>> {
  return { 'operation-location': `/v1/operations/${id}`, 'x-operation-id': id };
}

/** Returns 202 for an accepted operation, with the operation as body. */
export function answerOperation(operation: Operation): Reply {
  return { status: 202, headers: operationHeaders(operation), body: presentOperation(operation) };
}

export function presentResourceEvent(event: InstanceEvent) {
  return {
    state: event.status === 'DELETED' ? 'terminated' : STATE[shownStatus(event.status)],
    at: timestamp(event.atMs),
    cause: shownWord(EVENT_CAUSES, event.cause),
    actor: event.actor.id,
    operation_id: event.operationId,
    reason: event.reason,
  };
}
