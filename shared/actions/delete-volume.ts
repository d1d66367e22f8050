import { requireUnused, volumeNotFound } from '#shared/domain/volume.ts';
import { endVolume } from '#shared/lifecycle/end-volume.ts';
import { settleVolume } from '#shared/lifecycle/settle-volume.ts';
import type { VolumeTools } from '#shared/lifecycle/volume-tools.ts';
import { readOwnVolume, type VolumeRequest } from './read-volume.ts';

/**
 * Deletes a volume. It leaves the list and frees its quota at once, whatever Compute Engine answers: the sweep retries
 * until the disk is deleted. Throws `not_found`, and `conflict` while a bid uses the volume.
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
