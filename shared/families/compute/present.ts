import type { Prices } from '#shared/actions/read-catalog.ts';
import type { NetworkConfig, Template } from '#shared/domain/catalog.ts';
import { EVENT_CAUSES, type InstanceEvent } from '#shared/domain/history.ts';
import { type Instance, OPERATION_KINDS } from '#shared/domain/instance.ts';
import { sshTarget } from '#shared/domain/login.ts';
import { type Operation, shownState } from '#shared/domain/operation.ts';
import { EVENT_STATUSES, shownStatus } from '#shared/domain/status.ts';
import { isSuspended, type MaySuspend } from '#shared/domain/suspension.ts';
import { known, shownWord } from '#shared/domain/stored-word.ts';
import { loginWarnings } from '../login-warnings.ts';
import { CURRENCY } from '../currency.ts';
import { timestamp } from '../timestamp.ts';
import { presentActivity } from './present-activity.ts';

/** Returns an instance in the form that its owner sees. `pending`: the first operation of its queue. */
export function presentInstance(instance: Instance, pending?: Operation, caller?: MaySuspend) {
  const ssh = sshTarget(instance);
  return {
    id: instance.id,
    userId: instance.userId,
    customerId: instance.customerId,
    name: instance.id,
    zone: instance.zone,
    machineType: `zones/${instance.zone}/machineTypes/${instance.machine.machineType}`,
    externalIp: instance.externalIp,
    internalIp: instance.internalIp,
    status: shownStatus(instance.status),
    statusReason: instance.statusReason,
    statusSyncedAt: timestamp(instance.statusSyncedAtMs),
    templateId: instance.templateId,
    configId: instance.configId,
    createdAt: timestamp(instance.createdAtMs),
    visibleBy: instance.visibleBy,
    ...(ssh === undefined ? {} : { ssh }),
    sshKeyIds: instance.login.keyIds,
    displayName: instance.displayName,
    labels: instance.machine.labels,
    deletionProtection: instance.deletionProtection,
    ...presentActivity(instance, { pending, strictness: 'lenient', suspended: isSuspended(caller) }),
  };
}

/** Returns a new instance, with warnings if no user can log in. */
export function presentCreated(instance: Instance, operation: Operation) {
  return { ...presentInstance(instance, operation), ...loginWarnings(instance, '/api/compute/v1/ssh-keys') };
}

export function presentTemplate(template: Template, prices: Prices) {
  const { id, name, description, machineType, diskSizeGb, diskType, image, region } = template;
  const cents = prices.get(machineType);
  const price = cents === undefined ? null : { centsPerHour: cents, currency: CURRENCY };
  return { id, name, description, machineType, diskSizeGb, diskType, image, region, price };
}

export function presentConfig(config: NetworkConfig) {
  const { id, name, description, zone, network, subnetwork, tags, externalIp } = config;
  return { id, name, description, zone, network, subnetwork, tags, externalIp };
}

export function presentOperation(operation: Operation) {
  return {
    id: operation.id,
    kind: shownWord(OPERATION_KINDS, operation.kind),
    state: shownState(operation.state),
    instanceId: operation.instanceId,
    createdAt: timestamp(operation.createdAtMs),
    startedAt: operation.startedAtMs === null ? null : timestamp(operation.startedAtMs),
    completedAt: operation.completedAtMs === null ? null : timestamp(operation.completedAtMs),
    attempts: operation.attempts,
    error: operation.error,
  };
}

/** Returns the headers that identify the operation of a 202 response. */
export function operationHeaders(operation: Pick<Operation, 'id'>): Readonly<Record<string, string>> {
  return { 'operation-location': `/api/compute/v1/operations/${operation.id}`, 'x-operation-id': operation.id };
}

export function presentEvent(event: InstanceEvent) {
  return {
    status: known(EVENT_STATUSES, event.status) ?? 'UNKNOWN',
    at: timestamp(event.atMs),
    cause: shownWord(EVENT_CAUSES, event.cause),
    actor: event.actor.id,
    operationId: event.operationId,
    reason: event.reason,
    action: event.action,
  };
}
