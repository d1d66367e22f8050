import { CUSTOMER, SUSPENSION } from '#shared/datastore/account-rows.ts';
import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { TIER } from '#shared/datastore/catalog-rows.ts';
import { EVENTS_OF_INSTANCE } from '#shared/datastore/queries.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { instanceNotFound } from '#shared/domain/access.ts';
import type { InstanceEvent } from '#shared/domain/history.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Operation } from '#shared/domain/operation.ts';
import type { Machine } from '#shared/gce/compute.ts';
import { askCompute } from '#shared/lifecycle/ask-compute.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** An instance's record next to its VM, with related operations and events. */
export interface InstanceSheet {
  readonly record: Instance;
  /** The VM as Compute Engine returns it now; `null`: no VM exists. */
  readonly machine: Machine | null;
  /** Queued operations and those that the latest events refer to, newest first. */
  readonly operations: readonly Operation[];
  readonly events: readonly InstanceEvent[];
  readonly quota: { readonly used: number; readonly limit: number | null };
  /** The reason why the customer is suspended; `null`: the customer is not suspended. */
  readonly suspended: string | null;
}

const EVENTS_SHOWN = 10;

/** Only reads; the record is not updated. Throws `not_found`, and CloudError when Compute Engine does not answer. */
export async function showInstance(
  instanceId: string,
  tools: Pick<Tools, 'store' | 'compute' | 'sleep' | 'log' | 'nowMs'>,
): Promise<InstanceSheet> {
  const { store, compute } = tools;
  const row = await store.get(ref(INSTANCE, instanceId));
  if (row === undefined) throw instanceNotFound();
  const { customerId, zone } = row.value;
  const [machine, { rows }, [usage, customer, suspension]] = await Promise.all([
    askCompute(() => compute.get({ zone, name: instanceId }), tools),
    store.query(EVENTS_OF_INSTANCE, { instanceId: { stringValue: instanceId } }, { limit: EVENTS_SHOWN }),
    store.getAll([ref(USAGE, customerId), ref(CUSTOMER, customerId), ref(SUSPENSION, customerId)]),
  ]);
  const named = [...row.value.queue.map(({ id }) => id), ...rows.map(({ value }) => value.operationId)];
  const ids = [...new Set(named.filter((id) => id !== null))];
  const [operations, tier] = await Promise.all([
    store.getAll(ids.map((id) => ref(OPERATION, id))),
    customer === undefined ? undefined : store.get(ref(TIER, customer.value.tier)),
  ]);
  return {
    record: row.value,
    machine: machine ?? null,
    operations: operations
      .flatMap((operation) => (operation === undefined ? [] : [operation.value]))
      .sort((a, b) => b.createdAtMs - a.createdAtMs),
    events: rows.map(({ value }) => value),
    quota: { used: usage?.value.instances ?? 0, limit: tier?.value.maxInstances ?? null },
    suspended: suspension?.value.reason ?? null,
  };
}
