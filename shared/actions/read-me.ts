import { CUSTOMER, PROJECT, USER } from '#shared/datastore/account-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref } from '#shared/datastore/write.ts';
import type { Principal } from '#shared/domain/principal.ts';

/** A caller's identity, with the display names of user, customer and projects. */
export interface Me {
  readonly caller: Principal;
  /** `""` for a user who is known only from an identity provider's token. */
  readonly userName: string;
  readonly customerName: string;
  /** The caller's projects, the default one first. */
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
  // Another customer may have a user of the same id; that is another person.
  const isOwn = user?.value.customerId === caller.customerId;
  return {
    caller,
    userName: isOwn ? user.value.name : '',
    customerName: customer?.value.name ?? '',
    projects: caller.projects.map((id, index) => ({ id, name: projects[index]?.value.name ?? '' })),
  };
}
