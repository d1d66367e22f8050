import type { Value } from '#shared/datastore/field.ts';
import type { ListFilter } from '#shared/datastore/list-filters.ts';
import { newestInstances } from '#shared/datastore/queries.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { StatusGroup } from '#shared/domain/status.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** What the list of all instances is asked for. Filters that are absent let everything through. */
export interface ListRequest {
  /** The first is 1. */
  readonly page: number;
  readonly pageSize: number;
  readonly filters: Readonly<Partial<Record<Exclude<ListFilter, 'statusGroup'>, string>>> & {
    readonly statusGroup?: StatusGroup;
  };
}

export interface InstancePage {
  readonly instances: readonly Instance[];
  /** All that match, exactly. */
  readonly totalCount: number;
}

/** Up to here a page is read while its matches are counted; beyond, the count tells first whether there is such a page. */
const READ_AHEAD_OFFSET_MAX = 10_000;

/**
 * One page of all instances, newest first, and how many there are. The first page is one query of its rows. For any other,
 * what is skipped and what is found is read by keys alone, then the rows are looked up: an offset over whole rows would
 * read every one of them.
 */
export async function listInstances(
  { page, pageSize, filters }: ListRequest,
  { store }: Pick<Tools, 'store'>,
): Promise<InstancePage> {
  const given = Object.entries(filters) as readonly (readonly [ListFilter, string])[];
  const shape = newestInstances(new Set(given.map(([name]) => name)));
  const values: Readonly<Record<string, Value>> = Object.fromEntries(
    given.map(([name, value]) => [name, { stringValue: value }]),
  );
  const offset = (page - 1) * pageSize;
  const read = async (): Promise<readonly Instance[]> => {
    if (offset === 0) {
      const { rows } = await store.query(shape, values, { limit: pageSize });
      return rows.map(({ value }) => value);
    }
    const { refs } = await store.keys(shape, values, { limit: pageSize, offset });
    // One that was deleted in between is not on the page any more.
    return (await store.getAll(refs)).flatMap((row) => (row === undefined ? [] : [row.value]));
  };
  if (offset <= READ_AHEAD_OFFSET_MAX) {
    const [instances, totalCount] = await Promise.all([read(), store.count(shape, values)]);
    return { instances, totalCount };
  }
  const totalCount = await store.count(shape, values);
  return { instances: offset < totalCount ? await read() : [], totalCount };
}
