import type { Place } from '#shared/gce/compute.ts';
import type { Disk } from '#shared/gce/disks.ts';
import type { VolumeTools } from './volume-tools.ts';

/** As for VMs: a wrong 404 is over after about this long. */
const LOOK_AGAIN_AFTER_MS = 1_000;

/**
 * The disk, or `undefined` when it is surely absent: a 404 is asked again after a moment, and by the zone's list. Throws
 * CloudError when Compute Engine cannot say.
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
