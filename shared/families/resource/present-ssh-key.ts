import type { ProjectSshKey } from '#shared/domain/project-ssh-key.ts';
import { timestamp } from '../timestamp.ts';

export function presentSshKey(key: ProjectSshKey) {
  return {
    id: key.id,
    metadata: { name: key.name, labels: key.labels, created_at: timestamp(key.createdAtMs) },
    spec: { public_key: key.publicKey, default: key.isDefault },
    status: { fingerprint: key.fingerprint, project: key.project, required: key.required },
  };
}
