import { replace } from '#shared/datastore/write.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { ProjectSshKey } from '#shared/domain/project-ssh-key.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { requireSshKey } from './ssh-key-owner.ts';

/** Decides whether every new instance of the key's project carries the key. */
export async function requireKeyOnInstances(
  { caller, keyId, required }: { readonly caller: Principal; readonly keyId: string; readonly required: boolean },
  { store }: Pick<Tools, 'store'>,
): Promise<ProjectSshKey> {
  return store.change(async () => {
    const row = await requireSshKey(caller, keyId, store);
    const key = { ...row.value, required };
    return { writes: row.value.required === required ? [] : [replace(row, key)], result: key };
  });
}
