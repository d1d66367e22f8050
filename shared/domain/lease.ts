/**
 * Duration of a lease. Every write of its holder renews the lease. It is longer than one call to Compute Engine, which
 * times out after 8 s, plus the following commit; a crashed process delays its operation at most this long.
 */
export const LEASE_MS = 12_000;

/** Maximum assumed difference between the clocks of two processes. */
const SKEW_MS = 3_000;

/**
 * Returns whether a lease is in force. A lease that ends later than possible was written by a process whose clock was
 * wrong; it is ignored, because it could block for hours.
 */
export function isLeased(
  { leaseUntilMs }: { readonly leaseUntilMs: number },
  nowMs: number,
  leaseMs = LEASE_MS,
): boolean {
  return leaseUntilMs > nowMs && leaseUntilMs <= nowMs + leaseMs + SKEW_MS;
}

/** Maximum time by which an operation is postponed: the sweep's interval. */
export const PUT_OFF_MS_MAX = 60_000;

/** Returns whether an operation is due later. A due time further away than possible is ignored, as with leases. */
export function isPutOff(dueAtMs: number, nowMs: number): boolean {
  return dueAtMs > nowMs && dueAtMs <= nowMs + PUT_OFF_MS_MAX + SKEW_MS;
}
