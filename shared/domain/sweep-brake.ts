/** What a whole comparison of VMs and records has found. */
export interface SweepCounts {
  /** VMs that carry our label. */
  readonly machines: number;
  /** Records of instances. */
  readonly records: number;
  /** VMs that should have a record and have none. */
  readonly unrecorded: number;
}

/** The brake as it is on record. */
export interface SweepBrake extends SweepCounts {
  readonly engagedAtMs: number;
  /** When an operator let the sweep go on with that many VMs without a record; `null`: not yet. */
  readonly releasedAtMs: number | null;
  readonly releasedBy: string;
  /** The database that the sweep was told to work on: its id, and when it was made. A release makes it the right one. */
  readonly database: string;
  readonly epochMs: number;
}

/** So many VMs without a record, or this part of all VMs, are an accident of single VMs and not of the records. */
const UNRECORDED_ALLOWED = 5;
const UNRECORDED_ALLOWED_PART = 0.05;

export function unrecordedAllowed({ machines, records }: Omit<SweepCounts, 'unrecorded'>): number {
  return records === 0 ? 0 : Math.max(UNRECORDED_ALLOWED, Math.floor(machines * UNRECORDED_ALLOWED_PART));
}

/**
 * Whether VMs without a record may be touched. `on`: they are too many, so the records are lost and not the VMs' owners.
 * `released`: they are too many, but no more than an operator has seen and let go.
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
