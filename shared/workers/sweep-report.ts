import type { SyncTrigger } from '#shared/lifecycle/sync-instance.ts';

/** Counts of one sweep, for its log line and the dashboards made from it. */
export interface SweepReport {
  readonly republished: number;
  readonly oldestOpenSeconds: number;
  readonly looked: number;
  /** Spot bids that were due, or whose limit is below the present price. */
  readonly bids: number;
  readonly machines: number;
  readonly records: number;
  /** VMs with our label that should have a record but have none. */
  readonly unrecorded: number;
  /** VMs and disks of the list of orphans that were processed. */
  readonly orphans: number;
  /** `disks`: disks with our label; `volumes`: live volumes; `unrecordedDisks`: disks without a volume. */
  readonly disks: number;
  readonly volumes: number;
  readonly unrecordedDisks: number;
  /** Volumes that were due for a check. */
  readonly settledVolumes: number;
  readonly failures: number;
  /**
   * `on`: too many VMs have no record, so none was touched. `foreign`: the database is not this deployment's, so
   * nothing was done.
   */
  readonly brake: 'off' | 'released' | 'on' | 'foreign';
  /** True: this sweep has ended a round, whose counts it reports. On a large platform a round takes several sweeps. */
  readonly full: boolean;
}

/** Maximum number of rows per part of a sweep; the rest is due at the next one. */
export const BATCH = 500;

export const JOB = 'reconciler-sweep';

export const DRIFT: SyncTrigger = { cause: 'drift' };
