import type { Value } from '#shared/datastore/field.ts';
import type { ListFilter } from '#shared/datastore/list-filters.ts';
import { newestInstances } from '#shared/datastore/queries.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { StatusGroup } from '#shared/domain/status.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** The requested page and filters; absent filters match every instance. */
export interface ListRequest {
  /** Page number, starting at 1. */
  readonly page: number;
  readonly pageSize: number;
  readonly filters: Readonly<Partial<Record<Exclude<ListFilter, 'statusGroup'>, string>>> & {
    readonly statusGroup?: StatusGroup;
  };
}

export interface InstancePage {
  readonly instances: readonly Instance[];
  /** Exact number of matches over all pages. */
  readonly totalCount: number;
}

/**
 * Up to this offset, a page is read and counted in parallel. Beyond it, the count comes first, because a read past the
 * last match is expensive.
 */
const READ_AHEAD_OFFSET_MAX = 10_000;

/**
 * Lists one page of all instances, newest first, and their total number. The first page is one query for whole rows.
 * For later pages, a keys-only query skips the offset and the rows are then looked up, because Datastore reads every
 * row that a query for whole rows skips.
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
    // An instance that was deleted after the keys were read is left out.
    return (await store.getAll(refs)).flatMap((row) => (row === undefined ? [] : [row.value]));
  };
  if (offset <= READ_AHEAD_OFFSET_MAX) {
    const [instances, totalCount] = await Promise.all([read(), store.count(shape, values)]);
    return { instances, totalCount };
  }
  const totalCount = await store.count(shape, values);
  return { instances: offset < totalCount ? await read() : [], totalCount };
}
