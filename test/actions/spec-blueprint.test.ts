import { describe, expect, test } from 'vitest';
import catalog from '#scripts/local/catalog.json' with { type: 'json' };
import { keysForInstance } from '#shared/actions/keys-for-instance.ts';
import { specBlueprint } from '#shared/actions/spec-blueprint.ts';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import type { Catalog } from '#shared/catalog/catalog.ts';
import {
  NETWORK,
  NETWORK_CONFIG,
  NO_EXTRAS,
  SECURITY_GROUP,
  SERVER_TYPE,
  SSH_KEY,
  SUBNET,
} from '#shared/datastore/catalog-rows.ts';
import { erase, put, type Ref, type Write } from '#shared/datastore/write.ts';
import type { Subnet } from '#shared/domain/catalog.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { InstanceSpec } from '#shared/domain/instance-spec.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { ORIGINAL_BODY } from '#test/support/resource-api.ts';
import { testAuditor } from '#test/support/test-auditor.ts';

const ALICE: Principal = {
  userId: '550e8400-e29b-41d4-a716-446655440000',
  customerId: 'acme',
  projects: ['proj_1'],
  groups: ['group1'],
  roles: [],
  tier: 'pro',
  credential: { type: 'jwt', id: 'token-1' },
};

const LEAST: InstanceSpec = { type: 'cx31', image: 'ubuntu-22.04' };

/** Opens the local catalogue with further rows, and counts the look-ups in it. */
async function harness(more: readonly Write[] = []) {
  const { store } = await testDatastore();
  await applyCatalog(store, catalog satisfies Catalog, { auditor: testAuditor() });
  if (more.length > 0) await store.write(more);
  const lookups: number[] = [];
  // The store sends the reads of one tick as one look-up, so they count as one.
  let asking = false;
  const ask = (rows: number) => {
    if (asking) lookups[lookups.length - 1] = (lookups.at(-1) ?? 0) + rows;
    else lookups.push(rows);
    asking = true;
    queueMicrotask(() => (asking = false));
  };
  const counted = {
    query: store.query.bind(store),
    get: <T>(target: Ref<T>) => {
      ask(1);
      return store.get(target);
    },
    getAll: ((refs: readonly Ref<unknown>[]) => {
      ask(refs.length);
      return store.getAll(refs);
    }) as typeof store.getAll,
  };
  const blueprint = (spec: InstanceSpec, labels: Readonly<Record<string, string>> = {}) =>
    specBlueprint(
      {
        name: 'web',
        labels,
        spec,
        customerId: 'acme',
        project: 'proj_1',
        keys: () => keysForInstance({ caller: ALICE, project: 'proj_1', ids: spec.ssh_key_ids }, counted),
        ownLabel: 'compute-api',
      },
      counted,
    );
  return { blueprint, lookups };
}

async function refusal(work: Promise<unknown>): Promise<Failure> {
  const thrown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof Failure) return thrown;
  throw new Error(`expected a Failure, not ${String(thrown)}`);
}

const pointers = (failure: Failure) => failure.fields.map(({ pointer }) => pointer);

