import { DisksClient } from '@google-cloud/compute/build/src/v1/disks_client.js';
import { PassThroughClient } from 'google-auth-library';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PROJECT, STOP_SECONDS, ZONE, computeCloud } from '#test/support/compute-cloud.ts';
import { thrownBy } from './thrown-by-client.ts';

const PLACE = { project: PROJECT, zone: ZONE };

async function diskCloud() {
  const cloud = await computeCloud();
  const disks = new DisksClient({
    projectId: PROJECT,
    apiEndpoint: '127.0.0.1',
    port: Number(cloud.emulator.address.split(':')[1]),
    protocol: 'http',
    authClient: new PassThroughClient(),
  });
  onTestFinished(() => disks.close());
  const data = (name: string, more: object = {}) =>
    disks.insert({ ...PLACE, diskResource: { name, sizeGb: '50', type: `zones/${ZONE}/diskTypes/pd-ssd`, ...more } });
  const attach = (instance: string, name: string, more: object = {}) =>
    cloud.instances.attachDisk({
      ...cloud.at(instance),
      attachedDiskResource: { source: `zones/${ZONE}/disks/${name}`, deviceName: name, ...more },
    });
  const disk = async (name: string) => (await disks.get({ ...PLACE, disk: name }))[0];
  return { cloud, disks, data, attach, disk };
}

