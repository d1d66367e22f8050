import { VOLUME } from '#shared/datastore/volume-rows.ts';
import { ref, type Row } from '#shared/datastore/write.ts';
import type { Bid } from '#shared/domain/bid.ts';
import { idOf } from '#shared/domain/fids.ts';
import { isLive, type Volume, type VolumeClaim } from '#shared/domain/volume.ts';
import type { Tools } from './tools.ts';

/** Reads the bid's volumes that still exist and still belong to the bid. */
export async function bidVolumes(
  { id, launch }: Pick<Bid, 'id' | 'launch'>,
  { store }: Pick<Tools, 'store'>,
): Promise<readonly Row<Volume>[]> {
  if (launch.volumes.length === 0) return [];
  const ids = launch.volumes.map((fid) => idOf('volume', fid)).filter((volumeId) => volumeId !== undefined);
  const rows = await store.getAll(ids.map((volumeId) => ref(VOLUME, volumeId)));
  return rows.filter((row) => row !== undefined).filter(({ value }) => isLive(value) && value.use?.bid === id);
}

/**
 * Returns the claim of a bid on its volumes. Its quantity is always 1: a block device belongs to one VM, so the first
 * instance gets all volumes.
 */
export function bidClaim({ id, zone }: Pick<Bid, 'id' | 'zone'>, pointer: string): VolumeClaim {
  return { bid: id, zone, pointer };
}
