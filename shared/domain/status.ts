import { known, type Stored } from './stored-word.ts';

/**
 * The status of an instance: Compute Engine's own words (v1 Instance.status), and two of ours. DELETING is a record whose
 * VM is being removed; ERROR is one whose VM could not be made or has vanished.
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

/** VM states that end by themselves, so the VM has to be looked at again. */
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

/** A status that this version does not know is looked at again. */
export function isTransitional(status: Stored<InstanceStatus>): boolean {
  return TRANSITIONAL.has(shownStatus(status));
}

/**
 * The status as callers are shown it. One that this version does not know, written by a newer one during a deployment, is
 * PENDING: it is none to act on, and callers look again.
 */
export function shownStatus(status: Stored<InstanceStatus>): InstanceStatus {
  return known(INSTANCE_STATUSES, status) ?? 'PENDING';
}

/** A stopped VM is normally TERMINATED; Compute Engine uses STOPPED for the same thing. */
export function isStopped(status: Stored<EventStatus>): boolean {
  return status === 'TERMINATED' || status === 'STOPPED';
}

/** Compute Engine's word as ours; `undefined` for a word we do not know, which callers map to what they had and log. */
export function statusFromCloud(word: string): InstanceStatus | undefined {
  return INSTANCE_STATUSES.find((status) => status === word && status !== 'ERROR' && status !== 'DELETING');
}

/** The five words of the administrators' list; an exhaustive table, because filters depend on it. */
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

/** `DELETED` ends the history of an instance that is gone. */
export type EventStatus = InstanceStatus | 'DELETED';

export const EVENT_STATUSES: readonly EventStatus[] = [...INSTANCE_STATUSES, 'DELETED'];
