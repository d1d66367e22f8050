import { ARCHITECTURES } from '#shared/domain/catalog.ts';
import { LIMITED_OPERATIONS } from '#shared/domain/tier.ts';
import type { Catalog, SectionName } from '#shared/catalog/catalog.ts';

/** The keywords of JSON Schema that are used here. `description` completes the sentence "must be …". */
interface Schema {
  readonly type: string;
  readonly description?: string;
  readonly [keyword: string]: unknown;
}

function text(description: string, pattern?: string): Schema {
  return { type: 'string', description, maxLength: 1000, ...(pattern === undefined ? {} : { pattern }) };
}

function integer(minimum: number, maximum: number): Schema {
  return { type: 'integer', description: `an integer from ${minimum} to ${maximum}`, minimum, maximum };
}

function list(items: Schema, description: string, maxItems: number): Schema {
  return { type: 'array', description, items, maxItems, uniqueItems: true };
}

/** Returns the schema of an object with exactly these members; all but those named as optional are required. */
function entry(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  return {
    type: 'object',
    description: `an object with ${Object.keys(properties).join(', ')}`,
    additionalProperties: false,
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
  };
}

/** Returns the schema of a map from ids to entries. */
function map(ids: Schema, entries: Schema): Schema {
  return {
    type: 'object',
    description: 'an object whose members are named by id',
    propertyNames: ids,
    additionalProperties: entries,
  };
}

const NAME = '[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?';
const PROJECT = '(?:projects/[a-z][-a-z0-9.:]{1,61}/)?';
const REGION = '[a-z]+(?:-[a-z]+)+[0-9]+';

const id = text('an id of lower-case letters, digits, "-", "_" and ".", such as "pro"', '^[a-z][a-z0-9._-]{0,62}$');
const label = text('text of at most 200 characters');
const name = { ...label, maxLength: 200 };
const region = text('a region such as "us-central1"', `^${REGION}$`);
// AI zones are named like `us-central1-ai1a`.
const ZONE = `${REGION}-[a-z0-9]+`;
const zone = text('a zone such as "us-central1-a"', `^${ZONE}$`);
const machineType = text('a bare machine type such as "n1-standard-2"', '^[a-z][a-z0-9]*(?:-[a-z0-9]+)+$');
const diskType = text('a bare disk type such as "pd-standard"', `^${NAME}$`);
const image = text(
  'an image or image family such as "projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts"',
  `^${PROJECT}global/images/(?:family/)?${NAME}$`,
);
const network = text('a network such as "global/networks/default"', `^${PROJECT}global/networks/${NAME}$`);
const subnetworkPath = `${PROJECT}regions/${REGION}/subnetworks/${NAME}`;
const subnetwork = text('a subnetwork such as "regions/us-central1/subnetworks/default"', `^${subnetworkPath}$`);
const tags = list(text('a network tag: letters, digits and "-"', `^${NAME}$`), 'a list of different network tags', 64);
const customerId = text(
  'the id of a customer, or "" for all customers',
  '^(?:|[a-z][a-z0-9-]{0,62}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$',
);
const allowance = {
  ...integer(-1, 1_000_000),
  description: 'an integer from 0 (disabled) to 1000000, or -1 (unlimited)',
};
const diskSizeGb = integer(10, 65_536);
const boolean: Schema = { type: 'boolean', description: 'true or false' };

const machineExtras: Readonly<Record<string, Schema>> = {
  accelerator: entry({
    type: text('a bare accelerator type such as "nvidia-l4"', `^${NAME}$`),
    count: integer(1, 16),
  }),
  localSsds: integer(0, 24),
  discardLocalSsd: boolean,
};
const imageTraits: Readonly<Record<string, Schema>> = {
  loginUser: text('a login name such as "ubuntu"', '^[a-z_][a-z0-9_-]{0,31}$'),
  architecture: { type: 'string', description: 'one of X86_64, ARM64', enum: ARCHITECTURES },
  diskGbMin: integer(1, 65_536),
};

