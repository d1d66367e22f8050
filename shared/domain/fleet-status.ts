import type { InstanceEvent } from './history.ts';
import type { Instance } from './instance.ts';
import { type InstanceStatus, isStopped, shownStatus } from './status.ts';

/** Status words of the fleet family. Lists are sorted and filtered by them, so the domain needs them. */
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
 * Returns the status word of an instance. It can be more specific than the status: NEW if the VM was not created yet,
 * CONFIRMED if a stopped instance has a start queued, PREEMPTED if the cloud stopped a spot instance.
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

/** `InstanceEvent.reason` of an event that reports a pre-emption. */
export const PREEMPTED_REASON = 'preempted';

/**
 * Returns the status word of a past event. A VM that is being deleted is shown as STOPPING until it is gone; TERMINATED
 * is the time at which it was gone.
 */
export function pastFleetStatus(event: Pick<InstanceEvent, 'reason' | 'status'>): FleetStatus {
  const { status, reason } = event;
  if (status === 'DELETED') return 'STATUS_TERMINATED';
  if (status === 'DELETING') return 'STATUS_STOPPING';
  if (isStopped(status) && reason === PREEMPTED_REASON) return 'STATUS_PREEMPTED';
  return WORD[shownStatus(status)];
}

/** Returns since when an instance is PREEMPTED, TERMINATED or ERROR; `null` for any other status. */
export function endedAtMs(instance: Pick<Instance, 'status' | 'cloudId' | 'queue' | 'preempted' | 'statusSinceMs'>) {
  const word = fleetStatus(instance);
  const ended = word === 'STATUS_PREEMPTED' || word === 'STATUS_TERMINATED' || word === 'STATUS_ERROR';
  return ended ? instance.statusSinceMs : null;
}
