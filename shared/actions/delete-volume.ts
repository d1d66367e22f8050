import { requireUnused, volumeNotFound } from '#shared/domain/volume.ts';
import { endVolume } from '#shared/lifecycle/end-volume.ts';
import { settleVolume } from '#shared/lifecycle/settle-volume.ts';
import type { VolumeTools } from '#shared/lifecycle/volume-tools.ts';
import { readOwnVolume, type VolumeRequest } from './read-volume.ts';

/**
 * Deletes a volume: it is off the list and its GB are free at once. What Compute Engine answers does not stop this: a disk
 * that stays is followed by the sweep until it is gone. Throws `not_found`, and `conflict` while a bid has the volume.
 */
export async function deleteVolume({ caller, fid }: VolumeRequest, tools: VolumeTools): Promise<void> {
  const { id } = await readOwnVolume({ caller, fid }, tools.store);
  const ended = await endVolume(id, { state: 'deleted', check: requireUnused }, tools);
  if (ended === undefined) throw volumeNotFound();
  try {
    await settleVolume(id, tools);
  } catch (thrown) {
    tools.log.warn('the disk of a deleted volume is left to the sweep', { volume: id, cause: thrown });
  }
}
