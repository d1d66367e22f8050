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
  /** `undefined`: from the newest. */
  readonly cursor: string | undefined;
}

/**
 * A page of an instance's history, newest first. Events outlive their instance and say themselves who may read them, so
 * the history of a deleted instance is read the same way. Throws `not_found`, and `invalid_request` for a cursor of another
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
  // Another customer's instance is looked for as long as one that never was: the time of the answer tells no difference.
  const [witness] = events.length > 0 && canSeeAll(caller, events) ? events : await witnesses(request, store);
  if (witness === undefined || !canSee(caller, witness) || !canSeeAll(caller, events)) throw instanceNotFound();
  // The page ends at a sequence, not at a row: events that expire meanwhile move no other.
  const last = found.length > limit ? events.at(-1) : undefined;
  return { events, cursor: last === undefined ? undefined : await cursors.seal(String(last.sequence), scope) };
}

/** All events of an instance have the instance's owner; a page is shown only as a whole. */
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

/** Who may read an empty page: a later page may be empty, and so may the first, when nothing has changed for long. */
async function witnesses(request: HistoryRequest, store: Tools['store']): Promise<readonly Owned[]> {
  const [instance, events] = await Promise.all([
    store.get(ref(INSTANCE, request.instanceId)),
    request.cursor === undefined ? [] : newestEvents(request.instanceId, { before: undefined, limit: 1 }, store),
  ]);
  return [...(instance === undefined ? [] : [instance.value]), ...events];
}
