import { EVENT, INSTANCE } from '#shared/datastore/rows.ts';
import { ref, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { eventId, type InstanceEvent } from '#shared/domain/history.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Operation } from '#shared/domain/operation.ts';
import type { ZoneOperation } from '#shared/gce/compute.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { type CreateRequest, type NewRows, readOwn } from './accept-create.ts';

/** Records Compute Engine's answer, and ends the leases of the operation and the idempotency record. */
export async function confirm(
  request: CreateRequest,
  {
    operation: { id, instanceId },
    rows,
    zoneOperation,
  }: {
    readonly operation: Operation;
    readonly rows: NewRows | undefined;
    readonly zoneOperation: ZoneOperation | undefined;
  },
  { store, log }: Tools,
): Promise<void> {
  // Usually nothing has changed since the first commit, so its rows are used. After a conflict they are read again.
  let known = rows;
  try {
    await store.changeTogether<NewRows, undefined>(
      { name: request.caller.customerId, oneAtATime: false },
      {
        read: async () => {
          const own = known ?? (await readNew(request, { id, instanceId }, store));
          known = undefined;
          return { own, shared: [] };
        },
        decide: (own) => ({ writes: confirmWrites(request, zoneOperation, own), result: undefined }),
      },
    );
  } catch (thrown) {
    // The record and the VM exist, so the request has succeeded; the leases expire without this commit.
    log.warn('a create could not be confirmed on record; its lease will run out', { operationId: id, cause: thrown });
  }
}

function readNew(
  request: CreateRequest,
  { id, instanceId }: Pick<Operation, 'id' | 'instanceId'>,
  store: Tools['store'],
): Promise<NewRows> {
  return Promise.all([
    readOwn(request, id, store),
    store.getAll([ref(INSTANCE, instanceId), ref(EVENT, eventId(instanceId, 1))]),
  ]);
}

function confirmWrites(
  { requestId }: CreateRequest,
  zoneOperation: ZoneOperation | undefined,
  [[row, record], [instance, first]]: NewRows,
): readonly Write[] {
  if (row?.value.state !== 'running' || row.value.leaseToken !== requestId) return [];
  const { call } = row.value;
  const noted = call === null ? null : { ...call, zoneOperation: zoneOperation?.name ?? call.zoneOperation };
  const writes: Write[] = [replace(row, { ...row.value, leaseUntilMs: 0, call: noted })];
  if (record !== undefined) writes.push(replace(record, { ...record.value, leaseUntilMs: 0 }));
  if (zoneOperation !== undefined) writes.push(...begunWrites(zoneOperation, { instance, first }));
  return writes;
}

/** The VM exists from now on, and since when is what the cloud says: the record was made a little earlier. */
function begunWrites(
  { startedAtMs, targetId }: ZoneOperation,
  { instance, first }: { readonly instance: Row<Instance> | undefined; readonly first: Row<InstanceEvent> | undefined },
): readonly Write[] {
  // Another process has already observed the VM and recorded its status.
  if (instance === undefined || first === undefined || instance.value.eventCount > 1) return [];
  const atMs = startedAtMs ?? first.value.atMs;
  const cloudId = instance.value.cloudId === '' ? targetId : instance.value.cloudId;
  return [
    replace(instance, { ...instance.value, cloudId, statusSinceMs: atMs, lastEventAtMs: atMs }),
    replace(first, { ...first.value, atMs }),
  ];
}
