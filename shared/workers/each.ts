import { Conflict } from '#shared/datastore/write.ts';

/** Maximum number of items in progress: Compute Engine limits requests per minute. */
const LOOKS_AT_ONCE = 10;

/**
 * Runs `work` for each item, a few at a time, and begins no further item once `mayGoOn` says that time is up. Failures
 * are thrown together after all items were tried.
 */
export async function each<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
  mayGoOn: () => boolean = () => true,
): Promise<void> {
  const queue = [...items];
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    while (mayGoOn()) {
      const item = queue.shift();
      if (item === undefined) return;
      try {
        await work(item);
      } catch (thrown) {
        // Another process changed the row at the same time and recorded a newer state, so nothing is left to do.
        if (!(thrown instanceof Conflict)) failures.push(thrown);
      }
    }
  };
  await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, lane));
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} of ${items.length} failed`);
}
