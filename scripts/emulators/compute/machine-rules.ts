import type { PublicFamily } from './data/images.ts';
import type { DiskType } from './data/series.ts';
import { BOOT_DISK_TYPES } from './data/series.ts';
import type { MachineType } from './machine-type.ts';

/*
 * What does not go together in one VM. The emulator refuses by these rules, and a planner without a cloud at hand
 * can ask them too: nothing here depends on requests.
 */

export interface WantedDisk {
  readonly diskType: DiskType;
  readonly boot: boolean;
}

/** The disk types that a VM of the machine type cannot have; a boot disk has fewer choices. */
export function incompatibleDiskTypes(type: MachineType, disks: readonly WantedDisk[]): readonly DiskType[] {
  const wrong = disks.filter(
    ({ diskType, boot }) => !canHave(type, diskType) || (boot && !BOOT_DISK_TYPES.has(diskType)),
  );
  return [...new Set(wrong.map(({ diskType }) => diskType))];
}

function canHave(type: MachineType, diskType: DiskType): boolean {
  const { diskTypes, localSsdAttachable, extremeVcpusMin = 0 } = type.traits;
  if (diskType === 'local-ssd') return (localSsdAttachable && !type.sharedCpu) || type.ownLocalSsds > 0;
  if (diskType === 'hyperdisk-extreme' && (type.custom || type.cpus < extremeVcpusMin)) return false;
  return diskTypes.includes(diskType);
}

/** Whether a VM must end on host maintenance, because it cannot be moved to another host while it runs. */
export function mustTerminateOnMaintenance(type: MachineType, addedAccelerators: number): boolean {
  return !type.traits.liveMigration || type.bareMetal || addedAccelerators > 0;
}

/** Whether stopping a VM loses data on Local SSD. */
export function hasLocalSsd(type: MachineType, addedLocalSsds: number): boolean {
  return type.ownLocalSsds + addedLocalSsds > 0;
}

/** Compute Engine's own text for an image of another architecture (gce-github-runner#46), or nothing. */
export function architectureMismatch(type: MachineType, image: Pick<PublicFamily, 'architecture'>): string | undefined {
  const { architecture } = type.traits;
  if (image.architecture === architecture) return undefined;
  return (
    `Requested boot disk architecture (${image.architecture}) is not compatible with machine type ` +
    `architecture (${architecture}).`
  );
}

/** Compute Engine's own text for a disk that its image does not fit into (packer#9033, nixops#1072), or nothing. */
export function tooSmallForImage(diskGb: number, image: Pick<PublicFamily, 'diskGb'>): string | undefined {
  if (diskGb >= image.diskGb) return undefined;
  return `Requested disk size cannot be smaller than the image size (${image.diskGb} GB)`;
}
