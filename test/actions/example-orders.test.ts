import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { expect, test } from 'vitest';
import localCatalog from '#scripts/local/catalog.json' with { type: 'json' };
import type { NetworkSeed } from '#scripts/emulators/compute/networks.ts';
import { CatalogReader } from '#shared/actions/catalog-reader.ts';
import { createInstance } from '#shared/actions/create-instance.ts';
import { specBlueprint } from '#shared/actions/spec-blueprint.ts';
import { templateBlueprint } from '#shared/actions/template-blueprint.ts';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import type { Catalog, Entries } from '#shared/catalog/catalog.ts';
import { NETWORK_CONFIG } from '#shared/datastore/catalog-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { put } from '#shared/datastore/write.ts';
import type { Blueprint } from '#shared/domain/blueprint.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { InstanceSpec } from '#shared/domain/instance-spec.ts';
import { completeLimits } from '#shared/domain/tier.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import type { FamilyAdapter } from '#shared/http/pipeline.ts';
import { cloudAndRecords } from '#test/support/cloud-and-records.ts';
import { PROJECT } from '#test/support/compute-cloud.ts';
import { testAuditor } from '#test/support/test-auditor.ts';

const TEMPLATE: Entries['templates'] = localCatalog.templates['ubuntu-22-standard'];
const TYPE: Entries['serverTypes'] = localCatalog.serverTypes.cx31;
const CONFIG: Entries['configs'] = localCatalog.configs['default-network'];
const TAGS = Array.from({ length: 65 }, (_, index) => `tag-${index}`);

/** Machines offered both as a template and as a server type. */
const MACHINES: Readonly<Record<string, Pick<Entries['serverTypes'], 'machineType' | 'diskType' | 'localSsds'>>> = {
  g2: { machineType: 'g2-standard-4', diskType: 'pd-balanced' },
  a2: { machineType: 'a2-highgpu-1g', diskType: 'pd-balanced' },
  n4: { machineType: 'n4-standard-2', diskType: 'pd-balanced' },
  t2a: { machineType: 't2a-standard-1', diskType: 'pd-balanced' },
  'e2-ssd': { machineType: 'e2-medium', diskType: 'pd-balanced', localSsds: 1 },
};

const subnet = (name: string): Entries['subnets'] => ({
  name,
  vpcId: 'vpc-two',
  subnetwork: `regions/us-central1/subnetworks/${name}`,
  region: 'us-central1',
  zone: '',
});

const CATALOG: Catalog = {
  ...(localCatalog satisfies Catalog),
  templates: {
    plain: TEMPLATE,
    ...Object.fromEntries(Object.entries(MACHINES).map(([id, more]) => [id, { ...TEMPLATE, ...more }])),
  },
  serverTypes: {
    plain: TYPE,
    ...Object.fromEntries(Object.entries(MACHINES).map(([id, more]) => [id, { ...TYPE, ...more }])),
  },
  configs: {
    'default-network': CONFIG,
    two: { ...CONFIG, network: 'global/networks/two', subnetwork: '' },
    gone: { ...CONFIG, network: 'global/networks/gone' },
  },
  networks: {
    'vpc-two': { name: 'Two', network: 'global/networks/two' },
    'vpc-gone': { name: 'Gone', network: 'global/networks/gone' },
  },
  subnets: { 'subnet-one': subnet('one'), 'subnet-two': subnet('two') },
  securityGroups: {
    'sg-a': { name: 'A', tags: TAGS.slice(0, 33) },
    'sg-b': { name: 'B', tags: TAGS.slice(33) },
  },
};

const NETWORKS: readonly NetworkSeed[] = [
  { name: 'default', mode: 'auto' },
  {
    name: 'two',
    mode: 'custom',
    subnetworks: [
      { name: 'one', region: 'us-central1' },
      { name: 'two', region: 'us-central1' },
    ],
  },
];

/** A request for the same machine in the words of the compute family and of the resource family. */
interface Order {
  readonly template?: string;
  readonly config?: string;
  readonly spec: Partial<InstanceSpec>;
}

/** Opens records and a Compute Engine that refuses as the real one does, and a caller without limits. */
async function world() {
  const at = await cloudAndRecords({ networks: NETWORKS, clock: new ShiftableClock() });
  await applyCatalog(at.store, CATALOG, { auditor: testAuditor() });
  // More tags than a catalogue file may have, as in a row that was written by hand.
  await at.store.write([put(NETWORK_CONFIG, 'tags', { ...CONFIG, id: 'tags', tags: TAGS })]);
  const catalog = new CatalogReader({ store: at.store, nowMs: at.tools.nowMs });
  const keys = async () => ({ keys: [], unknown: [] });
  const create = (blueprint: () => Promise<Blueprint>) =>
    createInstance(
      {
        caller: {
          userId: '550e8400-e29b-41d4-a716-446655440000',
          customerId: 'acme',
          projects: [],
          groups: ['group1'],
          roles: [],
          tier: 'enterprise',
          credential: { type: 'jwt', id: 'token-1' },
        },
        actor: { type: 'user', id: '550e8400-e29b-41d4-a716-446655440000' },
        tier: { name: 'enterprise', maxInstances: -1, maxVolumeGb: -1, perMinute: completeLimits({ create: -1 }) },
        requestId: 'request-1',
        idempotencyKey: undefined,
        idPrefix: 'tw',
        blueprint,
        answer: (instance) => ({ status: 201, body: { id: instance.id } }),
      },
      at.tools,
    );
  return {
    at,
    vms: async () => (await at.cloud.instances.list({ project: PROJECT, zone: 'us-central1-a' }))[0],
    byTemplate: ({ template = 'plain', config = 'default-network' }: Order) =>
      create(() =>
        templateBlueprint({ templateId: template, configId: config, zone: undefined, project: '', keys }, catalog),
      ),
    bySpec: ({ spec }: Order) =>
      create(() =>
        specBlueprint(
          {
            name: 'web',
            labels: {},
            spec: { type: 'plain', image: 'ubuntu-22.04', ...spec },
            customerId: 'acme',
            project: '',
            keys,
            ownLabel: 'compute-api',
          },
          at.store,
        ),
      ),
  };
}

