/**
 * How long a lease holds unless its holder renews it, which every write of the holder does. It outlives one call to
 * Compute Engine, which is given up after 8 s, and the commit after that; a process that dies at work delays its operation
 * by at most this.
 */
export const LEASE_MS = 12_000;

/** Clocks of two processes differ by less. */
const SKEW_MS = 3_000;

/**
 * Whether a lease holds. One that ends later than any lease can was written by a clock that has gone back since, and is
 * not believed: it could hold for hours.
 */
export function isLeased({ leaseUntilMs }: { readonly leaseUntilMs: number }, nowMs: number): boolean {
  return leaseUntilMs > nowMs && leaseUntilMs <= nowMs + LEASE_MS + SKEW_MS;
}

/** For how long an operation is put off at most: the sweep's beat. */
export const PUT_OFF_MS_MAX = 60_000;

/** Whether an operation is due later. A time further away than any put-off can be is not believed, as with leases. */
export function isPutOff(dueAtMs: number, nowMs: number): boolean {
  return dueAtMs > nowMs && dueAtMs <= nowMs + PUT_OFF_MS_MAX + SKEW_MS;
}
