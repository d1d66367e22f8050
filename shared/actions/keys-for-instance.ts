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
  /** Fid of the instance's project; `""` for a creator without a project. */
  readonly project: string;
  /** The ids that the caller named; `undefined` selects the project's default keys. */
  readonly ids: readonly string[] | undefined;
}

export interface InstanceKeys {
  readonly keys: readonly LoginKey[];
  /** Ids of no existing key or of keys that the caller may not use, with their index in the request. */
  readonly unknown: readonly { readonly index: number; readonly id: string }[];
}

/** Format of ids in the catalogue; other strings are not looked up. */
const CATALOG_ID = /^key-[a-z0-9-]{1,59}$/;
const PAGE_SIZE = 300;

/**
 * Returns the keys for a new instance: the named ones, or the project's default keys; and always the project's required
 * keys. An id can name a stored key or a key of the operators' catalogue.
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

/** Finds one key by its id. Calls in the same tick share one look-up, because the store batches reads. */
async function namedKey(caller: Principal, id: string, store: Pick<Store, 'getAll'>): Promise<LoginKey | undefined> {
  if (!CATALOG_ID.test(id)) return undefined;
  const [stored, offered] = await store.getAll([
    isSshKeyId(id) ? ref(PROJECT_SSH_KEY, id) : undefined,
    ref(SSH_KEY, id),
  ]);
  if (stored !== undefined && mayUseKey(caller, stored.value)) return toLoginKey(stored.value);
  // An entry of another customer is treated as if it did not exist.
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
