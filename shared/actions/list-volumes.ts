import { LIVE_VOLUMES_OF_PROJECT, VOLUMES_OF_PROJECT } from '#shared/datastore/queries.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { Volume } from '#shared/domain/volume.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { isOfProjects, requireProject } from './require-project.ts';

export interface VolumeListRequest {
  readonly caller: Principal;
  readonly project: string;
  readonly zone: string | undefined;
  readonly includeDeleted: boolean;
}

const PAGE_SIZE = 300;

/**
 * Lists all volumes of a project, newest first. Volumes whose disk was never created are not listed as deleted ones.
 */
export async function listVolumes(
  { caller, project, zone, includeDeleted }: VolumeListRequest,
  { store }: Pick<Tools, 'store'>,
): Promise<readonly Volume[]> {
  await requireProject(caller, project, { store });
  const [shape, values] = includeDeleted
    ? [VOLUMES_OF_PROJECT, { project: { stringValue: project } }]
    : [LIVE_VOLUMES_OF_PROJECT, { project: { stringValue: project }, live: { booleanValue: true } }];
  const found: Volume[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.query(shape, values, { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...page.rows.map(({ value }) => value));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found
    .filter((volume) => volume.state !== 'failed' && isOfProjects(caller, volume))
    .filter((volume) => zone === undefined || volume.zone === zone)
    .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? -1 : 1));
}
