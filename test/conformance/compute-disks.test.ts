import { DisksClient } from '@google-cloud/compute/build/src/v1/disks_client.js';
import { PassThroughClient } from 'google-auth-library';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PROJECT, STOP_SECONDS, ZONE, computeCloud, instanceBody } from '#test/support/compute-cloud.ts';
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

  test('a disk without autoDelete stays when its VM is deleted, and blocks an insert of the same name', async () => {
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

    expect(far).toMatchObject({ httpStatusCode: 400, message: /Disk must be in the same zone as the instance\./ });
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

  test.each([
    ['hyperdisk-balanced', '3', /cannot be smaller than 4 GB for disk type hyperdisk-balanced/],
    ['hyperdisk-extreme', '63', /cannot be smaller than 64 GB/],
    ['pd-balanced', '65537', /cannot be larger than 65536 GB/],
  ])('a %s of %s GB is refused, on its own and in an insert', async (diskType, sizeGb, message) => {
    const { cloud, disks } = await diskCloud();
    const type = `zones/${ZONE}/diskTypes/${diskType}`;
    const machineType = `zones/${ZONE}/machineTypes/${diskType.startsWith('pd') ? 'e2-medium' : 'c3-standard-88'}`;
    const { disks: boot } = instanceBody('web');

    const alone = await thrownBy(disks.insert({ ...PLACE, diskResource: { name: 'data', sizeGb, type } }));
    const inside = await thrownBy(
      cloud.insert('web', {
        machineType,
        disks: [...boot, { initializeParams: { diskType: type, diskSizeGb: sizeGb } }],
      }),
    );

    expect(alone).toMatchObject({ httpStatusCode: 400, message });
    expect(inside).toMatchObject({ httpStatusCode: 400, message });
  });

  test('a Persistent Disk of 1 GB is made', async () => {
    const { data, disk } = await diskCloud();

    await data('small', { sizeGb: '1' });

    expect(String((await disk('small')).sizeGb)).toBe('1');
  });

  test('a VM with shared vCPUs has at most 16 Persistent Disks, the boot disk included', async () => {
    const { cloud, data, attach } = await diskCloud();
    await cloud.running('web');
    for (let i = 1; i <= 16; i += 1) await data(`data-${i}`, { sizeGb: '10' });
    for (let i = 1; i <= 15; i += 1) await attach('web', `data-${i}`);

    const refused = await thrownBy(attach('web', 'data-16'));

    expect(refused).toMatchObject({ httpStatusCode: 403, errors: [{ reason: 'limitExceeded' }] });
    expect((await cloud.get('web')).disks).toHaveLength(16);
  });

  test('a disk that exists is attached by an insert, stays when its VM goes, and can be had again', async () => {
    const { cloud, data, disk } = await diskCloud();
    await data('data');
    const { disks: boot } = instanceBody('web');
    const withData = {
      disks: [...boot, { source: `zones/${ZONE}/disks/data`, deviceName: 'my-data', autoDelete: false }],
    };
    await cloud.running('web', withData);

    const attached = await cloud.get('web');
    const busy = await thrownBy(cloud.insert('other', withData));
    await cloud.instances.delete(cloud.at('web'));
    cloud.clock.advance(STOP_SECONDS);
    await cloud.running('other', withData);

    expect(attached.disks?.[1]).toMatchObject({ deviceName: 'my-data', autoDelete: false, boot: false });
    expect(busy).toMatchObject({ httpStatusCode: 400, errors: [{ reason: 'resourceInUseByAnotherResource' }] });
    expect((await disk('data')).users).toEqual([expect.stringContaining('/instances/other')]);
  });

  test('a device name is given once to a VM', async () => {
    const { cloud, data, attach } = await diskCloud();
    await cloud.running('web');
    await data('one');
    await data('two');
    await attach('web', 'one', { deviceName: 'same' });

    expect(await thrownBy(attach('web', 'two', { deviceName: 'same' }))).toMatchObject({ httpStatusCode: 400 });
  });

  test('labels are replaced only with the current fingerprint', async () => {
    const { disks, data, disk } = await diskCloud();
    await data('data', { labels: { keep: 'yes' } });
    const { labelFingerprint } = await disk('data');
    const set = (fingerprint: string, labels: Record<string, string>) =>
      disks.setLabels({
        ...PLACE,
        resource: 'data',
        zoneSetLabelsRequestResource: { labels, labelFingerprint: fingerprint },
      });

    const stale = await thrownBy(set('nothing', { mine: 'no' }));
    await set(labelFingerprint ?? '', { mine: 'yes' });

    expect(stale).toMatchObject({ httpStatusCode: 412, errors: [{ reason: 'conditionNotMet' }] });
    expect((await disk('data')).labels).toEqual({ mine: 'yes' });
    expect((await disk('data')).labelFingerprint).not.toBe(labelFingerprint);
  });
});
