import type { SyncTrigger } from '#shared/lifecycle/sync-instance.ts';

/** What a sweep did, for its log line and the dashboards made from it. */
export interface SweepReport {
  readonly republished: number;
  readonly oldestOpenSeconds: number;
  readonly looked: number;
  /** Spot bids that were due, or whose price has risen above their limit. */
  readonly bids: number;
  readonly machines: number;
  readonly records: number;
  /** VMs with our label that should have a record and have none. */
  readonly unrecorded: number;
  /** VMs on the list of those to delete that were deleted. */
  readonly orphans: number;
  /** Disks with our label, live volumes, and disks that no volume knows. */
  readonly disks: number;
  readonly volumes: number;
  readonly unrecordedDisks: number;
  /** Volumes that were due to be looked at. */
  readonly settledVolumes: number;
  readonly failures: number;
  /** `on`: too many VMs have no record, and none is touched. `foreign`: the database is another one; nothing was done. */
  readonly brake: 'off' | 'released' | 'on' | 'foreign';
  /** False: only what was due; the whole comparison runs less often on a large platform. */
  readonly full: boolean;
}

/** Bounds of one sweep; what is left over is due at the next one. */
export const BATCH = 500;

export const JOB = 'reconciler-sweep';

export const DRIFT: SyncTrigger = { cause: 'drift' };
