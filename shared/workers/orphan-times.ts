/**
 * Younger VMs and disks without a record are ignored: the request that creates them may still be writing the record.
 */
export const ORPHAN_AGE_MS = 5 * 60_000;

/**
 * How long the sweep leaves a newly found VM or disk without a record untouched, so that an operator can look at it.
 */
export const QUARANTINE_MS = 10 * 60_000;
