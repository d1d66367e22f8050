import { EARLIER_EVENTS_OF_INSTANCE, EVENTS_OF_INSTANCE } from '#shared/datastore/queries.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { canSee, instanceNotFound, type Owned } from '#shared/domain/access.ts';
import type { InstanceEvent } from '#shared/domain/history.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { foreignCursor, invalidQuery } from '#shared/pagination/invalid-query.ts';
import type { ListTools } from '#shared/pagination/list-cursors.ts';

export interface HistoryRequest {
  readonly instanceId: string;
  readonly caller: Principal;
  readonly limit: number;
  /** `undefined`: start with the newest event. */
  readonly cursor: string | undefined;
}

/**
 * Reads one page of an instance's history, newest first. Events outlive their instance and carry its owner, so the
 * history of a deleted instance is read the same way. Throws `not_found`, and `invalid_request` for a cursor of another
 * instance, caller or list.
 */
export async function readHistory(
  request: HistoryRequest,
  { store, cursors }: ListTools,
): Promise<{ readonly events: readonly InstanceEvent[]; readonly cursor: string | undefined }> {
  const { caller, instanceId, limit } = request;
  const scope = { list: 'instance-history', caller, asked: [instanceId] };
  const place = request.cursor === undefined ? undefined : await cursors.open(request.cursor, scope);
  if (request.cursor !== undefined && place === undefined) throw invalidQuery([foreignCursor('cursor')]);
  const found = await newestEvents(instanceId, { before: place, limit: limit + 1 }, store);
  const events = found.slice(0, limit);
  // For another customer's instance, the same queries run as for one that never existed, so response times reveal
  // nothing.
  const [witness] = events.length > 0 && canSeeAll(caller, events) ? events : await witnesses(request, store);
  if (witness === undefined || !canSee(caller, witness) || !canSeeAll(caller, events)) throw instanceNotFound();
  // The cursor is a sequence number, not a row: events that expire meanwhile shift no other.
  const last = found.length > limit ? events.at(-1) : undefined;
  return { events, cursor: last === undefined ? undefined : await cursors.seal(String(last.sequence), scope) };
}

/**
 * Returns whether the caller may see every event. All events of an instance have the same owner, so a page is shown
 * whole or not at all.
 */
function canSeeAll(caller: Principal, events: readonly InstanceEvent[]): boolean {
  return events.every((event) => canSee(caller, event));
}

async function newestEvents(
  instanceId: string,
  { before, limit }: { readonly before: string | undefined; readonly limit: number },
  store: Pick<Tools['store'], 'query'>,
): Promise<readonly InstanceEvent[]> {
  const filter = { instanceId: { stringValue: instanceId } };
  const { rows } =
    before === undefined
      ? await store.query(EVENTS_OF_INSTANCE, filter, { limit })
      : await store.query(
          EARLIER_EVENTS_OF_INSTANCE,
          { ...filter, sequence: { integerValue: Number(before) - 1 } },
          { limit },
        );
  return rows.map(({ value }) => value);
}

/**
 * Reads rows that name the instance's owner when the page itself is empty: a later page, or the first one when all
 * events have expired.
 */
async function witnesses(request: HistoryRequest, store: Tools['store']): Promise<readonly Owned[]> {
  const [instance, events] = await Promise.all([
    store.get(ref(INSTANCE, request.instanceId)),
    request.cursor === undefined ? [] : newestEvents(request.instanceId, { before: undefined, limit: 1 }, store),
  ]);
  return [...(instance === undefined ? [] : [instance.value]), ...events];
}
