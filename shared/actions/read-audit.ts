import type { AuditFilter } from '#shared/datastore/list-filters.ts';
import { auditTrail } from '#shared/datastore/queries.ts';
import { badCursor } from '#shared/datastore/store-failure.ts';
import { type AuditAction, type AuditEntry, auditPlace, isAuditId } from '#shared/domain/audit.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { foreignCursor, invalidQuery } from '#shared/pagination/invalid-query.ts';
import type { ListTools } from '#shared/pagination/list-cursors.ts';

/** Filters of the audit trail; absent filters match every entry. */
export interface AuditQuery {
  readonly actorId?: string;
  /** Kind and id: `customer acme`. */
  readonly object?: string;
  readonly action?: AuditAction;
  /** Only entries at or after this time; epoch ms. */
  readonly sinceMs?: number;
  /** Only entries at or before this time; epoch ms. */
  readonly untilMs?: number;
}

export interface AuditPage {
  /** Newest first. */
  readonly entries: readonly AuditEntry[];
  /** Id of the page's last entry; `undefined` when no more entries follow. */
  readonly after: string | undefined;
}

/**
 * Reads one page of the audit trail; `after` is the id of the previous page's last entry. Throws `invalid_request` for a
 * text that is no entry's id.
 */
export async function readAudit(
  query: AuditQuery,
  page: { readonly limit: number; readonly after?: string },
  { store }: Pick<Tools, 'store'>,
): Promise<AuditPage> {
  const { sinceMs, untilMs } = query;
  if (page.after !== undefined && !isAuditId(page.after)) throw badCursor();
  const given: readonly (readonly [AuditFilter, string | undefined])[] = [
    ['actorId', query.actorId],
    ['object', query.object],
    ['action', query.action],
  ];
  const asked = given.filter(([, value]) => value !== undefined);
  // Entry ids decrease over time (newest first), so the upper bound in time is the lower bound of the id.
  const { rows } = await store.query(
    auditTrail(new Set(asked.map(([name]) => name))),
    Object.fromEntries(asked.map(([name, value]) => [name, { stringValue: value ?? '' }])),
    {
      limit: page.limit + 1,
      range: {
        ...(untilMs === undefined || page.after !== undefined ? {} : { atLeast: auditPlace(untilMs) }),
        ...(page.after === undefined ? {} : { above: page.after }),
        ...(sinceMs === undefined ? {} : { below: auditPlace(sinceMs - 1) }),
      },
    },
  );
  const entries = rows.slice(0, page.limit).map(({ value }) => value);
  return { entries, after: rows.length > page.limit ? entries.at(-1)?.id : undefined };
}

export interface AuditListRequest {
  readonly caller: Principal;
  readonly query: AuditQuery;
  readonly limit: number;
  readonly cursor: string | undefined;
}

/** Like `readAudit`, with sealed cursors for API callers. Throws `invalid_request` for a cursor of another list. */
export async function listAudit(
  { caller, query, limit, cursor }: AuditListRequest,
  { store, cursors }: ListTools,
): Promise<{ readonly entries: readonly AuditEntry[]; readonly cursor: string | undefined }> {
  const { actorId = null, object = null, action = null, sinceMs = null, untilMs = null } = query;
  const scope = { list: 'audit', caller, asked: [actorId, object, action, sinceMs, untilMs] };
  const after = cursor === undefined ? undefined : await cursors.open(cursor, scope);
  if (cursor !== undefined && after === undefined) throw invalidQuery([foreignCursor('cursor')]);
  const page = await readAudit(query, { limit, ...(after === undefined ? {} : { after }) }, { store });
  return {
    entries: page.entries,
    cursor: page.after === undefined ? undefined : await cursors.seal(page.after, scope),
  };
}
