import {
  type Accelerator,
  type Architecture,
  ARCHITECTURES,
  type Image,
  type ImageTraits,
  type MachineExtras,
  type Network,
  type NetworkConfig,
  type SecurityGroup,
  type ServerType,
  type SshKey,
  type Subnet,
  type Template,
  type VolumeType,
} from '#shared/domain/catalog.ts';
import type { Price } from '#shared/domain/price.ts';
import type { SpotPrice } from '#shared/domain/spot-price.ts';
import { completeLimits, DISABLED, type Tier } from '#shared/domain/tier.ts';
import { integer, json, plainFlag, plainText, text, texts, type Field } from './field.ts';
import { kind, type Kind } from './kind.ts';

/*
 * The rows of the catalogue: a few hundred at most, written only by `npm run catalog`, and read as a whole or by id.
 * Therefore only the VPC of a subnet is indexed.
 */

const limits: Field<Tier['perMinute']> = {
  ...json(),
  decode: (value) => completeLimits(json<Readonly<Record<string, number>>>().decode(value)),
};

export const TIER: Kind<Tier> = kind<Tier>(
  'Tier',
  { name: plainText, maxInstances: integer, maxVolumeGb: integer, perMinute: limits },
  // Tiers of earlier versions have no volume limit; until the catalogue sets one, they allow no volumes.
  { missing: () => ({ maxVolumeGb: DISABLED }) },
);

const machineExtras = { accelerator: json<Accelerator | null>(), localSsds: integer, discardLocalSsd: plainFlag };
/** An architecture that only a newer version knows is read as unspecified (`""`). */
const architecture: Field<Architecture | ''> = {
  ...plainText,
  decode: (value) => {
    const word = plainText.decode(value);
    return ARCHITECTURES.find((known) => known === word) ?? '';
  },
};
const imageTraits = { loginUser: plainText, architecture, diskGbMin: integer };

/** Defaults for rows written before these members existed. */
export const NO_EXTRAS: MachineExtras = { accelerator: null, localSsds: 0, discardLocalSsd: false };
export const UNSAID_TRAITS: ImageTraits = { loginUser: '', architecture: '', diskGbMin: 0 };

export const TEMPLATE: Kind<Template> = kind<Template>(
  'Template',
  {
    id: plainText,
    name: plainText,
    description: plainText,
    machineType: plainText,
    diskSizeGb: integer,
    diskType: plainText,
    image: plainText,
    region: plainText,
    ...machineExtras,
    ...imageTraits,
  },
  { missing: () => ({ ...NO_EXTRAS, ...UNSAID_TRAITS }) },
);

export const NETWORK_CONFIG: Kind<NetworkConfig> = kind<NetworkConfig>('NetworkConfig', {
  id: plainText,
  name: plainText,
  description: plainText,
  zone: plainText,
  network: plainText,
  subnetwork: plainText,
  tags: texts,
  externalIp: plainFlag,
});

export const SERVER_TYPE: Kind<ServerType> = kind<ServerType>(
  'ServerType',
  {
    id: plainText,
    customerId: plainText,
    machineType: plainText,
    series: plainText,
    vcpus: integer,
    memoryMb: integer,
    diskSizeGb: integer,
    diskType: plainText,
    ...machineExtras,
  },
  { missing: () => NO_EXTRAS },
);

export const IMAGE: Kind<Image> = kind<Image>(
  'Image',
  { id: plainText, customerId: plainText, name: plainText, image: plainText, ...imageTraits },
  { missing: () => UNSAID_TRAITS },
);

export const NETWORK: Kind<Network> = kind<Network>('Network', {
  id: plainText,
  customerId: plainText,
  name: plainText,
  network: plainText,
});

export const SUBNET: Kind<Subnet> = kind<Subnet>('Subnet', {
  id: plainText,
  customerId: plainText,
  name: plainText,
  vpcId: text,
  subnetwork: plainText,
  region: plainText,
  zone: plainText,
});

export const SECURITY_GROUP: Kind<SecurityGroup> = kind<SecurityGroup>('SecurityGroup', {
  id: plainText,
  customerId: plainText,
  name: plainText,
  tags: texts,
});

export const SSH_KEY: Kind<SshKey> = kind<SshKey>('SshKey', {
  id: plainText,
  customerId: plainText,
  name: plainText,
  user: plainText,
  publicKey: plainText,
});

/** The id is the machine type. */
export const PRICE: Kind<Price> = kind<Price>('Price', { machineType: plainText, steps: json() });

/** The id is the machine type. */
export const SPOT_PRICE: Kind<SpotPrice> = kind<SpotPrice>('SpotPrice', {
  machineType: plainText,
  steps: json(),
  zones: json(),
});

export const VOLUME_TYPE: Kind<VolumeType> = kind<VolumeType>('VolumeType', {
  id: plainText,
  diskType: plainText,
  minGb: integer,
  maxGb: integer,
  centsPerGbMonth: integer,
});

/** All kinds of the catalogue. */
export const CATALOG_KINDS: readonly Kind<unknown>[] = [
  TIER,
  TEMPLATE,
  NETWORK_CONFIG,
  SERVER_TYPE,
  IMAGE,
  NETWORK,
  SUBNET,
  SECURITY_GROUP,
  SSH_KEY,
  PRICE,
  SPOT_PRICE,
  VOLUME_TYPE,
];
