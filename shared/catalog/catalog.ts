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

/** A price from a time on, as the file says it. */
export interface PriceStepEntry {
  /** Cents per instance-hour. */
  readonly priceCents: number;
  /** RFC 3339. */
  readonly from: string;
}

/** What the catalogue says about one id, per section: the row without its id. */
export interface Entries {
  /** A file that does not speak of volumes allows none. */
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

/** Members that a file may leave out. */
type Open<T, M extends keyof T> = Omit<T, M> & { readonly [K in M]?: T[K] };

/** A row without a customer belongs to all customers. */
type Owned<T extends { readonly id: string; readonly customerId: string }> = Omit<T, 'id' | 'customerId'> & {
  readonly customerId?: string;
};

export type SectionName = keyof Entries;

/** The file of `npm run catalog`. A section that is left out says nothing about its rows; an empty one says there are none. */
export type Catalog = { readonly [S in SectionName]?: Readonly<Record<string, Entries[S]>> };

/** An entry of whatever section, to be compared and shown. */
export type AnyEntry = Readonly<Record<string, unknown>>;
