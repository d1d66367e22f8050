/** Result of a full comparison of VMs (and disks) with records. */
export interface SweepCounts {
  /** VMs that carry our label. */
  readonly machines: number;
  /** Records of instances. */
  readonly records: number;
  /** VMs that should have a record but have none. */
  readonly unrecorded: number;
}

/** The stored brake. */
export interface SweepBrake extends SweepCounts {
  readonly engagedAtMs: number;
  /** When an operator released the brake for that many VMs without a record; `null`: not released. */
  readonly releasedAtMs: number | null;
  readonly releasedBy: string;
  /** Id and creation time of the sweep's database. A release marks this database as the right one. */
  readonly database: string;
  readonly epochMs: number;
}

/**
 * Up to this number, or this share of all VMs, VMs without a record are considered individual cases and not a loss of
 * records.
 */
const UNRECORDED_ALLOWED = 5;
const UNRECORDED_ALLOWED_PART = 0.05;

export function unrecordedAllowed({ machines, records }: Omit<SweepCounts, 'unrecorded'>): number {
  return records === 0 ? 0 : Math.max(UNRECORDED_ALLOWED, Math.floor(machines * UNRECORDED_ALLOWED_PART));
}

/**
 * Returns whether VMs without a record may be touched. `on`: too many lack a record, so the records were probably lost.
 * `released`: too many, but no more than an operator has accepted.
 */
export function brakeAfter(
  brake: SweepBrake | undefined,
  counts: SweepCounts,
  { isMarked }: { /** The database is known to be this deployment's. */ readonly isMarked: boolean },
): 'off' | 'released' | 'on' {
  const { unrecorded } = counts;
  const allowed = isMarked ? unrecordedAllowed(counts) : 0;
  if (unrecorded <= allowed) return 'off';
  return isMarked && brake !== undefined && brake.releasedAtMs !== null && unrecorded <= brake.unrecorded
    ? 'released'
    : 'on';
}
