import type { protos } from '@google-cloud/compute';

/**
 * Returns the attachment of an existing disk. The disk outlives the VM, and its device is
 * `/dev/disk/by-id/google-<deviceName>`.
 */
export function attachedDisk(
  zone: string,
  disk: string,
  deviceName: string,
): protos.google.cloud.compute.v1.IAttachedDisk {
  return { source: `zones/${zone}/disks/${disk}`, deviceName, mode: 'READ_WRITE', boot: false, autoDelete: false };
}
