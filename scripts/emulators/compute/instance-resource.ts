import type { JsonObject } from './json-object.ts';

export type InstanceStatus =
  'PROVISIONING' | 'STAGING' | 'RUNNING' | 'STOPPING' | 'TERMINATED' | 'SUSPENDING' | 'SUSPENDED';

export interface AccessConfig {
  readonly kind: 'compute#accessConfig';
  readonly type: 'ONE_TO_ONE_NAT';
  readonly name: string;
  readonly natIP?: string;
  readonly networkTier: string;
}

export interface NetworkInterface {
  readonly kind: 'compute#networkInterface';
  readonly name: string;
  readonly network: string;
  readonly subnetwork: string;
  readonly networkIP?: string;
  readonly accessConfigs?: readonly AccessConfig[];
  readonly fingerprint: string;
  readonly stackType?: unknown;
}

export interface AttachedDisk {
  readonly kind: 'compute#attachedDisk';
  readonly type: string;
  readonly mode: string;
  /** Absent for Local SSD. */
  readonly source?: string;
  readonly deviceName: string;
  readonly index: number;
  readonly boot: boolean;
  readonly autoDelete: boolean;
  readonly licenses?: readonly string[];
  readonly interface: string;
  readonly guestOsFeatures?: readonly { readonly type: string }[];
  readonly diskSizeGb: string;
  readonly architecture?: string;
}

/** Compute Engine's Instance resource, as `instances.get` returns it. */
export interface InstanceResource {
  readonly kind: 'compute#instance';
  readonly id: string;
  readonly creationTimestamp: string;
  readonly name: string;
  readonly description: string;
  readonly hostname?: string;
  readonly tags: { readonly items?: readonly string[]; readonly fingerprint: string };
  readonly machineType: string;
  readonly status: InstanceStatus;
  readonly zone: string;
  readonly canIpForward: boolean;
  readonly networkInterfaces: readonly NetworkInterface[];
  readonly disks: readonly AttachedDisk[];
  readonly metadata: {
    readonly kind: 'compute#metadata';
    readonly fingerprint: string;
    readonly items?: readonly { readonly key: string; readonly value?: string }[];
  };
  readonly serviceAccounts?: readonly { readonly email: string; readonly scopes: readonly string[] }[];
  readonly selfLink: string;
  readonly guestAccelerators?: readonly { readonly acceleratorType: string; readonly acceleratorCount: number }[];
  readonly minCpuPlatform?: string;
  readonly scheduling: JsonObject;
  readonly cpuPlatform: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly labelFingerprint: string;
  readonly startRestricted: boolean;
  readonly deletionProtection: boolean;
  readonly shieldedInstanceConfig: JsonObject;
  readonly shieldedInstanceIntegrityPolicy: JsonObject;
  readonly fingerprint: string;
  readonly lastStartTimestamp?: string;
  readonly lastStopTimestamp?: string;
  readonly lastSuspendedTimestamp?: string;
}

/** A VM: the resource that callers see, and members that only the cloud knows. */
export interface Machine {
  readonly id: string;
  readonly project: string;
  readonly zone: string;
  readonly name: string;
  readonly createdMs: number;
  /** Whether a delete was accepted; the VM then accepts no further action. */
  readonly deleting: boolean;
  /** Internal addresses by interface, reserved from the insert on and shown once the VM has a host. */
  readonly internalIps?: readonly string[];
  /** CPU platform of the VM's host; shown only while it has one. */
  readonly cpuPlatform: string;
  /** Public addresses that the caller reserved; they are not released when the VM stops. */
  readonly staticNatIps: readonly string[];
  readonly resource: InstanceResource;
}
