import { KeyedMutex } from '#shared/concurrency/keyed-mutex.ts';
import { Failure } from '#shared/domain/failure.ts';

/**
 * Serializes the creates of one customer in this process; in parallel, their commits would conflict on the usage row.
 */
const perCustomer = new KeyedMutex();

/** A create that has waited longer than this for others of its customer fails, before the caller's own timeout. */
const QUEUED_MS_MAX = 8_000;

/**
 * Runs a create after the customer's earlier ones were accepted. Throws `unavailable` if the wait exceeds the maximum.
 */
export function oneCreateAtATime<T>(
  customerId: string,
  create: () => Promise<T>,
  { nowMs }: { readonly nowMs: () => number },
): Promise<T> {
  const queuedAtMs = nowMs();
  return perCustomer.run(customerId, async () => {
    if (nowMs() - queuedAtMs > QUEUED_MS_MAX) throw tooManyCreates();
    return create();
  });
}

function tooManyCreates(): Failure {
  return new Failure('unavailable', 'Too many creates at the same time. Please try again.', {
    reason: 'contention',
    retryAfterSeconds: 2,
  });
}
