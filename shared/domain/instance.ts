import type { Accelerator } from './catalog.ts';
import type { Login } from './login.ts';
import type { Metering } from './metering.ts';
import type { InstanceStatus } from './status.ts';
import type { Stored } from './stored-word.ts';

/** What a VM is made of: everything that `instances.insert` needs, so that the worker can repeat it word for word. */
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
  /** `regions/us-central1/subnetworks/default`; `""` lets Compute Engine choose (auto mode networks). */
  readonly subnetwork: string;
  readonly tags: readonly string[];
  readonly externalIp: boolean;
  /** The user's own labels; ours are added at insert. */
  readonly labels: Readonly<Record<string, string>>;
  /** Metadata items such as `ssh-keys` and `user-data`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Spot VMs may be taken away by Compute Engine at any time. */
  readonly spot: boolean;
  /** GPUs, whether the machine type brings them or they are added; `null`: none. */
  readonly accelerator: Accelerator | null;
  /** Number of Local SSD disks that are added to those of the machine type. */
  readonly localSsds: number;
  /** Whether a stop may lose the data on Local SSD. */
  readonly discardLocalSsd: boolean;
  /** Volumes that the VM has from the start; absent: none. */
  readonly volumes?: readonly AttachedVolume[];
}

/** A volume of a VM. */
export interface AttachedVolume {
  /** Name of the disk: the volume's id. */
  readonly disk: string;
  readonly deviceName: string;
}

/** An operation that was accepted and has not ended, as the instance remembers it: its queue, oldest first. */
export interface QueuedOperation {
  readonly id: string;
  readonly kind: Stored<OperationKind>;
}

export const OPERATION_KINDS = ['create', 'start', 'stop', 'reset', 'restart', 'update', 'resize', 'delete'] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

/** An operation that has ended, as its instance remembers it. */
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
  /** fid of the project it belongs to: `proj_…`; `""` when its creator has none. */
  readonly project: string;
  /** The creator's groups at creation: who may see it. */
  readonly visibleBy: readonly string[];
  /** The name its owner gave it; the id where none was given. */
  readonly displayName: string;
  readonly zone: string;
  readonly machine: MachineSpec;
  readonly login: Login;
  /** `""` when it was not made from a template. */
  readonly templateId: string;
  readonly configId: string;
  /** The resource family's spec as it was sent, to be echoed; `null` for other families. */
  readonly spec: Readonly<Record<string, unknown>> | null;
  /** fid of the spot bid or reservation it belongs to; `null` for an on-demand instance. */
  readonly bid: string | null;
  readonly reservation: string | null;
  readonly status: Stored<InstanceStatus>;
  /** Why it is ERROR; `null` otherwise. */
  readonly statusReason: { readonly reason: string; readonly message: string } | null;
  /** When `status` began, as far as the cloud said; epoch ms. */
  readonly statusSinceMs: number;
  /** True when Compute Engine took a spot VM away and nobody has started it since. */
  readonly preempted: boolean;
  /** When `status` was last compared with the VM, epoch ms. */
  readonly statusSyncedAtMs: number;
  /** Both `""` until known. */
  readonly externalIp: string;
  readonly internalIp: string;
  /** Compute Engine's numeric id of the VM, `""` until known. Tells a VM from a later one with the same name. */
  readonly cloudId: string;
  readonly createdAtMs: number;
  /** Nothing deletes the instance while it is set. */
  readonly deletionProtection: boolean;
  /** Accepted operations that have not ended, in the order in which they will run. */
  readonly queue: readonly QueuedOperation[];
  /** The operation that ended last; `null` before any has, and in records of earlier versions. */
  readonly lastOperation: EndedOperation | null;
  /** Number of history events written so far; the next one gets this number. */
  readonly eventCount: number;
  /** Time of the newest event, note or not; 0 when an earlier version wrote the record. Epoch ms. */
  readonly lastEventAtMs: number;
  /** When the reconciler should look at it next although nothing is queued; `null` when it is at rest. */
  readonly checkAtMs: number | null;
  /** Its price periods. */
  readonly metering: Metering;
}
