import type { InstanceEvent } from './history.ts';
import type { Instance } from './instance.ts';
import { type InstanceStatus, isStopped, shownStatus } from './status.ts';

/** Status words of the fleet family, a closed list. Lists are sorted and filtered by them, so the domain knows them. */
export const FLEET_STATUSES = [
  'STATUS_NEW',
  'STATUS_CONFIRMED',
  'STATUS_INITIALIZING',
  'STATUS_STARTING',
  'STATUS_RUNNING',
  'STATUS_STOPPING',
  'STATUS_TERMINATED',
  'STATUS_RELOCATING',
  'STATUS_PREEMPTING',
  'STATUS_PREEMPTED',
  'STATUS_REPLACED',
  'STATUS_PAUSED',
  'STATUS_ERROR',
] as const;
export type FleetStatus = (typeof FLEET_STATUSES)[number];

const WORD: Readonly<Record<InstanceStatus, FleetStatus>> = {
  PENDING: 'STATUS_INITIALIZING',
  PROVISIONING: 'STATUS_INITIALIZING',
  STAGING: 'STATUS_STARTING',
  RUNNING: 'STATUS_RUNNING',
  REPAIRING: 'STATUS_RUNNING',
  PENDING_STOP: 'STATUS_STOPPING',
  STOPPING: 'STATUS_STOPPING',
  SUSPENDING: 'STATUS_STOPPING',
  STOPPED: 'STATUS_PAUSED',
  TERMINATED: 'STATUS_PAUSED',
  SUSPENDED: 'STATUS_PAUSED',
  DEPROVISIONING: 'STATUS_TERMINATED',
  DELETING: 'STATUS_TERMINATED',
  ERROR: 'STATUS_ERROR',
};

/**
 * The word for an instance: its status, and what the status alone does not say. A record whose VM was not made yet is
 * NEW; one that rests and was asked to start is CONFIRMED; one that rests because the cloud took it is PREEMPTED.
 */
export function fleetStatus(instance: Pick<Instance, 'status' | 'cloudId' | 'queue' | 'preempted'>): FleetStatus {
  const { status, queue } = instance;
  const isNew = instance.cloudId === '' && queue.some(({ kind }) => kind === 'create');
  if (isNew && (status === 'PENDING' || status === 'PROVISIONING')) return 'STATUS_NEW';
  const rests = isStopped(status) || status === 'SUSPENDED';
  if (rests && queue.at(-1)?.kind === 'start') return 'STATUS_CONFIRMED';
  if (rests && instance.preempted) return 'STATUS_PREEMPTED';
  return WORD[shownStatus(status)];
}

/** Why an event of a VM at rest says that it was taken away: `InstanceEvent.reason`. */
export const PREEMPTED_REASON = 'preempted';

/**
 * The word for a change in the past. Here a VM that is being deleted is STOPPING, which is what it does until it is gone:
 * the history says when the cloud did what, so TERMINATED is the moment at which the VM was gone.
 */
export function pastFleetStatus(event: Pick<InstanceEvent, 'reason' | 'status'>): FleetStatus {
  const { status, reason } = event;
  if (status === 'DELETED') return 'STATUS_TERMINATED';
  if (status === 'DELETING') return 'STATUS_STOPPING';
  if (isStopped(status) && reason === PREEMPTED_REASON) return 'STATUS_PREEMPTED';
  return WORD[shownStatus(status)];
}

/** When an instance ended: only what does not come back by itself has an end. */
export function endedAtMs(instance: Pick<Instance, 'status' | 'cloudId' | 'queue' | 'preempted' | 'statusSinceMs'>) {
  const word = fleetStatus(instance);
  const ended = word === 'STATUS_PREEMPTED' || word === 'STATUS_TERMINATED' || word === 'STATUS_ERROR';
  return ended ? instance.statusSinceMs : null;
}