type World = Awaited<ReturnType<typeof world>>;

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const thrown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return thrown instanceof Failure ? thrown : expect.fail(`expected a Failure, not ${String(thrown)}`);
}

const ERROR = { errorId: '0123456789abcdef0123456789abcdef', requestId: 'request-1' };

/**
 * Returns status and message in each family: compute for the request by template, the others for the request by spec.
 */
async function seen(at: World, order: Order) {
  const byTemplate = await failureOf(at.byTemplate(order));
  const bySpec = await failureOf(at.bySpec(order));
  const answer = (family: FamilyAdapter, failure: Failure) => family.failure(failure, ERROR);
  const [compute, resource, fleet] = [
    answer(computeFamily, byTemplate),
    answer(resourceFamily, bySpec),
    answer(fleetFamily, bySpec),
  ];
  return {
    compute: [compute.status, (compute.body as { readonly detail: string }).detail],
    resource: [resource.status, (resource.body as { readonly error: string }).error],
    fleet: [fleet.status, (fleet.body as { readonly detail: unknown }).detail],
  };
}

const CLOUD_SAYS_NO =
  'GCP operation failed. This combination of machine type, image, disk and network is not possible. ' +
  "Please choose another one; the platform's operators find in the log what does not fit.";
/** Only callers of the resource family choose machine, image and disk themselves, so only they get a 4xx. */
const REFUSED_BY_CLOUD = { compute: [500, CLOUD_SAYS_NO], resource: [422, CLOUD_SAYS_NO], fleet: [500, CLOUD_SAYS_NO] };

const TWO_SUBNETS = 'has several subnets in us-central1: subnet-one (us-central1), subnet-two (us-central1)';

/** Returns the replies of the resource and fleet families to a member of a spec that cannot be fulfilled. */
function unprocessable(member: string, what: string) {
  return {
    resource: [422, `The request cannot be honoured: spec.${member} ${what}.`],
    fleet: [422, [{ loc: ['body', 'spec', member], msg: what, type: 'catalog' }]],
  };
}

test('example orders that Compute Engine refuses: what the caller sees in each of the three families', async () => {
  const at = await world();
  const userData = Buffer.alloc(300 * 1024, 'x').toString('base64');

  expect({
    'n4 with pd-balanced': await seen(at, { template: 'n4', spec: { type: 'n4' } }),
    'e2 with Local SSD': await seen(at, { template: 'e2-ssd', spec: { type: 'e2-ssd' } }),
    'an unknown network': await seen(at, { config: 'gone', spec: { vpc_id: 'vpc-gone' } }),
    't2a with an image for x86': await seen(at, { template: 't2a', spec: { type: 't2a' } }),
    'a custom mode network alone': await seen(at, { config: 'two', spec: { vpc_id: 'vpc-two' } }),
    '65 network tags': await seen(at, { config: 'tags', spec: { security_groups: ['sg-a', 'sg-b'] } }),
    // Callers of the compute family cannot set metadata, so its column repeats the result of n4.
    '300 KiB of metadata': await seen(at, { template: 'n4', spec: { user_data: userData } }),
  }).toEqual({
    'n4 with pd-balanced': REFUSED_BY_CLOUD,
    'e2 with Local SSD': REFUSED_BY_CLOUD,
    'an unknown network': REFUSED_BY_CLOUD,
    't2a with an image for x86': {
      ...REFUSED_BY_CLOUD,
      ...unprocessable('image', '"ubuntu-22.04" is for X86_64, and machines of the type "t2a" are ARM64'),
    },
    'a custom mode network alone': {
      compute: [
        400,
        `The request is not valid: body.config_id names no subnet, and its network ${TWO_SUBNETS}. ` +
          'Choose a network config that names one.',
      ],
      ...unprocessable('subnet_id', `is needed, for the VPC "vpc-two" ${TWO_SUBNETS}`),
    },
    '65 network tags': {
      ...REFUSED_BY_CLOUD,
      ...unprocessable('security_groups', 'amount to 65 network tags; 64 are possible'),
    },
    '300 KiB of metadata': {
      ...REFUSED_BY_CLOUD,
      ...unprocessable('user_data', 'has 307200 bytes; at most 32768 are possible'),
    },
  });
  // Neither a record nor a VM is left.
  expect([await at.at.all(INSTANCE), [...(await at.vms())]]).toEqual([[], []]);
});

test('g2 and a2 on demand run, told to end on host maintenance; a VPC with its subnet named works', async () => {
  const at = await world();

  for (const type of ['g2', 'a2']) {
    for (const made of [await at.byTemplate({ template: type, spec: {} }), await at.bySpec({ spec: { type } })]) {
      expect(made.status).toBe(201);
      const { scheduling, guestAccelerators } = await at.at.cloud.get((made.body as { readonly id: string }).id);
      expect(scheduling).toMatchObject({ onHostMaintenance: 'TERMINATE', automaticRestart: true });
      expect(guestAccelerators).toMatchObject([{ acceleratorCount: 1 }]);
    }
  }
  expect((await at.bySpec({ spec: { vpc_id: 'vpc-two', subnet_id: 'subnet-one' } })).status).toBe(201);
});
