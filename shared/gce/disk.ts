import type { protos } from '@google-cloud/compute';
import { lastSegment, toMs } from './zone-operation.ts';

/** The properties of a persistent disk that this service uses. */
export interface Disk {
  readonly name: string;
  /** Bare zone. */
  readonly zone: string;
  readonly sizeGb: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  /** Names of the VMs to which the disk is attached. */
  readonly users: readonly string[];
}

/** All that `toDisk` reads. */
export const DISK_FIELDS = 'name,zone,sizeGb,labels,creationTimestamp,users';

export function toDisk(disk: protos.google.cloud.compute.v1.IDisk): Disk {
  return {
    name: disk.name ?? '',
    zone: lastSegment(disk.zone),
    sizeGb: Number(String(disk.sizeGb ?? 0)),
    labels: disk.labels ?? {},
    createdAtMs: toMs(disk.creationTimestamp) ?? 0,
    users: (disk.users ?? []).map(lastSegment),
  };
}
