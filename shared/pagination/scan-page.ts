import type { Value } from '#shared/datastore/field.ts';
import type { Range, Shape } from '#shared/datastore/query.ts';
import type { Store } from '#shared/datastore/store.ts';

/** Rows read at once while looking for those that a filter lets through. */
const BATCH_MIN = 50;
/** Rows read for one page at most. A page that ends here is short, and its position says where to go on. */
const ROWS_MAX = 2_000;

export interface Scan<T> {
  readonly shape: Shape<T>;
  readonly values: Readonly<Record<string, Value>>;
  readonly range: Range;
  readonly limit: number;
  readonly keep: (value: T) => boolean;
  /** Where a row stands in the order of the shape. */
  readonly positionOf: (value: T) => string;
}

export interface ScannedPage<T> {
  readonly values: readonly T[];
  /** Position behind which the next page begins; `undefined` when this was the last one. */
  readonly end: string | undefined;
}

/**
 * A page of the rows that a filter lets through, in the order of the shape. What no index can filter is filtered here, in
 * bounded steps. The page ends at a position and not at a row, so it does not matter whether that row is still there when
 * the next page is asked for.
 */
export async function scanPage<T>(
  scan: Scan<T>,
  { store }: { readonly store: Pick<Store, 'query'> },
): Promise<ScannedPage<T>> {
  const { shape, limit } = scan;
  const descends = shape.order[0]?.direction === 'desc';
  const values: T[] = [];
  let { range } = scan;
  let read = 0;
  for (;;) {
    const batch = Math.min(Math.max(limit + 1 - values.length, BATCH_MIN), ROWS_MAX - read);
    const { rows } = await store.query(shape, scan.values, { limit: batch, range });
    read += rows.length;
    for (const { value } of rows) {
      if (!scan.keep(value)) continue;
      const previous = values.at(-1);
      // One more than the page holds: there is another page, and this one ends before it.
      if (values.length === limit && previous !== undefined) return { values, end: scan.positionOf(previous) };
      values.push(value);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < batch) return { values, end: undefined };
    const end = scan.positionOf(last.value);
    if (read >= ROWS_MAX) return { values, end };
    range = descends ? { ...range, below: end } : { ...range, above: end };
  }
}
