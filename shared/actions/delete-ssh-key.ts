import { remove } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { ProjectSshKey } from '#shared/domain/project-ssh-key.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { requireSshKey } from './ssh-key-owner.ts';

export interface DeleteSshKeyRequest {
  readonly caller: Principal;
  readonly keyId: string;
  /** What still needs the key, in words for the caller (`the spot bid bid_…`); nothing when absent or empty. */
  readonly usedBy?: (key: ProjectSshKey) => Promise<readonly string[]>;
}

/**
 * Removes a stored key. VMs that carry it keep it: what was put on a VM is the VM's. Throws `conflict` while something
 * would still make VMs with it.
 */
export async function deleteSshKey(request: DeleteSshKeyRequest, { store }: Pick<Tools, 'store'>): Promise<void> {
  await store.change(async () => {
    const row = await requireSshKey(request.caller, request.keyId, store);
    const users = (await request.usedBy?.(row.value)) ?? [];
    if (users.length > 0) {
      throw new Failure('conflict', `The key is in use by ${users.join(', ')}.`, { reason: 'ssh_key_in_use' });
    }
    return { writes: [remove(row)], result: undefined };
  });
}
