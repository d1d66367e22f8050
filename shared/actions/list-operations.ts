import type { Value } from '#shared/datastore/field.ts';
import type { OperationFilter } from '#shared/datastore/list-filters.ts';
import { listedOperations } from '#shared/datastore/queries.ts';
import { canSee } from '#shared/domain/access.ts';
import type { Operation } from '#shared/domain/operation.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { position, timeText } from '#shared/domain/sort-key.ts';
import { foreignCursor, invalidQuery } from '#shared/pagination/invalid-query.ts';
import type { ListTools } from '#shared/pagination/list-cursors.ts';
import { scanPage } from '#shared/pagination/scan-page.ts';

export interface OperationListRequest {
  /** Name of the list; it is part of the cursors' scope. */
  readonly list: string;
  readonly caller: Principal;
  /** Absent filters match every operation. */
  readonly filters: Readonly<Partial<Record<OperationFilter | 'kind' | 'userId', string>>>;
  /** Epoch ms; only operations accepted at or after this time are listed. */
  readonly sinceMs: number | undefined;
  readonly limit: number;
  readonly cursor: string | undefined;
  /** Name of the cursor's query parameter, for error messages. */
  readonly cursorName: 'cursor' | 'next_cursor';
}

/**
 * Lists one page of the operations that the caller may see, newest first. Operations of deleted instances are included
 * until they expire. Users see those of their own customer; administrators see those of all customers on the admin
 * endpoint.
 */
export async function listOperations(
  request: OperationListRequest,
  { store, cursors }: ListTools,
): Promise<{ readonly operations: readonly Operation[]; readonly cursor: string | undefined }> {
  const { caller, filters, sinceMs, limit } = request;
  const { kind, userId, ...indexed } = filters;
  const given = (Object.entries(indexed) as readonly (readonly [OperationFilter, string])[]).toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const scope = { list: request.list, caller, asked: [...given, kind ?? null, userId ?? null, sinceMs ?? null] };
  const place = request.cursor === undefined ? undefined : await cursors.open(request.cursor, scope);
  if (request.cursor !== undefined && place === undefined) throw invalidQuery([foreignCursor(request.cursorName)]);
  const values: Readonly<Record<string, Value>> = Object.fromEntries(
    given.map(([name, value]) => [name, { stringValue: value }]),
  );
  const page = await scanPage<Operation>(
    {
      shape: listedOperations(new Set(given.map(([name]) => name))),
      values,
      range: {
        ...(place === undefined ? {} : { below: place }),
        ...(sinceMs === undefined ? {} : { atLeast: timeText(sinceMs) }),
      },
      limit,
      keep: (operation) =>
        canSee(caller, operation) &&
        (kind === undefined || operation.kind === kind) &&
        (userId === undefined || operation.actor.id === userId),
      positionOf: ({ createdAtMs, id }) => position(timeText(createdAtMs), id),
    },
    { store },
  );
  return {
    operations: page.values,
    cursor: page.end === undefined ? undefined : await cursors.seal(page.end, scope),
  };
}
