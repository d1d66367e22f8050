import { LIVE_BIDS_OF_PROJECT } from '#shared/datastore/queries.ts';
import type { Store } from '#shared/datastore/store.ts';
import { type ProjectSshKey, sshKeyFid } from '#shared/domain/project-ssh-key.ts';

/** Limit of live bids read per project; a project has only a few. */
const BIDS_MAX = 500;

/**
 * Describes, for an error message, the live bids of the key's project that would still create machines with this key.
 */
export async function bidsUsingKey(
  { id, project }: Pick<ProjectSshKey, 'id' | 'project'>,
  { store }: { readonly store: Pick<Store, 'query'> },
): Promise<readonly string[]> {
  if (project === '') return [];
  const { rows } = await store.query(
    LIVE_BIDS_OF_PROJECT,
    { liveProject: { stringValue: project } },
    { limit: BIDS_MAX },
  );
  const fid = sshKeyFid(id);
  return rows.filter(({ value }) => value.launch.sshKeys.includes(fid)).map((row) => `the spot bid ${row.id}`);
}
