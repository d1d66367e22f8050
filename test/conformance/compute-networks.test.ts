import { describe, expect, test } from 'vitest';
import type { NetworkSeed } from '#scripts/emulators/compute/networks.ts';
import { BOOT_SECONDS, PROJECT, STOP_SECONDS, ZONE, computeCloud } from '#test/support/compute-cloud.ts';
import { thrownBy } from './thrown-by-client.ts';

const MADE: NetworkSeed = {
  name: 'made',
  mode: 'custom',
  subnetworks: [
    { name: 'one', region: 'us-central1', ipCidrRange: '10.7.0.0/24' },
    { name: 'far', region: 'europe-west1' },
  ],
};

const on = (...interfaces: readonly object[]) => ({ networkInterfaces: interfaces });

describe('networks', () => {
  test('a VM on a custom mode network names its subnetwork, and gets an address of it', async () => {
    const cloud = await computeCloud({ networks: [MADE] });

    await cloud.running('web', on({ subnetwork: 'regions/us-central1/subnetworks/one' }));

    const [nic] = (await cloud.get('web')).networkInterfaces ?? [];
    expect(nic?.network).toMatch(/\/global\/networks\/made$/);
    expect(nic?.networkIP).toMatch(/^10\.7\.0\.\d+$/);
  });

  test.each([
    [
      'a subnetwork of another network',
      on({ network: 'global/networks/default', subnetwork: 'regions/us-central1/subnetworks/one' }),
    ],
    ['a subnetwork of another region', on({ subnetwork: 'regions/europe-west1/subnetworks/far' })],
    ['a network without a subnetwork', on({ network: 'global/networks/made' })],
    ['a name that is no reference', on({ network: 'made' })],
    ['one network twice', on({ network: 'global/networks/default' }, { network: 'global/networks/default' })],
  ])('%s: 400 invalid', async (_what, changes) => {
    const cloud = await computeCloud({ networks: [{ name: 'default', mode: 'auto' }, MADE] });

    const refused = await thrownBy(cloud.insert('web', changes));

    expect(refused).toMatchObject({ httpStatusCode: 400, errors: [{ reason: 'invalid' }] });
    expect(cloud.emulator.machines()).toEqual([]);
  });

  test('without a seed there is what a new project has, and no other network', async () => {
    const cloud = await computeCloud();

    await cloud.insert('web', on({}));
    const refused = await thrownBy(cloud.insert('other', on({ network: 'global/networks/made' })));

    expect(refused).toMatchObject({ message: /The referenced network resource cannot be found/ });
  });

  test('a network that is made later exists from then on, for the project that it was made in', async () => {
    const cloud = await computeCloud();
    const order = on({ network: 'global/networks/made', subnetwork: 'regions/us-central1/subnetworks/one' });
    const elsewhere = { ...MADE, name: 'elsewhere', project: 'another-project' };

    const before = await thrownBy(cloud.insert('web', order));
    cloud.emulator.addNetworks([MADE, elsewhere]);
    await cloud.insert('web', order);
    const refused = await thrownBy(
      cloud.insert(
        'other',
        on({ network: 'global/networks/elsewhere', subnetwork: 'regions/us-central1/subnetworks/one' }),
      ),
    );
    await cloud.emulator.reset();

    expect(before).toMatchObject({ httpStatusCode: 400 });
    expect(refused).toMatchObject({ message: /network resource cannot be found/ });
    expect(cloud.emulator.networks()).toEqual([{ name: 'default', mode: 'auto', subnetworks: [] }]);
  });

  test('a seed that cannot be is refused with a sentence, and nothing of it is made', async () => {
    const cloud = await computeCloud();
    const wrong = { name: 'wrong', mode: 'custom' as const, subnetworks: [{ name: 'one', region: 'mars1' }] };

    expect(() => cloud.emulator.addNetworks([MADE, wrong])).toThrow("There is no region 'mars1'.");
    expect(cloud.emulator.networks()).toHaveLength(1);
  });

  test('a subnetwork without a free address: accepted, ends with IP_SPACE_EXHAUSTED, and no VM is left', async () => {
    const tiny = { name: 'tiny', region: 'us-central1', ipCidrRange: '10.9.0.0/29' };
    const cloud = await computeCloud({ networks: [{ name: 'small', mode: 'custom', subnetworks: [tiny] }] });
    const order = on({ subnetwork: 'regions/us-central1/subnetworks/tiny' });
    for (const name of ['a', 'b', 'c', 'd']) await cloud.insert(name, order);

    const operation = await cloud.insert('e', order);
    cloud.clock.advance(BOOT_SECONDS);
    const ended = await cloud.operation(operation.name ?? '');
    const machines = cloud.emulator.machines();
    await cloud.instances.delete(cloud.at('a'));
    cloud.clock.advance(STOP_SECONDS);
    await cloud.insert('f', order);
    cloud.clock.advance(BOOT_SECONDS);

    expect(ended.error?.errors).toMatchObject([{ code: 'IP_SPACE_EXHAUSTED' }]);
    expect(machines.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
    expect(new Set(machines.map(({ networkInterfaces }) => networkInterfaces[0]?.networkIP)).size).toBe(4);
    expect((await cloud.get('f')).status).toBe('RUNNING');
  });

  test('networks, subnetworks, machine types, accelerators and images are shown as the real service shows them', async () => {
    const cloud = await computeCloud({ networks: [{ name: 'default', mode: 'auto' }, MADE] });
    const base = `http://${cloud.emulator.address}/compute/v1/projects`;
    const read = async (path: string): Promise<Record<string, unknown>> =>
      (await (await fetch(`${base}/${path}`)).json()) as Record<string, unknown>;
    const names = ({ items }: Record<string, unknown>) => (items as { name: string }[]).map(({ name }) => name);

    const network = await read(`${PROJECT}/global/networks/made`);
    const subnetworks = await read(`${PROJECT}/regions/us-central1/subnetworks`);
    const types = await read(`${PROJECT}/zones/${ZONE}/machineTypes?filter=name=c3-standard-8-lssd`);
    const first = await read(`${PROJECT}/zones/${ZONE}/machineTypes?maxResults=2`);
    const accelerators = await read(`${PROJECT}/zones/${ZONE}/acceleratorTypes`);
    const image = await read('ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-arm64');
    const old = await read('debian-cloud/global/images/debian-10-buster-v20240101');

    expect(network).toMatchObject({ kind: 'compute#network', autoCreateSubnetworks: false });
    expect(names(subnetworks)).toEqual(['default', 'one']);
    expect(types['items']).toMatchObject([{ guestCpus: 8, memoryMb: 32768, bundledLocalSsds: { partitionCount: 2 } }]);
    expect(first['items']).toHaveLength(2);
    expect(first['nextPageToken']).toBeTypeOf('string');
    expect(names(accelerators)).toEqual(expect.arrayContaining(['nvidia-l4', 'nvidia-tesla-t4']));
    expect(image).toMatchObject({ family: 'ubuntu-2404-lts-arm64', architecture: 'ARM64', diskSizeGb: '10' });
    expect(old).toMatchObject({ deprecated: { state: 'DEPRECATED' } });
  });
});

describe('an operation that is accepted and fails', () => {
  test.each([
    ['QUOTA_EXCEEDED', undefined, 403],
    ['RESOURCE_OPERATION_RATE_EXCEEDED', undefined, 403],
    ['IP_SPACE_EXHAUSTED_WITH_DETAILS', undefined, 400],
    ['INTERNAL_ERROR', undefined, 500],
    ['PREEMPTED', undefined, 400],
    ['NEVER_HEARD_OF', 409, 409],
  ])('%s on start: the code is in the DONE operation, the VM stays stopped', async (code, httpStatus, expected) => {
    const cloud = await computeCloud();
    await cloud.running('web');
    await cloud.instances.stop(cloud.at('web'));
    cloud.clock.advance(STOP_SECONDS);
    const fault = { service: 'compute', method: 'instances.start', kind: 'operationError', count: 1, code } as const;
    cloud.faults.add([httpStatus === undefined ? fault : { ...fault, httpStatus }]);

    const [start] = await cloud.instances.start(cloud.at('web'));
    cloud.clock.advance(BOOT_SECONDS);

    expect(await cloud.operation(start.latestResponse.name)).toMatchObject({
      status: 'DONE',
      error: { errors: [{ code }] },
      httpErrorStatusCode: expected,
    });
    expect((await cloud.get('web')).status).toBe('TERMINATED');
    expect(cloud.faults.list()).toEqual([]);
  });

  test('ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS says which zone has room', async () => {
    const cloud = await computeCloud();
    const code = 'ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS';
    cloud.faults.add([{ service: 'compute', method: 'instances.insert', kind: 'operationError', count: 1, code }]);

    const operation = await cloud.insert('web');
    cloud.clock.advance(BOOT_SECONDS);

    const { error, httpErrorStatusCode } = await cloud.operation(operation.name ?? '');
    const [info] = error?.errors?.[0]?.errorDetails?.flatMap(({ errorInfo }) => errorInfo ?? []) ?? [];
    expect(httpErrorStatusCode).toBe(503);
    expect(info).toMatchObject({
      reason: 'resource_availability',
      metadatas: { vmType: 'e2-medium', zone: ZONE, zonesAvailable: 'us-central1-b' },
    });
  });

  test('a VM that exists can be a 404 for one read', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    cloud.faults.add([{ service: 'compute', method: 'instances.get', kind: 'error', count: 1, status: 404 }]);

    const absent = await thrownBy(cloud.get('web'));
    const there = await cloud.get('web');

    expect(absent).toMatchObject({ httpStatusCode: 404, errors: [{ reason: 'notFound' }] });
    expect(there.status).toBe('RUNNING');
  });

  test('a failing setMetadata changes nothing', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    const fingerprint = (await cloud.get('web')).metadata?.fingerprint ?? null;
    const kind = 'operationError' as const;
    cloud.faults.add([{ service: 'compute', method: 'instances.setMetadata', kind, count: 1, code: 'INTERNAL_ERROR' }]);

    const [operation] = await cloud.instances.setMetadata({
      ...cloud.at('web'),
      metadataResource: { fingerprint, items: [{ key: 'a', value: 'b' }] },
    });
    cloud.clock.advance(1);

    expect(await cloud.operation(operation.latestResponse.name)).toMatchObject({
      status: 'DONE',
      error: { errors: [{ code: 'INTERNAL_ERROR' }] },
    });
    expect((await cloud.get('web')).metadata?.items ?? []).toEqual([]);
  });
});
