import { auditWrite } from '#shared/datastore/audit-rows.ts';
import { remove } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { ProjectSshKey } from '#shared/domain/project-ssh-key.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { type AskedBy, auditorOf } from './audit-operation.ts';
import { requireSshKey } from './ssh-key-owner.ts';

export interface DeleteSshKeyRequest extends AskedBy {
  readonly caller: Principal;
  readonly keyId: string;
  /** Describes what still needs the key (`the spot bid bid_…`); absent or empty if nothing does. */
  readonly usedBy?: (key: ProjectSshKey) => Promise<readonly string[]>;
}

/**
 * Deletes a stored key. Existing VMs that carry the key keep it. Throws `conflict` while something, such as a live bid,
 * would still create VMs with it.
 */
export async function deleteSshKey(
  request: DeleteSshKeyRequest,
  tools: Pick<Tools, 'store' | 'nowMs' | 'random'>,
): Promise<void> {
  const { store } = tools;
  await store.change(async () => {
    const row = await requireSshKey(request.caller, request.keyId, store);
    const users = (await request.usedBy?.(row.value)) ?? [];
    if (users.length > 0) {
      throw new Failure('conflict', `The key is in use by ${users.join(', ')}.`, { reason: 'ssh_key_in_use' });
    }
    const { name, project, customerId, fingerprint, isDefault, required } = row.value;
    const entry = auditWrite(auditorOf(request, tools), {
      action: 'ssh_key.delete',
      object: `ssh_key ${request.keyId}`,
      before: { name, project, customerId, fingerprint, isDefault, required },
    });
    return { writes: [remove(row), entry], result: undefined };
  });
}
