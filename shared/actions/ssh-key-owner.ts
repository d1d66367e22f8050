import { PROJECT } from '#shared/datastore/account-rows.ts';
import { PROJECT_SSH_KEY } from '#shared/datastore/ssh-key-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref, type Row } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { isSshKeyId, mayUseKey, type ProjectSshKey } from '#shared/domain/project-ssh-key.ts';
import { requireProject } from './require-project.ts';

/** The owner of a key: a project, or a user who has no project. */
export type SshKeyOwner = Pick<ProjectSshKey, 'customerId' | 'project' | 'userId'>;

/**
 * Returns the owner of a new key: the named project, or the caller's default project. Throws `not_found` for a project
 * that is not the caller's.
 */
export async function sshKeyOwner(
  caller: Principal,
  project: string | undefined,
  store: Pick<Store, 'get'>,
): Promise<SshKeyOwner> {
  const { userId, customerId } = caller;
  if (project === undefined) return { userId, customerId, project: caller.projects[0] ?? '' };
  await requireProject(caller, project, { store });
  if (caller.projects.includes(project)) return { userId, customerId, project };
  // An administrator creates the key for the customer that the project belongs to.
  const row = await store.get(ref(PROJECT, project));
  return { userId, customerId: row?.value.customerId ?? customerId, project };
}

/** Reads the key. Throws the same `not_found` for a key that does not exist and for one that is not the caller's. */
export async function requireSshKey(
  caller: Principal,
  id: string,
  store: Pick<Store, 'get'>,
): Promise<Row<ProjectSshKey>> {
  const row = isSshKeyId(id) ? await store.get(ref(PROJECT_SSH_KEY, id)) : undefined;
  if (row === undefined || !mayUseKey(caller, row.value)) throw sshKeyNotFound();
  return row;
}

export function sshKeyNotFound(): Failure {
  return new Failure('not_found', 'SSH key not found.', { reason: 'ssh_key_not_found' });
}
