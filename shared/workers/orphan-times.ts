/** VMs and disks younger than this may have a record in a moment: what makes them is still at work. */
export const ORPHAN_AGE_MS = 5 * 60_000;

/** A VM or a disk without a record is left alone for this long, so that a person can look at it. */
export const QUARANTINE_MS = 10 * 60_000;
