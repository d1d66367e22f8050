import type { Accelerator } from './catalog.ts';
import type { Login } from './login.ts';
import type { Metering } from './metering.ts';
import type { InstanceStatus } from './status.ts';
import type { Stored } from './stored-word.ts';

/**
 * The VM's properties for `instances.insert`. They are stored with the instance, so that a repeat with the same requestId
 * sends the same VM.
 */
export interface MachineSpec {
  /** Bare machine type: `n1-standard-2`, `custom-2-4096`. */
  readonly machineType: string;
  /** Image or image family: `projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts`. */
  readonly image: string;
  readonly diskSizeGb: number;
  /** Bare disk type: `pd-standard`. */
  readonly diskType: string;
  /** `global/networks/default`. */
  readonly network: string;
  /** `regions/us-central1/subnetworks/default`; `""` lets Compute Engine choose (networks in auto mode). */
  readonly subnetwork: string;
  readonly tags: readonly string[];
  readonly externalIp: boolean;
  /** The user's labels; the service's own label is added at insert. */
  readonly labels: Readonly<Record<string, string>>;
  /** Metadata items such as `ssh-keys` and `user-data`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** True for Spot VMs, which Compute Engine may stop at any time. */
  readonly spot: boolean;
  /** GPUs, whether included in the machine type or added; `null`: none. */
  readonly accelerator: Accelerator | null;
  /** Number of Local SSD disks added to those of the machine type. */
  readonly localSsds: number;
  /** True if a stop may discard the data on Local SSD. */
  readonly discardLocalSsd: boolean;
  /** Volumes that the VM is created with; absent: none. */
  readonly volumes?: readonly AttachedVolume[];
}

/** A volume that is attached to a VM. */
export interface AttachedVolume {
  /** Name of the disk: the volume's id. */
  readonly disk: string;
  readonly deviceName: string;
}

/** An entry of an instance's queue of accepted operations that have not ended. */
export interface QueuedOperation {
  readonly id: string;
  readonly kind: Stored<OperationKind>;
  /** Present if the operation protects the VM from deletion; the record shows that from its acceptance on. */
  readonly protects?: true;
}

export const OPERATION_KINDS = ['create', 'start', 'stop', 'reset', 'restart', 'update', 'resize', 'delete'] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

/** Copy of an ended operation on its instance's record. */
export interface EndedOperation {
  readonly id: string;
  readonly kind: Stored<OperationKind>;
  readonly state: 'completed' | 'failed';
  readonly completedAtMs: number;
  readonly error: { readonly reason: string; readonly message: string } | null;
}

export interface Instance {
  /** Also the VM's name: `tw-550e84-a1b2c3d4`. */
  readonly id: string;
  readonly userId: string;
  readonly customerId: string;
  /** Fid of the instance's project: `proj_…`; `""` when the creator has none. */
  readonly project: string;
  /** The creator's groups at creation; members of these groups may see the instance. */
  readonly visibleBy: readonly string[];
  /** The name that the owner chose; by default the id. */
  readonly displayName: string;
  readonly zone: string;
  readonly machine: MachineSpec;
  readonly login: Login;
  /** `""` unless the instance was created from a template. */
  readonly templateId: string;
  readonly configId: string;
  /** The resource family's spec as it was sent, to be returned unchanged; `null` for instances of other families. */
  readonly spec: Readonly<Record<string, unknown>> | null;
  /** Fids of the spot bid and the reservation that the instance belongs to; both `null` for an on-demand instance. */
  readonly bid: string | null;
  readonly reservation: string | null;
  readonly status: Stored<InstanceStatus>;
  /** Why the status is ERROR; `null` for any other status. */
  readonly statusReason: { readonly reason: string; readonly message: string } | null;
  /** When `status` began, if known from the cloud, otherwise when it was observed; epoch ms. */
  readonly statusSinceMs: number;
  /** True if Compute Engine pre-empted the spot VM and it has not been started since. */
  readonly preempted: boolean;
  /** When `status` was last compared with the VM, epoch ms. */
  readonly statusSyncedAtMs: number;
  /** Both addresses are `""` until known. */
  readonly externalIp: string;
  readonly internalIp: string;
  /**
   * Compute Engine's numeric id of the VM, `""` until known. Distinguishes the VM from a later one of the same name.
   */
  readonly cloudId: string;
  readonly createdAtMs: number;
  /** While true, deletes are refused, except an administrator's forced delete. */
  readonly deletionProtection: boolean;
  /** Accepted operations that have not ended, in the order of execution. */
  readonly queue: readonly QueuedOperation[];
  /** The operation that ended last; `null` if none has, and in records of earlier versions. */
  readonly lastOperation: EndedOperation | null;
  /** Number of history events written so far. */
  readonly eventCount: number;
  /** Time of the newest event or note, epoch ms; 0 in records of earlier versions. */
  readonly lastEventAtMs: number;
  /** When the reconciler compares the record with the VM next, even if nothing is queued; `null`: no check is due. */
  readonly checkAtMs: number | null;
  /** State of the instance's price periods. */
  readonly metering: Metering;
}
