import type { ProjectSshKey } from '#shared/domain/project-ssh-key.ts';
import { timestamp } from '../timestamp.ts';

/** Returns a key; its members have the same names as in requests. */
export function presentSshKey(key: ProjectSshKey) {
  return {
    id: key.id,
    name: key.name,
    project: key.project,
    public_key: key.publicKey,
    fingerprint: key.fingerprint,
    default: key.isDefault,
    required: key.required,
    created_at: timestamp(key.createdAtMs),
  };
}
