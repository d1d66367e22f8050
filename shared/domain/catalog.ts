/** GPUs of one VM; Compute Engine allows only one type per VM. */
export interface Accelerator {
  /** Bare accelerator type: `nvidia-l4`. */
  readonly type: string;
  readonly count: number;
}

/** Properties of a machine that a template or server type specifies besides its type and boot disk. */
export interface MachineExtras {
  /** The VM's GPUs, whether included in its machine type or added to it; `null`: none. */
  readonly accelerator: Accelerator | null;
  /** Number of added Local SSD disks (375 GB each); disks included in the machine type are not counted. */
  readonly localSsds: number;
  /** True if a stop may discard the data on Local SSD. If false, a VM with Local SSD cannot be stopped. */
  readonly discardLocalSsd: boolean;
}

/** Properties of an image besides its name; `imageFacts` completes those of Google's public images. */
export interface ImageTraits {
  /** Login name for SSH: `ubuntu`; `""`: not specified. */
  readonly loginUser: string;
  /** `""`: not specified. */
  readonly architecture: Architecture | '';
  /** Size of the image in GB, which the boot disk must have at least; 0: not specified. */
  readonly diskGbMin: number;
}

export const ARCHITECTURES = ['X86_64', 'ARM64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** A predefined machine and image that users order by name. */
export interface Template extends MachineExtras, ImageTraits {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Bare machine type. */
  readonly machineType: string;
  readonly diskSizeGb: number;
  readonly diskType: string;
  readonly image: string;
  readonly region: string;
}

export interface NetworkConfig {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly zone: string;
  readonly network: string;
  readonly subnetwork: string;
  readonly tags: readonly string[];
  readonly externalIp: boolean;
}

/*
 * The catalogue entries that a spec of the resource family can name. An entry belongs to one customer or, if its
 * customer is `""`, can be used by all customers.
 */

/** A machine as users order it: `cx31`. */
export interface ServerType extends MachineExtras {
  readonly id: string;
  readonly customerId: string;
  /** Bare machine type: `n1-standard-2`. */
  readonly machineType: string;
  /** Series of the custom machine types that are used when a spec overrides vcpus or memory: `n1`, `n2`, `e2`. */
  readonly series: string;
  readonly vcpus: number;
  readonly memoryMb: number;
  /** Boot disk size if the spec has none. */
  readonly diskSizeGb: number;
  /** Bare disk type. */
  readonly diskType: string;
}

/** An operating system: `ubuntu-22.04`. */
export interface Image extends ImageTraits {
  readonly id: string;
  readonly customerId: string;
  readonly name: string;
  /** Compute Engine's image or image family. */
  readonly image: string;
}

/** A VPC: `vpc-abc123`. */
export interface Network {
  readonly id: string;
  readonly customerId: string;
  readonly name: string;
  /** `global/networks/default`, or with a project before it. */
  readonly network: string;
}

/** A subnet of a VPC: `subnet-def456`. */
export interface Subnet {
  readonly id: string;
  readonly customerId: string;
  readonly name: string;
  readonly vpcId: string;
  /** `regions/us-central1/subnetworks/default`, or with a project before it. */
  readonly subnetwork: string;
  readonly region: string;
  /** Zone of the subnet's instances; `""` uses the default zone. */
  readonly zone: string;
}

/** Firewall rules, applied through network tags: `sg-web`. */
export interface SecurityGroup {
  readonly id: string;
  readonly customerId: string;
  readonly name: string;
  readonly tags: readonly string[];
}

/** A public key that may log in: `key-001`. */
export interface SshKey {
  readonly id: string;
  readonly customerId: string;
  readonly name: string;
  /** Login name on the VM. */
  readonly user: string;
  /** One line in OpenSSH's form. */
  readonly publicKey: string;
}

/** The disk type and limits of volumes with a given interface. */
export interface VolumeType {
  /** The interface; `block` is the only one. */
  readonly id: string;
  /** Bare disk type. */
  readonly diskType: string;
  readonly minGb: number;
  readonly maxGb: number;
  /** Price of a GB for a month, in cents. */
  readonly centsPerGbMonth: number;
}
