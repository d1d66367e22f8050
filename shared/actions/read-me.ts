import { CUSTOMER, PROJECT, USER } from '#shared/datastore/account-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref } from '#shared/datastore/write.ts';
import type { Principal } from '#shared/domain/principal.ts';

/** Who a caller is, with the names that people gave. */
export interface Me {
  readonly caller: Principal;
  /** `""` where the user is known to the issuer of their token only. */
  readonly userName: string;
  readonly customerName: string;
  /** The caller's, the default one first. */
  readonly projects: readonly { readonly id: string; readonly name: string }[];
}

export async function readMe(
  { caller }: { readonly caller: Principal },
  { store }: { readonly store: Pick<Store, 'get' | 'getAll'> },
): Promise<Me> {
  const [user, customer, projects] = await Promise.all([
    store.get(ref(USER, caller.userId)),
    store.get(ref(CUSTOMER, caller.customerId)),
    store.getAll(caller.projects.map((id) => ref(PROJECT, id))),
  ]);
  // A user row of another customer is another person's.
  const isOwn = user?.value.customerId === caller.customerId;
  return {
    caller,
    userName: isOwn ? user.value.name : '',
    customerName: customer?.value.name ?? '',
    projects: caller.projects.map((id, index) => ({ id, name: projects[index]?.value.name ?? '' })),
  };
}
