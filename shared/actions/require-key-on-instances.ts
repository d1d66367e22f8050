import { auditWrite } from '#shared/datastore/audit-rows.ts';
import { replace } from '#shared/datastore/write.ts';
import type { Actor, Principal } from '#shared/domain/principal.ts';
import type { ProjectSshKey } from '#shared/domain/project-ssh-key.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { auditorOf } from './audit-operation.ts';
import { requireSshKey } from './ssh-key-owner.ts';

export interface RequireKeyRequest {
  /** Must be an administrator. */
  readonly caller: Principal;
  readonly actor: Actor;
  readonly requestId: string;
  readonly keyId: string;
  readonly required: boolean;
}

/**
 * Sets whether every new instance of the key's project carries the key. Each call adds an audit entry, even if nothing
 * changes.
 */
export async function requireKeyOnInstances(
  { caller, keyId, required, ...by }: RequireKeyRequest,
  tools: Pick<Tools, 'store' | 'nowMs' | 'random'>,
): Promise<ProjectSshKey> {
  return tools.store.change(async () => {
    const row = await requireSshKey(caller, keyId, tools.store);
    const key = { ...row.value, required };
    const entry = auditWrite(auditorOf(by, tools), {
      action: 'ssh_key.update',
      object: `ssh_key ${keyId}`,
      before: { required: row.value.required },
      after: { required },
    });
    return { writes: [...(row.value.required === required ? [] : [replace(row, key)]), entry], result: key };
  });
}
