import { ORDERS } from '#shared/datastore/account-rows.ts';
import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { sharedRead, type SharedRead, type SharedRows } from '#shared/datastore/shared-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref } from '#shared/datastore/write.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { withPlaces } from '#shared/domain/orders.ts';
import { release } from '#shared/domain/quota.ts';

/** The rows that say how many instances there may be: creates and removals of one customer meet at them. */
type Holder = Pick<Instance, 'customerId' | 'project' | 'reservation'>;

/** Changes of one customer's quota are committed one after the other, several at a time. */
export function quotaOf(customerId: string): { readonly name: string; readonly oneAtATime: boolean } {
  return { name: customerId, oneAtATime: true };
}

/** What `giveBack` needs: the customer's usage, and the project's orders where the instance has a place in a reservation. */
export async function readPlaces(
  { customerId, project, reservation }: Holder,
  store: Pick<Store, 'getAll'>,
): Promise<readonly SharedRead[]> {
  const usageRef = ref(USAGE, customerId);
  const ordersRef = ref(ORDERS, project);
  const [usage, orders] = await store.getAll([usageRef, reservation === null ? undefined : ordersRef]);
  const reads = [sharedRead(usageRef, usage)];
  return reservation === null ? reads : [...reads, sharedRead(ordersRef, orders)];
}

/** The places of a removed instance are free again. */
export function giveBack({ customerId, project, reservation }: Holder, shared: SharedRows): void {
  const usageRef = ref(USAGE, customerId);
  const usage = shared.get(usageRef);
  if (usage !== undefined) shared.set(usageRef, { instances: release(usage.instances) });
  if (reservation === null) return;
  const ordersRef = ref(ORDERS, project);
  const orders = shared.get(ordersRef);
  if (orders !== undefined) shared.set(ordersRef, withPlaces(orders, reservation, -1));
}
