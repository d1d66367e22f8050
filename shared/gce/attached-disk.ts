import type { protos } from '@google-cloud/compute';

/** A disk that exists, as a VM is to have it: it outlives the VM, and shows as `/dev/disk/by-id/google-<deviceName>`. */
export function attachedDisk(
  zone: string,
  disk: string,
  deviceName: string,
): protos.google.cloud.compute.v1.IAttachedDisk {
  return { source: `zones/${zone}/disks/${disk}`, deviceName, mode: 'READ_WRITE', boot: false, autoDelete: false };
}
