import { LIVE_BIDS_OF_PROJECT } from '#shared/datastore/queries.ts';
import type { Store } from '#shared/datastore/store.ts';
import { type ProjectSshKey, sshKeyFid } from '#shared/domain/project-ssh-key.ts';

/** Live bids of a project that are looked through; a project has a few. */
const BIDS_MAX = 500;

/** What would still make machines with a key, in words for the caller: the bids of its project that have not ended. */
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