describe('disks', () => {
  test('the boot disk of a VM is a disk of its name, and goes with the VM', async () => {
    const { cloud, disk } = await diskCloud();
    await cloud.running('web');

    const shown = await disk('web');
    await cloud.instances.delete(cloud.at('web'));
    cloud.clock.advance(STOP_SECONDS);
    const gone = await thrownBy(disk('web'));

    expect(shown).toMatchObject({
      kind: 'compute#disk',
      sizeGb: expect.anything() as unknown,
      users: [expect.stringContaining('/instances/web')],
      sourceImage: expect.stringContaining('ubuntu-2204') as unknown,
    });
    expect(gone).toMatchObject({ httpStatusCode: 404 });
  });

  test('a disk that does not go with its VM is left free, and in the way of a VM of the same name', async () => {
    const { cloud, disk } = await diskCloud();
    await cloud.running('web', {
      disks: [
        {
          boot: true,
          autoDelete: false,
          initializeParams: { sourceImage: 'projects/debian-cloud/global/images/family/debian-12' },
        },
      ],
    });

    await cloud.instances.delete(cloud.at('web'));
    cloud.clock.advance(STOP_SECONDS);
    const left = await disk('web');
    const refused = await thrownBy(cloud.insert('web'));
    await cloud.running('again', { disks: [{ boot: true, autoDelete: true, source: `zones/${ZONE}/disks/web` }] });

    expect(left.users ?? []).toEqual([]);
    expect(refused).toMatchObject({ httpStatusCode: 409, errors: [{ reason: 'alreadyExists' }] });
    expect((await disk('web')).users).toEqual([expect.stringContaining('/instances/again')]);
  });

  test('a disk is made, attached, shown by the VM, detached and deleted', async () => {
    const { cloud, disks, data, attach, disk } = await diskCloud();
    await cloud.running('web');

    await data('data');
    await attach('web', 'data');
    const attached = await cloud.get('web');
    const inUse = await thrownBy(disks.delete({ ...PLACE, disk: 'data' }));
    await cloud.instances.detachDisk({ ...cloud.at('web'), deviceName: 'data' });
    const after = await cloud.get('web');
    await disks.delete({ ...PLACE, disk: 'data' });

    expect(attached.disks).toMatchObject([{ boot: true }, { deviceName: 'data', index: 1, boot: false }]);
    expect(inUse).toMatchObject({
      httpStatusCode: 400,
      message: `The disk resource 'projects/${PROJECT}/zones/${ZONE}/disks/data' is already being used by 'projects/${PROJECT}/zones/${ZONE}/instances/web'`,
      errors: [{ reason: 'resourceInUseByAnotherResource' }],
    });
    expect(after.disks).toHaveLength(1);
    expect(await thrownBy(disk('data'))).toMatchObject({ httpStatusCode: 404 });
    expect(cloud.emulator.calls().map(({ method }) => method)).toEqual([
      'instances.insert',
      'disks.insert',
      'instances.attachDisk',
      'disks.delete',
      'instances.detachDisk',
      'disks.delete',
    ]);
  });

  test.each([
    ['a disk that another VM has', 'taken', 400, 'resourceInUseByAnotherResource'],
    ['a disk that does not exist', 'nothing', 400, 'invalid'],
  ])('attachDisk refuses %s', async (_what, name, status, reason) => {
    const { cloud, data, attach } = await diskCloud();
    await cloud.running('web');
    await cloud.running('other');
    await data('taken');
    await attach('other', 'taken');

    const refused = await thrownBy(attach('web', name));

    expect(refused).toMatchObject({ httpStatusCode: status, errors: [{ reason }] });
  });

  test('attachDisk refuses a disk of another zone, and a type that the machine series cannot have', async () => {
    const { cloud, disks, data, attach } = await diskCloud();
    await cloud.running('web');
    await disks.insert({ project: PROJECT, zone: 'us-east1-b', diskResource: { name: 'far', sizeGb: '50' } });
    await data('fast', { type: `zones/${ZONE}/diskTypes/hyperdisk-balanced` });

    const far = await thrownBy(attach('web', 'x', { source: 'zones/us-east1-b/disks/far' }));
    const fast = await thrownBy(attach('web', 'fast'));

    expect(far).toMatchObject({ httpStatusCode: 400 });
    expect(fast).toMatchObject({ message: /hyperdisk-balanced.*features are not compatible/ });
  });

  test('the boot disk is only detached from a stopped VM, and an unknown device name is refused', async () => {
    const { cloud } = await diskCloud();
    await cloud.running('web');
    const detach = (deviceName: string) => cloud.instances.detachDisk({ ...cloud.at('web'), deviceName });

    const unknown = await thrownBy(detach('nothing'));
    const running = await thrownBy(detach('persistent-disk-0'));
    await cloud.instances.stop(cloud.at('web'));
    cloud.clock.advance(STOP_SECONDS);
    await detach('persistent-disk-0');

    expect(unknown).toMatchObject({ message: /No attached disk found with device name 'nothing'/ });
    expect(running).toMatchObject({ httpStatusCode: 400 });
    expect((await cloud.get('web')).disks ?? []).toEqual([]);
  });

  test('a disk only grows, and its VM shows the new size', async () => {
    const { cloud, disks, disk } = await diskCloud();
    await cloud.running('web');
    const resize = (sizeGb: string) => disks.resize({ ...PLACE, disk: 'web', disksResizeRequestResource: { sizeGb } });

    const smaller = await thrownBy(resize('5'));
    const same = await thrownBy(resize('20'));
    await resize('100');

    expect(smaller).toMatchObject({ httpStatusCode: 400, message: /must be larger than existing size '20' GiB/ });
    expect(same).toMatchObject({ httpStatusCode: 400 });
    expect(String((await disk('web')).sizeGb)).toBe('100');
    expect(String((await cloud.get('web')).disks?.[0]?.diskSizeGb)).toBe('100');
  });

  test('list and aggregatedList show the disks of the project, filtered', async () => {
    const { cloud, disks, data } = await diskCloud();
    await cloud.running('web');
    await data('data', { labels: { keep: 'yes' } });

    const [zonal] = await disks.list({ ...PLACE });
    const [filtered] = await disks.list({ ...PLACE, filter: 'labels.keep=yes' });
    const scopes: string[] = [];
    for await (const [scope, { disks: found }] of disks.aggregatedListAsync({ project: PROJECT })) {
      if ((found ?? []).length > 0) scopes.push(scope);
    }

    expect(zonal.map(({ name }) => name)).toEqual(['data', 'web']);
    expect(filtered.map(({ name }) => name)).toEqual(['data']);
    expect(scopes).toEqual([`zones/${ZONE}`]);
  });

  test.each([
    ['n1-standard-1', 'pd-standard'],
    ['c3-standard-4', 'pd-balanced'],
    ['n4-standard-2', 'hyperdisk-balanced'],
    ['z3-highmem-88', 'hyperdisk-balanced'],
  ])('a disk of a %s that names no type is %s', async (machineType, diskType) => {
    const { cloud, disk } = await diskCloud();

    await cloud.insert('web', {
      machineType: `zones/${ZONE}/machineTypes/${machineType}`,
      disks: [
        { boot: true, initializeParams: { sourceImage: 'projects/debian-cloud/global/images/family/debian-12' } },
      ],
    });

    expect((await disk('web')).type).toMatch(new RegExp(`/diskTypes/${diskType}$`));
  });

  test('Hyperdisk Extreme needs a large machine type', async () => {
    const { cloud } = await diskCloud();
    const extreme = (machineType: string) => ({
      machineType: `zones/${ZONE}/machineTypes/${machineType}`,
      disks: [
        { boot: true, initializeParams: { sourceImage: 'projects/debian-cloud/global/images/family/debian-12' } },
        { initializeParams: { diskType: `zones/${ZONE}/diskTypes/hyperdisk-extreme`, diskSizeGb: '64' } },
      ],
    });

    const refused = await thrownBy(cloud.insert('small', extreme('c3-standard-44')));
    await cloud.insert('large', extreme('c3-standard-88'));

    expect(refused).toMatchObject({ message: /hyperdisk-extreme.*features are not compatible/ });
    expect(cloud.emulator.machines().map(({ name }) => name)).toEqual(['large']);
  });

  test('an insert whose operation fails leaves neither VM nor disk', async () => {
    const { cloud, disks } = await diskCloud();
    cloud.faults.add([
      { service: 'compute', method: 'instances.insert', kind: 'operationError', count: 1, code: 'QUOTA_EXCEEDED' },
    ]);

    const operation = await cloud.insert('web');
    cloud.clock.advance(5000);

    expect(await cloud.operation(operation.name ?? '')).toMatchObject({
      status: 'DONE',
      error: { errors: [{ code: 'QUOTA_EXCEEDED' }] },
      httpErrorStatusCode: 403,
    });
    expect(cloud.emulator.machines()).toEqual([]);
    expect((await disks.list({ ...PLACE }))[0]).toEqual([]);
  });
});
