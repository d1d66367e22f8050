import { EVENTS_OF_INSTANCE } from '#shared/datastore/queries.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { canSee, instanceNotFound } from '#shared/domain/access.ts';
import type { InstanceEvent } from '#shared/domain/history.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

export interface HistoryRequest {
  readonly instanceId: string;
  readonly caller: Principal;
  readonly admitted: Promise<void>;
  readonly limit: number;
  /** `undefined`: from the newest. */
  readonly cursor: string | undefined;
}

/**
 * A page of an instance's history, newest first. Events outlive their instance and say themselves who may read them, so
 * the history of one that is gone is read the same way.
 */
export async function readHistory(
  request: HistoryRequest,
  { store }: Pick<Tools, 'store'>,
): Promise<{ readonly events: readonly InstanceEvent[]; readonly cursor: string | undefined }> {
  const filter = { instanceId: { stringValue: request.instanceId } };
  const { rows, cursor } = await store.query(EVENTS_OF_INSTANCE, filter, {
    limit: request.limit,
    ...(request.cursor === undefined ? {} : { cursor: request.cursor }),
  });
  await request.admitted;
  const events = rows.map(({ value }) => value);
  const [event] = events;
  if (event !== undefined && canSee(request.caller, event.visibleBy)) return { events, cursor };
  // Somebody else's is looked for as long as one that never was: the time of the answer tells them apart no better.
  const [witness] = [...events, ...(await witnesses(request, store))];
  if (witness === undefined || !canSee(request.caller, witness.visibleBy)) throw instanceNotFound();
  return { events, cursor };
}

/** Who may read an empty page: a later page may be empty, and so may all of it, when nothing has changed for long. */
async function witnesses(
  request: HistoryRequest,
  store: Tools['store'],
): Promise<readonly Pick<InstanceEvent, 'visibleBy'>[]> {
  const filter = { instanceId: { stringValue: request.instanceId } };
  const [instance, { rows }] = await Promise.all([
    store.get(ref(INSTANCE, request.instanceId)),
    request.cursor === undefined ? { rows: [] } : store.query(EVENTS_OF_INSTANCE, filter, { limit: 1 }),
  ]);
  return [...(instance === undefined ? [] : [instance.value]), ...rows.map(({ value }) => value)];
}
