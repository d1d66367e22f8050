/** GPUs of one VM; Compute Engine gives a VM one type only. */
export interface Accelerator {
  /** Bare accelerator type: `nvidia-l4`. */
  readonly type: string;
  readonly count: number;
}

/** What a template or a server type says of a machine beyond its type and boot disk. */
export interface MachineExtras {
  /** The GPUs that the VM has, whether its machine type brings them or they are added to it; `null`: none. */
  readonly accelerator: Accelerator | null;
  /** Number of Local SSD disks (375 GB each) that are added; those that a machine type brings are not counted. */
  readonly localSsds: number;
  /** Whether a stop may lose the data on Local SSD. Without it such a VM cannot be stopped. */
  readonly discardLocalSsd: boolean;
}

/** What is known of an image beyond its name; `imageFacts` completes architecture and size of Google's public images. */
export interface ImageTraits {
  /** Account that logs in by SSH: `ubuntu`; `""`: not said. */
  readonly loginUser: string;
  /** `""`: not said. */
  readonly architecture: Architecture | '';
  /** Size of the image, and so of the smallest boot disk, in GB; 0: not said. */
  readonly diskGbMin: number;
}

export const ARCHITECTURES = ['X86_64', 'ARM64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** What a user can ask for by name. */
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
 * What a resource-family spec names. Every row belongs to one customer or, with the customer `""`, to all customers.
 */

/** A machine as users order it: `cx31`. */
export interface ServerType extends MachineExtras {
  readonly id: string;
  readonly customerId: string;
  /** Bare machine type: `n1-standard-2`. */
  readonly machineType: string;
  /** Series whose custom machine types stand in when a spec overrides vcpus or memory: `n1`, `n2`, `e2`. */
  readonly series: string;
  readonly vcpus: number;
  readonly memoryMb: number;
  /** Boot disk when the spec does not say. */
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
  /** Where its instances are made; `""` leaves it to the default zone. */
  readonly zone: string;
}

/** Firewall rules by network tags: `sg-web`. */
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

/** What a volume of an interface is made as. */
export interface VolumeType {
  /** `block`: the one interface that there is. */
  readonly id: string;
  /** Bare disk type. */
  readonly diskType: string;
  readonly minGb: number;
  readonly maxGb: number;
  /** Price of a GB for a month, in cents. */
  readonly centsPerGbMonth: number;
}