describe('a spec becomes a machine', () => {
  test('the original request, by one look-up', async () => {
    const { blueprint, lookups } = await harness();

    const made = await blueprint(ORIGINAL_BODY.spec, ORIGINAL_BODY.metadata.labels);

    expect(made).toEqual({
      zone: 'us-central1-a',
      machine: {
        machineType: 'custom-2-4096',
        image: 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts',
        diskSizeGb: 80,
        diskType: 'pd-balanced',
        network: 'global/networks/default',
        subnetwork: 'regions/us-central1/subnetworks/default',
        tags: ['http-server', 'https-server', 'ssh-server'],
        externalIp: true,
        labels: { env: 'production', team: 'platform' },
        metadata: {
          'ssh-keys': `ubuntu:${catalog.sshKeys['key-001'].publicKey}`,
          'user-data': '#!/bin/bash\napt update',
        },
        spot: false,
        accelerator: null,
        localSsds: 0,
        discardLocalSsd: false,
      },
      login: { user: 'ubuntu', keyIds: ['key-001'] },
      templateId: '',
      configId: '',
      displayName: 'web',
      spec: ORIGINAL_BODY.spec,
      project: 'proj_1',
    });
    expect(lookups).toHaveLength(1);
  });

  test('what a spec does not say is the type’s and the default network config’s, tags included', async () => {
    const config = {
      ...catalog.configs['default-network'],
      id: 'default-network',
      tags: ['inside'],
      externalIp: false,
    };
    const { blueprint } = await harness([put(NETWORK_CONFIG, 'default-network', config)]);

    const { zone, machine, spec } = await blueprint(LEAST);

    expect(zone).toBe('us-central1-a');
    expect(machine).toMatchObject({
      machineType: 'n1-standard-2',
      diskSizeGb: 80,
      network: 'global/networks/default',
      subnetwork: '',
      tags: ['inside'],
      externalIp: false,
      metadata: {},
    });
    expect(spec).toEqual(LEAST);
  });

  test.each<readonly [string, Partial<InstanceSpec>, string]>([
    ['what the type has already is no custom machine', { vcpus: 2, memory_mb: 7680 }, 'n1-standard-2'],
    ['other CPUs keep the memory of the type', { vcpus: 4 }, 'custom-4-7680'],
    ['other memory keeps the CPUs of the type', { memory_mb: 8192 }, 'custom-2-8192'],
    ['the series of the type decides the name', { type: 'cx21', memory_mb: 8192 }, 'e2-custom-2-8192'],
  ])('%s', async (_, more, machineType) => {
    const { blueprint } = await harness();

    expect((await blueprint({ ...LEAST, ...more })).machine.machineType).toBe(machineType);
  });

  test('keys and groups that are named twice count once', async () => {
    const key = {
      id: 'key-002',
      customerId: 'acme',
      name: 'Second',
      user: 'admin',
      publicKey: 'ssh-ed25519 AAAA second',
    };
    const { blueprint } = await harness([put(SSH_KEY, key.id, key)]);

    const { machine } = await blueprint({
      ...LEAST,
      ssh_key_ids: ['key-001', 'key-002', 'key-001'],
      security_groups: ['sg-ssh', 'sg-ssh'],
    });

    expect(machine.metadata['ssh-keys']?.split('\n')).toEqual([
      `ubuntu:${catalog.sshKeys['key-001'].publicKey}`,
      'admin:ssh-ed25519 AAAA second',
    ]);
    expect(machine.tags).toEqual(['ssh-server']);
  });
});

describe('where it is made', () => {
  const network = { id: 'vpc-2', customerId: 'acme', name: 'Second', network: 'global/networks/second' };
  const subnet = {
    id: 'subnet-2',
    customerId: 'acme',
    name: 'Second',
    vpcId: 'vpc-2',
    subnetwork: 'regions/europe-west1/subnetworks/second',
    region: 'europe-west1',
    zone: '',
  };
  const rows = [put(NETWORK, network.id, network), put(SUBNET, subnet.id, subnet)];

  test('a VPC alone: its network in the default zone, and the tags of the groups only', async () => {
    const { blueprint } = await harness([put(NETWORK, network.id, network)]);

    const { zone, machine } = await blueprint({ ...LEAST, vpc_id: 'vpc-2' });

    expect(zone).toBe('us-central1-a');
    expect(machine).toMatchObject({ network: 'global/networks/second', subnetwork: '', tags: [] });
  });

  test('a subnet alone brings its VPC', async () => {
    const { blueprint, lookups } = await harness(rows);

    const { machine } = await blueprint({ ...LEAST, subnet_id: 'subnet-2' });

    expect(machine).toMatchObject({ network: 'global/networks/second', subnetwork: subnet.subnetwork });
    expect(lookups).toHaveLength(2);
  });

  test.each([
    ['its own zone', { zone: 'europe-west1-d' }, 'europe-west1-d'],
    ['the first zone of its region, when it names none', {}, 'europe-west1-b'],
    ['the default zone, when that is in its region', { region: 'us-central1' }, 'us-central1-a'],
  ])('a subnet is used in %s', async (_, more, zone) => {
    const { blueprint } = await harness([...rows, put(SUBNET, subnet.id, { ...subnet, ...more })]);

    expect((await blueprint({ ...LEAST, vpc_id: 'vpc-2', subnet_id: 'subnet-2' })).zone).toBe(zone);
  });
});

