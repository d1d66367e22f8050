import { KeyedMutex } from '#shared/concurrency/keyed-mutex.ts';
import { Failure } from '#shared/domain/failure.ts';

/** Creates of one customer in this process run one after the other, or they would only make each other's commits fail. */
const perCustomer = new KeyedMutex();

/** A create that has waited this long for others of its customer is told to come back, before its caller gives up. */
const QUEUED_MS_MAX = 8_000;

/** Runs a create when those of the same customer before it have been accepted. Throws `unavailable` after a long wait. */
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
