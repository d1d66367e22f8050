import type { PublicFamily } from './data/images.ts';
import type { DiskType } from './data/series.ts';
import { BOOT_DISK_TYPES } from './data/series.ts';
import type { MachineType } from './machine-type.ts';

/*
 * Rules about what one VM can combine. The emulator refuses by them, and a planner can check them without a cloud:
 * nothing here depends on requests.
 */

export interface WantedDisk {
  readonly diskType: DiskType;
  readonly boot: boolean;
}

/** Returns the disk types that a VM of the machine type cannot have; boot disks are more restricted than others. */
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

/** Whether a VM must terminate on host maintenance, because it cannot migrate to another host while it runs. */
export function mustTerminateOnMaintenance(type: MachineType, addedAccelerators: number): boolean {
  return !type.traits.liveMigration || type.bareMetal || addedAccelerators > 0;
}

/** Whether stopping a VM loses data on Local SSD. */
export function hasLocalSsd(type: MachineType, addedLocalSsds: number): boolean {
  return type.ownLocalSsds + addedLocalSsds > 0;
}

/**
 * Returns Compute Engine's text for an image of another architecture (gce-github-runner#46); `undefined` if it fits.
 */
export function architectureMismatch(type: MachineType, image: Pick<PublicFamily, 'architecture'>): string | undefined {
  const { architecture } = type.traits;
  if (image.architecture === architecture) return undefined;
  return (
    `Requested boot disk architecture (${image.architecture}) is not compatible with machine type ` +
    `architecture (${architecture}).`
  );
}

/**
 * Returns Compute Engine's text for a disk smaller than its image (packer#9033, nixops#1072); `undefined` if it fits.
 */
export function tooSmallForImage(diskGb: number, image: Pick<PublicFamily, 'diskGb'>): string | undefined {
  if (diskGb >= image.diskGb) return undefined;
  return `Requested disk size cannot be smaller than the image size (${image.diskGb} GB)`;
}

/** Largest size of a disk of any type, GB (https://docs.cloud.google.com/compute/docs/disks). */
const DISK_GB_MAX = 65_536;

/**
 * Smallest sizes of Hyperdisks, GB (https://docs.cloud.google.com/compute/docs/disks/hyperdisks). A Persistent Disk may
 * have 1 GB (gcp-compute-persistent-disk-csi-driver#121, terraform-provider-google#1449).
 */
const DISK_GB_MIN: Readonly<Partial<Record<DiskType, number>>> = {
  'hyperdisk-balanced': 4,
  'hyperdisk-balanced-high-availability': 4,
  'hyperdisk-ml': 4,
  'hyperdisk-extreme': 64,
  'hyperdisk-throughput': 2048,
};

/**
 * Returns Compute Engine's text for a size that the disk type cannot have
 * (gcp-compute-persistent-disk-csi-driver#2038); `undefined` if it can.
 */
export function outOfBounds(diskGb: number, diskType: DiskType): string | undefined {
  const min = DISK_GB_MIN[diskType] ?? 1;
  if (diskGb < min) return `Disk size cannot be smaller than ${min} GB for disk type ${diskType}.`;
  if (diskGb > DISK_GB_MAX) return `Disk size cannot be larger than ${DISK_GB_MAX} GB for disk type ${diskType}.`;
  return undefined;
}

/** Returns how many Persistent Disks a VM may have, including the boot disk (kubernetes#77311, kubernetes#80923). */
export function persistentDisksMax({ sharedCpu }: Pick<MachineType, 'sharedCpu'>): number {
  return sharedCpu ? 16 : 128;
}

/**
 * Returns the limit that a VM with these disks would exceed; `undefined` if none. Limits of Hyperdisks are not known
 * here.
 */
export function tooManyDisks(type: MachineType, diskTypes: readonly DiskType[]): number | undefined {
  const max = persistentDisksMax(type);
  return diskTypes.filter((diskType) => diskType.startsWith('pd-')).length > max ? max : undefined;
}