describe('422', () => {
  test('names everything that is not known, at once, and asks for nothing that cannot be an id', async () => {
    const { blueprint } = await harness();

    const failure = await refusal(
      blueprint({
        type: 'cx99',
        image: '__image__',
        vpc_id: 'VPC',
        subnet_id: 'subnet-9',
        security_groups: ['sg-web', 'sg-9', 'sg-8'],
        ssh_key_ids: ['key-9'],
      }),
    );

    expect(failure).toMatchObject({ kind: 'unprocessable', reason: 'spec_not_possible' });
    expect(failure.message).toBe(
      'The request cannot be honoured: spec.type "cx99" is not known. The nearest are cx21, cx31, cx41; ' +
        'GET /v1/server-types lists all; spec.image "__image__" is not known. The nearest are debian-12, ubuntu-22.04, ' +
        'ubuntu-24.04; GET /v1/images lists all; spec.vpc_id "VPC" is not known. There is vpc-abc123; GET /v1/vpcs lists all; ' +
        'spec.subnet_id "subnet-9" is not known. There is subnet-def456; GET /v1/subnets lists all; ' +
        'spec.security_groups "sg-9" is not known. The nearest are sg-ssh, sg-web; GET /v1/security-groups lists all; ' +
        'spec.security_groups "sg-8" is not known. The nearest are sg-ssh, sg-web; GET /v1/security-groups lists all; ' +
        'spec.ssh_key_ids "key-9" is not known.',
    );
  });

  test('a row of another customer is as unknown as one that does not exist', async () => {
    const theirs = {
      id: 'type-1',
      customerId: 'umbrella',
      machineType: 'n1-standard-1',
      series: 'n1',
      vcpus: 1,
      memoryMb: 3840,
      diskSizeGb: 10,
      diskType: 'pd-standard',
    };
    const { blueprint } = await harness([put(SERVER_TYPE, 'type-1', { ...NO_EXTRAS, ...theirs })]);

    const foreign = await refusal(blueprint({ ...LEAST, type: 'type-1' }));
    const absent = await refusal(blueprint({ ...LEAST, type: 'type-2' }));

    expect(foreign.message.replace('type-1', 'type-2')).toBe(absent.message);
  });

  test('a row of one’s own is known', async () => {
    const mine = {
      id: 'type-1',
      customerId: 'acme',
      machineType: 'n1-standard-1',
      series: 'n1',
      vcpus: 1,
      memoryMb: 3840,
      diskSizeGb: 10,
      diskType: 'pd-standard',
    };
    const { blueprint } = await harness([put(SERVER_TYPE, 'type-1', { ...NO_EXTRAS, ...mine })]);

    expect((await blueprint({ ...LEAST, type: 'type-1' })).machine.machineType).toBe('n1-standard-1');
  });

  test.each<readonly [string, Partial<InstanceSpec>, string]>([
    ['no such machine', { vcpus: 3 }, '/spec/vcpus'],
    ['memory that no machine has', { memory_mb: 1000 }, '/spec/memory_mb'],
    ['not base64', { user_data: '%' }, '/spec/user_data'],
  ])('%s', async (_, more, pointer) => {
    const { blueprint } = await harness();

    expect(pointers(await refusal(blueprint({ ...LEAST, ...more })))).toContain(pointer);
  });

  test('a type without custom machines names what was sent', async () => {
    const type = {
      id: 'fast',
      customerId: '',
      machineType: 'c3-standard-4',
      series: 'c3',
      vcpus: 4,
      memoryMb: 16_384,
      diskSizeGb: 10,
      diskType: 'pd-ssd',
    };
    const { blueprint } = await harness([put(SERVER_TYPE, 'fast', { ...NO_EXTRAS, ...type })]);

    expect(pointers(await refusal(blueprint({ ...LEAST, type: 'fast', memory_mb: 8192 })))).toEqual([
      '/spec/memory_mb',
    ]);
  });

  test('a subnet of another VPC', async () => {
    const other = { id: 'vpc-2', customerId: '', name: 'Other', network: 'global/networks/other' };
    const { blueprint } = await harness([put(NETWORK, 'vpc-2', other)]);

    const failure = await refusal(blueprint({ ...LEAST, vpc_id: 'vpc-2', subnet_id: 'subnet-def456' }));

    expect(failure.message).toContain('spec.subnet_id "subnet-def456" is not in the VPC "vpc-2"');
  });

  test('more network tags than a VM can have', async () => {
    const group = (id: string) => ({
      id,
      customerId: '',
      name: id,
      tags: Array.from({ length: 33 }, (_, i) => `${id}-${i}`),
    });
    const { blueprint } = await harness([put(SECURITY_GROUP, 'a', group('a')), put(SECURITY_GROUP, 'b', group('b'))]);

    const failure = await refusal(blueprint({ ...LEAST, security_groups: ['a', 'b'] }));

    expect(failure.message).toContain('66 network tags; 64 are possible');
  });

  test('the label by which the service knows its VMs', async () => {
    const { blueprint } = await harness();

    expect(pointers(await refusal(blueprint(LEAST, { 'compute-api': 'mine' })))).toEqual([
      '/metadata/labels/compute-api',
    ]);
  });
});

