import type { ResourceState } from '#shared/contracts/resource/states.ts';
import type { InstanceStatus } from '#shared/domain/status.ts';

/** The family's word for each status. The table is exhaustive, so a new status does not compile without a word. */
export const STATE: Readonly<Record<InstanceStatus, ResourceState>> = {
  PENDING: 'provisioning',
  PROVISIONING: 'provisioning',
  STAGING: 'provisioning',
  RUNNING: 'running',
  REPAIRING: 'running',
  PENDING_STOP: 'stopping',
  STOPPING: 'stopping',
  SUSPENDING: 'stopping',
  STOPPED: 'stopped',
  TERMINATED: 'stopped',
  SUSPENDED: 'stopped',
  DEPROVISIONING: 'terminated',
  DELETING: 'terminated',
  ERROR: 'terminated',
};
