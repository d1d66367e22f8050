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

/** The largest disk of any type (https://docs.cloud.google.com/compute/docs/disks). */
const DISK_GB_MAX = 65_536;

/**
 * The smallest Hyperdisks (https://docs.cloud.google.com/compute/docs/disks/hyperdisks). A Persistent Disk may have 1 GB
 * (gcp-compute-persistent-disk-csi-driver#121, terraform-provider-google#1449).
 */
const DISK_GB_MIN: Readonly<Partial<Record<DiskType, number>>> = {
  'hyperdisk-balanced': 4,
  'hyperdisk-balanced-high-availability': 4,
  'hyperdisk-ml': 4,
  'hyperdisk-extreme': 64,
  'hyperdisk-throughput': 2048,
};

/** Compute Engine's own text for a size that a disk type cannot have (gcp-compute-persistent-disk-csi-driver#2038), or nothing. */
export function outOfBounds(diskGb: number, diskType: DiskType): string | undefined {
  const min = DISK_GB_MIN[diskType] ?? 1;
  if (diskGb < min) return `Disk size cannot be smaller than ${min} GB for disk type ${diskType}.`;
  if (diskGb > DISK_GB_MAX) return `Disk size cannot be larger than ${DISK_GB_MAX} GB for disk type ${diskType}.`;
  return undefined;
}

/** Persistent Disks that a VM may have, the boot disk included (kubernetes#77311, kubernetes#80923). */
export function persistentDisksMax({ sharedCpu }: Pick<MachineType, 'sharedCpu'>): number {
  return sharedCpu ? 16 : 128;
}

/** The limit that a VM with these disks would exceed, or nothing. Hyperdisks have limits of their own, which are not known here. */
export function tooManyDisks(type: MachineType, diskTypes: readonly DiskType[]): number | undefined {
  const max = persistentDisksMax(type);
  return diskTypes.filter((diskType) => diskType.startsWith('pd-')).length > max ? max : undefined;
}
