import type { Value } from '#shared/datastore/field.ts';
import type { Range, Shape } from '#shared/datastore/query.ts';
import type { Store } from '#shared/datastore/store.ts';

/** Minimum number of rows per query while filtering. */
const BATCH_MIN = 50;
/** Maximum number of rows read for one page. A page that stops here may be short; its end says where to continue. */
const ROWS_MAX = 2_000;

export interface Scan<T> {
  readonly shape: Shape<T>;
  readonly values: Readonly<Record<string, Value>>;
  readonly range: Range;
  readonly limit: number;
  readonly keep: (value: T) => boolean;
  /** Returns the position of a row in the shape's order. */
  readonly positionOf: (value: T) => string;
}

export interface ScannedPage<T> {
  readonly values: readonly T[];
  /** Position after which the next page begins; `undefined` for the last page. */
  readonly end: string | undefined;
}

/**
 * Reads one page of the rows that a filter accepts, in the shape's order. Filters without an index are applied here,
 * with a bounded number of reads. The page ends at a position, not at a row, so the row may be deleted before the next
 * page is read.
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
      // One match more than the page holds: another page follows, and this one ends before that match.
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
