import type { Store } from '#shared/datastore/store.ts';
import { VOLUME } from '#shared/datastore/volume-rows.ts';
import { ref, type Row } from '#shared/datastore/write.ts';
import { idOf } from '#shared/domain/fids.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { isLive, type Volume, volumeNotFound } from '#shared/domain/volume.ts';
import { isOfProjects } from './require-project.ts';

export interface VolumeRequest {
  readonly caller: Principal;
  readonly fid: string;
}

/**
 * Reads a live volume of one of the caller's projects. Throws the same `not_found` for any other and for an unknown id.
 */
export async function readOwnVolume({ caller, fid }: VolumeRequest, store: Pick<Store, 'get'>): Promise<Row<Volume>> {
  const id = idOf('volume', fid);
  const row = id === undefined ? undefined : await store.get(ref(VOLUME, id));
  if (row === undefined || !isLive(row.value) || !isOfProjects(caller, row.value)) throw volumeNotFound();
  return row;
}
