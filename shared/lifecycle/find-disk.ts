import type { Place } from '#shared/gce/compute.ts';
import type { Disk } from '#shared/gce/disks.ts';
import type { VolumeTools } from './volume-tools.ts';

/** Reads of Compute Engine can be stale, as for VMs; a wrong 404 is usually corrected after this time. */
const LOOK_AGAIN_AFTER_MS = 1_000;

/**
 * Returns the disk, or `undefined` when it certainly does not exist: a 404 is verified by a second read and by the
 * zone's list. Throws CloudError when Compute Engine gives no answer.
 */
export async function findDisk(
  place: Place,
  { disks, sleep, log }: Pick<VolumeTools, 'disks' | 'sleep' | 'log'>,
): Promise<Disk | undefined> {
  const disk = await disks.get(place);
  if (disk !== undefined) return disk;
  await sleep(LOOK_AGAIN_AFTER_MS);
  const found = (await disks.get(place)) ?? (await disks.find(place));
  if (found !== undefined) {
    log.warn('Compute Engine answered that a disk does not exist, and it does', { disk: place.name, zone: place.zone });
  }
  return found;
}
