import { known, type Stored } from './stored-word.ts';

/**
 * The status of an instance: Compute Engine's words (v1 Instance.status) and two of our own. DELETING: the VM is being
 * deleted; ERROR: the VM could not be created or has vanished.
 */
export const INSTANCE_STATUSES = [
  'PENDING',
  'PROVISIONING',
  'STAGING',
  'RUNNING',
  'PENDING_STOP',
  'STOPPING',
  'STOPPED',
  'TERMINATED',
  'SUSPENDING',
  'SUSPENDED',
  'REPAIRING',
  'DEPROVISIONING',
  'DELETING',
  'ERROR',
] as const;

export type InstanceStatus = (typeof INSTANCE_STATUSES)[number];

/** Statuses that change without further action, so the VM has to be checked again. */
const TRANSITIONAL: ReadonlySet<InstanceStatus> = new Set<InstanceStatus>([
  'PENDING',
  'PROVISIONING',
  'STAGING',
  'PENDING_STOP',
  'STOPPING',
  'SUSPENDING',
  'REPAIRING',
  'DEPROVISIONING',
  'DELETING',
]);

/** Returns whether the VM has to be checked again. A status that only a newer version knows counts as transitional. */
export function isTransitional(status: Stored<InstanceStatus>): boolean {
  return TRANSITIONAL.has(shownStatus(status));
}

/**
 * Returns the status as callers see it. A status that only a newer version knows is shown as PENDING, which allows no
 * action and makes callers poll again.
 */
export function shownStatus(status: Stored<InstanceStatus>): InstanceStatus {
  return known(INSTANCE_STATUSES, status) ?? 'PENDING';
}

/** Returns whether a VM is stopped: normally TERMINATED; Compute Engine also uses STOPPED with the same meaning. */
export function isStopped(status: Stored<EventStatus>): boolean {
  return status === 'TERMINATED' || status === 'STOPPED';
}

/**
 * Converts Compute Engine's status word; `undefined` for an unknown word, for which callers keep the former status and
 * log a warning.
 */
export function statusFromCloud(word: string): InstanceStatus | undefined {
  return INSTANCE_STATUSES.find((status) => status === word && status !== 'ERROR' && status !== 'DELETING');
}

/** The five statuses of the administrators' list, which can be filtered by them. */
export const STATUS_GROUPS = ['provisioning', 'running', 'stopped', 'error', 'deleting'] as const;

export type StatusGroup = (typeof STATUS_GROUPS)[number];

export const STATUS_GROUP: Readonly<Record<InstanceStatus, StatusGroup>> = {
  PENDING: 'provisioning',
  PROVISIONING: 'provisioning',
  STAGING: 'provisioning',
  RUNNING: 'running',
  REPAIRING: 'running',
  PENDING_STOP: 'stopped',
  STOPPING: 'stopped',
  STOPPED: 'stopped',
  TERMINATED: 'stopped',
  SUSPENDING: 'stopped',
  SUSPENDED: 'stopped',
  ERROR: 'error',
  DELETING: 'deleting',
  DEPROVISIONING: 'deleting',
};

/** The statuses of events. `DELETED` is the last event of an instance. */
export type EventStatus = InstanceStatus | 'DELETED';

export const EVENT_STATUSES: readonly EventStatus[] = [...INSTANCE_STATUSES, 'DELETED'];
