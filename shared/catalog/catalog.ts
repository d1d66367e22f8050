import type {
  Image,
  ImageTraits,
  MachineExtras,
  Network,
  NetworkConfig,
  SecurityGroup,
  ServerType,
  SshKey,
  Subnet,
  Template,
  VolumeType,
} from '#shared/domain/catalog.ts';
import type { Tier } from '#shared/domain/tier.ts';

/** A price and the time from which it applies, in the file's format. */
export interface PriceStepEntry {
  /** Cents per instance-hour. */
  readonly priceCents: number;
  /** RFC 3339. */
  readonly from: string;
}

/** The format of a catalogue entry in each section: the row without its id. */
export interface Entries {
  /** Without `maxVolumeGb`, the tier allows no volumes. */
  readonly tiers: Omit<Tier, 'name' | 'maxVolumeGb'> & Partial<Pick<Tier, 'maxVolumeGb'>>;
  readonly templates: Open<Omit<Template, 'id'>, keyof MachineExtras | keyof ImageTraits>;
  readonly configs: Omit<NetworkConfig, 'id'>;
  readonly serverTypes: Open<Owned<ServerType>, keyof MachineExtras>;
  readonly images: Open<Owned<Image>, keyof ImageTraits>;
  readonly networks: Owned<Network>;
  readonly subnets: Owned<Subnet>;
  readonly securityGroups: Owned<SecurityGroup>;
  readonly sshKeys: Owned<SshKey>;
  readonly prices: { readonly steps: readonly PriceStepEntry[] };
  readonly spotPrices: {
    readonly steps: readonly PriceStepEntry[];
    /** Zones with a price of their own, by bare zone. */
    readonly zones?: Readonly<Record<string, readonly PriceStepEntry[]>>;
  };
  readonly volumeTypes: Omit<VolumeType, 'id'>;
}

/** Makes members optional that a file may omit. */
type Open<T, M extends keyof T> = Omit<T, M> & { readonly [K in M]?: T[K] };

/** Makes the customer optional; an entry without one is for all customers. */
type Owned<T extends { readonly id: string; readonly customerId: string }> = Omit<T, 'id' | 'customerId'> & {
  readonly customerId?: string;
};

export type SectionName = keyof Entries;

/**
 * The file of `npm run catalog`. An absent section leaves its rows unchanged; an empty one means that it has no
 * entries.
 */
export type Catalog = { readonly [S in SectionName]?: Readonly<Record<string, Entries[S]>> };

/** An entry of any section, for comparison and display. */
export type AnyEntry = Readonly<Record<string, unknown>>;
