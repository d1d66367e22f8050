import { type ProjectSshKey, sshKeyFid } from '#shared/domain/project-ssh-key.ts';
import { timestamp } from '../timestamp.ts';

export function presentSshKey(key: ProjectSshKey) {
  return {
    fid: sshKeyFid(key.id),
    name: key.name,
    project: key.project,
    public_key: key.publicKey,
    created_at: timestamp(key.createdAtMs),
    required: key.required,
  };
}
