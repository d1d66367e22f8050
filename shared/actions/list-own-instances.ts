import { INSTANCES_OF_USER, INSTANCES_OF_USER_BY_POSITION } from '#shared/datastore/queries.ts';
import { canSee } from '#shared/domain/access.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { position, timeText } from '#shared/domain/sort-key.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { foreignCursor, invalidQuery } from '#shared/pagination/invalid-query.ts';
import type { ListTools } from '#shared/pagination/list-cursors.ts';
import { scanPage } from '#shared/pagination/scan-page.ts';

/** Filters of a list of own instances; absent filters match every instance. */
export interface OwnInstanceFilters {
  /** `env=prod`, or `env` for any value. An instance must match all of them. */
  readonly labels: readonly string[];
  /** Prefix of the display name. */
  readonly name: string | undefined;
  /** The status in the family's own vocabulary. */
  readonly status: string | undefined;
}

/** Rows per query; the list itself is limited only by the customer's quota. */
const PAGE_SIZE = 300;

/** Lists all instances that the caller created and may still see, newest first. */
export async function listOwnInstances(
  { caller }: { readonly caller: Principal },
  { store }: Pick<Tools, 'store'>,
): Promise<readonly Instance[]> {
  const instances: Instance[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.query(
      INSTANCES_OF_USER,
      { userId: { stringValue: caller.userId } },
      { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) },
    );
    instances.push(...page.rows.map(({ value }) => value));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return instances.filter((instance) => canSee(caller, instance));
}

export interface OwnInstanceListRequest {
  /** Name of the list; it is part of the cursors' scope. */
  readonly list: string;
  readonly caller: Principal;
  readonly filters: OwnInstanceFilters;
  /** `undefined`: return all instances, as the original interfaces do. */
  readonly limit: number | undefined;
  readonly cursor: string | undefined;
  readonly cursorName: 'cursor' | 'next_cursor';
  readonly statusOf: (instance: Instance) => string;
}

/** Page size when the request has a cursor but no limit. */
const LIMIT_DEFAULT = 100;

/** Lists the caller's own instances that match, newest first: all of them, or one page. */
export async function pageOfOwnInstances(
  request: OwnInstanceListRequest,
  { store, cursors }: ListTools,
): Promise<{ readonly instances: readonly Instance[]; readonly cursor: string | undefined }> {
  const { caller, filters } = request;
  const keep = (instance: Instance) => canSee(caller, instance) && passes(instance, request);
  if (request.limit === undefined && request.cursor === undefined) {
    return { instances: (await listOwnInstances(request, { store })).filter(keep), cursor: undefined };
  }
  const asked = [[...filters.labels].toSorted(), filters.name ?? null, filters.status ?? null];
  const scope = { list: request.list, caller, asked };
  const place = request.cursor === undefined ? undefined : await cursors.open(request.cursor, scope);
  if (request.cursor !== undefined && place === undefined) throw invalidQuery([foreignCursor(request.cursorName)]);
  const { values, end } = await scanPage<Instance>(
    {
      shape: INSTANCES_OF_USER_BY_POSITION,
      values: { userId: { stringValue: caller.userId } },
      range: place === undefined ? {} : { below: place },
      limit: request.limit ?? LIMIT_DEFAULT,
      keep,
      positionOf: ({ createdAtMs, id }) => position(timeText(createdAtMs), id),
    },
    { store },
  );
  return { instances: values, cursor: end === undefined ? undefined : await cursors.seal(end, scope) };
}

function passes(instance: Instance, { filters, statusOf }: OwnInstanceListRequest): boolean {
  const { labels, name, status } = filters;
  return (
    (name === undefined || instance.displayName.startsWith(name)) &&
    (status === undefined || statusOf(instance) === status) &&
    labels.every((label) => hasLabel(instance.machine.labels, label))
  );
}

function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const mark = wanted.indexOf('=');
  if (mark < 0) return Object.hasOwn(labels, wanted);
  return Object.hasOwn(labels, wanted.slice(0, mark)) && labels[wanted.slice(0, mark)] === wanted.slice(mark + 1);
}
