import { Conflict } from '#shared/datastore/write.ts';

/** Looks at VMs at the same time: Compute Engine counts requests per minute. */
const LOOKS_AT_ONCE = 10;

/** Runs `work` for each, a few at a time. A failure is thrown after the others have run. */
export async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        await work(item);
      } catch (thrown) {
        // Another process changed the row at the same time and has seen something newer.
        if (!(thrown instanceof Conflict)) failures.push(thrown);
      }
    }
  };
  await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, lane));
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} of ${items.length} failed`);
}
