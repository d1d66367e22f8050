import type { protos } from '@google-cloud/compute';
import { lastSegment, toMs } from './zone-operation.ts';

type CloudInstance = protos.google.cloud.compute.v1.IInstance;

/** A VM as Compute Engine shows it, the part that we use. */
export interface Machine {
  readonly name: string;
  /** Bare zone. */
  readonly zone: string;
  /** Compute Engine's word; it may be one that we do not know yet. */
  readonly status: string;
  /** `""` where it has none. */
  readonly externalIp: string;
  readonly internalIp: string;
  /** Numeric id as text. */
  readonly cloudId: string;
  /** Bare machine type. */
  readonly machineType: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  /** `null` before the first time. */
  readonly lastStartAtMs: number | null;
  readonly lastStopAtMs: number | null;
  readonly deletionProtection: boolean;
  /** It has Local SSD, whose data a stop would lose. */
  readonly localSsd: boolean;
  /** What edits base their calls on. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly labelFingerprint?: string;
  readonly metadataFingerprint?: string;
}

/** The members of an Instance resource that a look at a VM is compared by: a tenth of what a VM with metadata has. */
const SEEN = [
  'name',
  'zone',
  'status',
  'id',
  'machineType',
  'labels',
  'labelFingerprint',
  'creationTimestamp',
  'lastStartTimestamp',
  'lastStopTimestamp',
  'deletionProtection',
  'disks/type',
  'networkInterfaces(networkIP,accessConfigs/natIP)',
];

/** What `toMachine` reads without the metadata, which only edits need, and which can be 256 KiB long. */
export const LOOK_FIELDS = SEEN.join(',');
/** All that `toMachine` reads. */
export const MACHINE_FIELDS = [...SEEN, 'metadata'].join(',');

export function toMachine(instance: CloudInstance): Machine {
  const nic = instance.networkInterfaces?.[0];
  return {
    name: instance.name ?? '',
    zone: lastSegment(instance.zone),
    status: instance.status ?? '',
    externalIp: nic?.accessConfigs?.[0]?.natIP ?? '',
    internalIp: nic?.networkIP ?? '',
    cloudId: String(instance.id ?? ''),
    machineType: lastSegment(instance.machineType),
    labels: instance.labels ?? {},
    createdAtMs: toMs(instance.creationTimestamp) ?? 0,
    lastStartAtMs: toMs(instance.lastStartTimestamp),
    lastStopAtMs: toMs(instance.lastStopTimestamp),
    deletionProtection: instance.deletionProtection ?? false,
    localSsd: (instance.disks ?? []).some(({ type }) => String(type) === 'SCRATCH'),
    labelFingerprint: instance.labelFingerprint ?? '',
    ...(instance.metadata === undefined || instance.metadata === null ? {} : metadataOf(instance.metadata)),
  };
}

function metadataOf({ items, fingerprint }: NonNullable<CloudInstance['metadata']>) {
  return {
    metadata: Object.fromEntries((items ?? []).map(({ key, value }) => [key ?? '', value ?? ''])),
    metadataFingerprint: fingerprint ?? '',
  };
}
