import { SSH_KEY } from '#shared/datastore/catalog-rows.ts';
import { SSH_KEYS_GIVEN } from '#shared/datastore/queries.ts';
import { PROJECT_SSH_KEY } from '#shared/datastore/ssh-key-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref } from '#shared/datastore/write.ts';
import type { LoginKey } from '#shared/domain/login.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { holderOf, isSshKeyId, mayUseKey, type ProjectSshKey } from '#shared/domain/project-ssh-key.ts';

export interface InstanceKeysRequest {
  readonly caller: Principal;
  /** fid of the instance's project; `""` for a creator who has none. */
  readonly project: string;
  /** What the caller named; `undefined`: the project's default keys. */
  readonly ids: readonly string[] | undefined;
}

export interface InstanceKeys {
  readonly keys: readonly LoginKey[];
  /** Ids that name no key, or none that the caller may use, with their place in the request. */
  readonly unknown: readonly { readonly index: number; readonly id: string }[];
}

/** A catalogue's id; what does not look like one is not looked up. */
const CATALOG_ID = /^key-[a-z0-9-]{1,59}$/;
const PAGE_SIZE = 300;

/**
 * The keys that a new instance carries: those that are named, or the project's default ones; and always the project's
 * required ones. Names are the stored keys' ids and the operator's of the catalogue.
 */
export async function keysForInstance(
  { caller, project, ids }: InstanceKeysRequest,
  store: Pick<Store, 'getAll' | 'query'>,
): Promise<InstanceKeys> {
  const { customerId, userId } = caller;
  const [given, named] = await Promise.all([
    keysGivenBy(holderOf({ customerId, userId, project }), store),
    Promise.all([...new Set(ids)].map((id) => namedKey(caller, id, store))),
  ]);
  const keys = new Map<string, LoginKey>();
  for (const key of named) if (key !== undefined) keys.set(key.id, key);
  for (const key of given) if (key.required || (ids === undefined && key.isDefault)) keys.set(key.id, toLoginKey(key));
  const unknown = (ids ?? []).flatMap((id, index) => (keys.has(id) ? [] : [{ index, id }]));
  return { keys: [...keys.values()], unknown };
}

/** Rows that are asked for in one tick are read in one look-up. */
async function namedKey(caller: Principal, id: string, store: Pick<Store, 'getAll'>): Promise<LoginKey | undefined> {
  if (!CATALOG_ID.test(id)) return undefined;
  const [stored, offered] = await store.getAll([
    isSshKeyId(id) ? ref(PROJECT_SSH_KEY, id) : undefined,
    ref(SSH_KEY, id),
  ]);
  if (stored !== undefined && mayUseKey(caller, stored.value)) return toLoginKey(stored.value);
  // Another customer's entry is as unknown as one that does not exist.
  if (offered === undefined || !['', caller.customerId].includes(offered.value.customerId)) return undefined;
  const { user, publicKey } = offered.value;
  return { id, user, publicKey };
}

async function keysGivenBy(holder: string, store: Pick<Store, 'query'>): Promise<readonly ProjectSshKey[]> {
  const page = await store.query(SSH_KEYS_GIVEN, { givenBy: { stringValue: holder } }, { limit: PAGE_SIZE });
  return page.rows.map(({ value }) => value);
}

function toLoginKey({ id, publicKey }: ProjectSshKey): LoginKey {
  return { id, user: null, publicKey };
}