test('a platform without its default network is our failure, not the caller’s', async () => {
  const { blueprint } = await harness([erase({ kind: NETWORK_CONFIG, id: 'default-network' })]);

  expect(await refusal(blueprint(LEAST))).toMatchObject({ kind: 'internal', reason: 'default_network_missing' });
});

describe('a VPC that is named alone', () => {
  const subnet = (id: string, more: Partial<Subnet> = {}) =>
    put(SUBNET, id, {
      id,
      customerId: '',
      name: id,
      vpcId: 'vpc-2',
      subnetwork: `regions/${more.region ?? 'us-central1'}/subnetworks/${id}`,
      region: 'us-central1',
      zone: '',
      ...more,
    });
  const vpc = put(NETWORK, 'vpc-2', { id: 'vpc-2', customerId: '', name: 'Two', network: 'global/networks/two' });
  const alone = { ...LEAST, vpc_id: 'vpc-2' };

  test('means its only subnet in the region of the default zone', async () => {
    const { blueprint } = await harness([vpc, subnet('subnet-a'), subnet('subnet-b', { region: 'europe-west1' })]);

    const { zone, machine } = await blueprint(alone);

    expect(zone).toBe('us-central1-a');
    expect(machine).toMatchObject({
      network: 'global/networks/two',
      subnetwork: 'regions/us-central1/subnetworks/subnet-a',
    });
  });

  test('without a subnet in that region is 422 at /spec/subnet_id, and the message lists those elsewhere', async () => {
    const { blueprint } = await harness([vpc, subnet('subnet-b', { region: 'europe-west1' })]);

    const failure = await refusal(blueprint(alone));

    expect(pointers(failure)).toEqual(['/spec/subnet_id']);
    expect(failure.message).toContain(
      'the VPC "vpc-2" has no subnet in us-central1, but others: subnet-b (europe-west1)',
    );
  });

  test('with several subnets is 422 at /spec/subnet_id, and the message lists them', async () => {
    const { blueprint } = await harness([vpc, subnet('subnet-a'), subnet('subnet-b')]);

    const failure = await refusal(blueprint(alone));

    expect(pointers(failure)).toEqual(['/spec/subnet_id']);
    expect(failure.message).toContain(
      'spec.subnet_id is needed, for the VPC "vpc-2" has several subnets in us-central1: subnet-a (us-central1), subnet-b (us-central1)',
    );
  });

  test('does not count or list the subnets of other customers', async () => {
    const { blueprint } = await harness([vpc, subnet('subnet-a'), subnet('subnet-b', { customerId: 'umbrella' })]);

    expect((await blueprint(alone)).machine.subnetwork).toBe('regions/us-central1/subnetworks/subnet-a');
  });

  test('leaves the choice to Compute Engine where the catalogue knows no subnet of it', async () => {
    const { blueprint } = await harness([vpc]);

    expect((await blueprint(alone)).machine).toMatchObject({ network: 'global/networks/two', subnetwork: '' });
  });
});

describe('image and machine', () => {
  test('a disk that the image does not fit into is 422 with the least size', async () => {
    const { blueprint } = await harness();

    const failure = await refusal(blueprint({ ...LEAST, disk_gb: 9 }));

    expect(failure.fields).toMatchObject([
      { pointer: '/spec/disk_gb', message: 'must be at least 10, the size of the image "ubuntu-22.04"' },
    ]);
    expect((await blueprint({ ...LEAST, disk_gb: 10 })).machine.diskSizeGb).toBe(10);
  });

  test('an image for another architecture is 422 at /spec/image', async () => {
    const arm = { ...catalog.serverTypes.cx21, id: 'arm', customerId: '', machineType: 't2a-standard-1' };
    const { blueprint } = await harness([put(SERVER_TYPE, 'arm', { ...NO_EXTRAS, ...arm })]);

    const failure = await refusal(blueprint({ ...LEAST, type: 'arm' }));

    expect(failure.fields).toMatchObject([
      { pointer: '/spec/image', message: '"ubuntu-22.04" is for X86_64, and machines of the type "arm" are ARM64' },
    ]);
  });

  test('GPUs and Local SSD of the server type are the machine’s', async () => {
    const extras = { accelerator: { type: 'nvidia-tesla-t4', count: 1 }, localSsds: 2, discardLocalSsd: true };
    const gpu = { ...catalog.serverTypes.cx31, id: 'gpu', customerId: '', ...extras };
    const { blueprint } = await harness([put(SERVER_TYPE, 'gpu', gpu)]);

    expect((await blueprint({ ...LEAST, type: 'gpu' })).machine).toMatchObject(extras);
  });
});