const owned = (properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema =>
  entry({ customerId, ...properties }, ['customerId', ...optional]);

const priceSteps: Schema = {
  type: 'array',
  description: 'a list of at least one price and the time from which it holds',
  minItems: 1,
  maxItems: 1000,
  items: entry({
    priceCents: {
      ...integer(0, 10_000_000),
      description: 'cents per instance-hour, an integer from 0 to 10000000',
    },
    from: { type: 'string', format: 'date-time', description: 'a time such as "2026-01-01T00:00:00Z"' },
  }),
};

const SECTION_SCHEMAS: Readonly<Record<SectionName, Schema>> = {
  tiers: map(
    id,
    entry(
      {
        maxInstances: allowance,
        maxVolumeGb: allowance,
        perMinute: entry(Object.fromEntries(LIMITED_OPERATIONS.map((operation) => [operation, allowance]))),
      },
      ['maxVolumeGb'],
    ),
  ),
  templates: map(
    id,
    entry(
      { name, description: label, machineType, diskSizeGb, diskType, image, region, ...machineExtras, ...imageTraits },
      [...Object.keys(machineExtras), ...Object.keys(imageTraits)],
    ),
  ),
  configs: map(
    id,
    entry({
      name,
      description: label,
      zone,
      network,
      subnetwork: text(
        'a subnetwork such as "regions/us-central1/subnetworks/default", or "" to let Compute Engine choose',
        `^(?:|${subnetworkPath})$`,
      ),
      tags,
      externalIp: boolean,
    }),
  ),
  serverTypes: map(
    id,
    owned(
      {
        machineType,
        series: text('a machine series such as "n1"', '^[a-z][a-z0-9]{0,15}$'),
        vcpus: integer(1, 2048),
        memoryMb: integer(256, 33_554_432),
        diskSizeGb,
        diskType,
        ...machineExtras,
      },
      Object.keys(machineExtras),
    ),
  ),
  images: map(id, owned({ name, image, ...imageTraits }, Object.keys(imageTraits))),
  networks: map(text('an id such as "vpc-abc123"', '^vpc-[a-z0-9-]{1,59}$'), owned({ name, network })),
  subnets: map(
    text('an id such as "subnet-def456"', '^subnet-[a-z0-9-]{1,56}$'),
    owned({
      name,
      vpcId: text('the id of a network'),
      subnetwork,
      region,
      zone: text('a zone such as "us-central1-a", or "" for the default zone', `^(?:|${ZONE})$`),
    }),
  ),
  securityGroups: map(text('an id such as "sg-web"', '^sg-[a-z0-9-]{1,60}$'), owned({ name, tags })),
  sshKeys: map(
    text('an id such as "key-001"', '^key-[a-z0-9-]{1,59}$'),
    owned({
      name,
      user: text('a login name', '^[a-z_][a-z0-9_-]{0,31}$'),
      publicKey: {
        ...text(
          'a public key in one line, such as "ssh-ed25519 AAAA… alice"',
          '^(?:ssh-(?:rsa|ed25519)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\\.com) [A-Za-z0-9+/]{16,}={0,3}(?: [^\\r\\n]*)?$',
        ),
        maxLength: 16_000,
      },
    }),
  ),
  volumeTypes: map(
    text('"block"', '^block$'),
    entry({
      diskType,
      minGb: integer(1, 65_536),
      maxGb: integer(1, 65_536),
      centsPerGbMonth: {
        ...integer(0, 1_000_000),
        description: 'cents per GB and month, an integer from 0 to 1000000',
      },
    }),
  ),
  prices: map(machineType, entry({ steps: priceSteps })),
  spotPrices: map(machineType, entry({ steps: priceSteps, zones: map(zone, priceSteps) }, ['zones'])),
};

/** The schema of the catalogue file. Every section is optional. */
export const CATALOG_SCHEMA: Schema & { readonly $id: string } = {
  $id: 'catalog',
  type: 'object',
  description: `an object with ${Object.keys(SECTION_SCHEMAS).join(', ')}`,
  additionalProperties: false,
  properties: SECTION_SCHEMAS satisfies Readonly<Record<keyof Catalog, Schema>>,
};
