import { describe, expect, test } from 'vitest';
import { PROJECT, STOP_SECONDS, ZONE, computeCloud } from '#test/support/compute-cloud.ts';
import { thrownBy } from './thrown-by-client.ts';

const stale = { httpStatusCode: 412, errors: [{ reason: 'conditionNotMet' }] };

describe('changes of a VM', () => {
  test('setMetadata accepts the current fingerprint and no other', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    const fingerprint = (await cloud.get('web')).metadata?.fingerprint ?? null;
    const request = {
      ...cloud.at('web'),
      metadataResource: { items: [{ key: 'startup-script', value: 'true' }], fingerprint },
    };

    const [first] = await cloud.instances.setMetadata(request);
    const again = await thrownBy(cloud.instances.setMetadata(request));

    expect((await cloud.get('web')).metadata?.items).toMatchObject([{ key: 'startup-script', value: 'true' }]);
    expect(again).toMatchObject({ ...stale, message: /metadata fingerprint/ });
    cloud.clock.advance(1);
    expect(await cloud.operation(first.latestResponse.name)).toMatchObject({
      status: 'DONE',
      operationType: 'setMetadata',
    });
    expect(cloud.emulator.calls().at(-2)).toMatchObject({ method: 'instances.setMetadata', outcome: 'applied' });
  });

  test('setMetadata refuses a value of 300 KiB with 413, and changes nothing', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    const fingerprint = (await cloud.get('web')).metadata?.fingerprint ?? null;
    const metadataResource = { items: [{ key: 'a', value: 'x'.repeat(300 * 1024) }], fingerprint };

    const refused = await thrownBy(cloud.instances.setMetadata({ ...cloud.at('web'), metadataResource }));

    expect(refused).toMatchObject({ httpStatusCode: 413, errors: [{ reason: 'fieldSizeTooLarge' }] });
    expect((await cloud.get('web')).metadata?.items ?? []).toEqual([]);
  });

  test('setTags accepts the current fingerprint and no other', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    const fingerprint = (await cloud.get('web')).tags?.fingerprint ?? null;
    const request = { ...cloud.at('web'), tagsResource: { items: ['http-server'], fingerprint } };

    await cloud.instances.setTags(request);
    const again = await thrownBy(cloud.instances.setTags(request));

    expect((await cloud.get('web')).tags?.items).toEqual(['http-server']);
    expect(again).toMatchObject(stale);
  });

  test('setDeletionProtection keeps a VM from being deleted until it is taken back', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    const protect = async (deletionProtection: boolean) =>
      cloud.instances.setDeletionProtection({ project: PROJECT, zone: ZONE, resource: 'web', deletionProtection });

    await protect(true);
    const refused = await thrownBy(cloud.instances.delete(cloud.at('web')));
    await protect(false);
    await cloud.instances.delete(cloud.at('web'));
    cloud.clock.advance(STOP_SECONDS);

    expect(refused).toMatchObject({ httpStatusCode: 400 });
    expect(cloud.emulator.machines()).toEqual([]);
  });

  test('a repeated setTags with the same requestId is the same operation', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    const fingerprint = (await cloud.get('web')).tags?.fingerprint ?? null;
    const requestId = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
    const request = { ...cloud.at('web'), requestId, tagsResource: { items: ['a'], fingerprint } };

    const [first] = await cloud.instances.setTags(request);
    const [second] = await cloud.instances.setTags(request);

    expect(second.latestResponse.name).toBe(first.latestResponse.name);
    expect(cloud.emulator.calls().map(({ outcome }) => outcome)).toEqual(['applied', 'applied', 'replayed']);
  });
});

describe('setMachineType', () => {
  const typeOf = (name: string) => ({
    instancesSetMachineTypeRequestResource: { machineType: `zones/${ZONE}/machineTypes/${name}` },
  });

  async function stopped(changes: Record<string, unknown> = {}) {
    const cloud = await computeCloud();
    await cloud.running('web', changes);
    await cloud.instances.stop(cloud.at('web'));
    cloud.clock.advance(STOP_SECONDS);
    return cloud;
  }

  test('gives a stopped VM another type, and leaves a running one its own', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    const request = { ...cloud.at('web'), ...typeOf('e2-standard-4') };

    const running = await thrownBy(cloud.instances.setMachineType(request));
    await cloud.instances.stop(cloud.at('web'));
    const stopping = await thrownBy(cloud.instances.setMachineType(request));
    cloud.clock.advance(STOP_SECONDS);
    await cloud.instances.setMachineType(request);

    expect(running).toMatchObject({ httpStatusCode: 400 });
    expect(stopping).toMatchObject({ errors: [{ reason: 'resourceNotReady' }] });
    expect((await cloud.get('web')).machineType).toMatch(/machineTypes\/e2-standard-4$/);
  });

  test.each([
    ['a type that its disk cannot be on', 'n4-standard-2', 400, 'badRequest'],
    ['a type of another architecture', 't2a-standard-1', 400, 'invalid'],
    ['a type that the zone does not have', 'cx31', 400, 'invalid'],
    ['a type with Local SSD of its own', 'c3-standard-8-lssd', 400, 'badRequest'],
  ])('refuses %s', async (_what, name, status, reason) => {
    const cloud = await stopped();

    const refused = await thrownBy(cloud.instances.setMachineType({ ...cloud.at('web'), ...typeOf(name) }));

    expect(refused).toMatchObject({ httpStatusCode: status, errors: [{ reason }] });
    expect((await cloud.get('web')).machineType).toMatch(/machineTypes\/e2-medium$/);
  });
});

describe('Local SSD', () => {
  const scratch = {
    type: 'SCRATCH',
    autoDelete: true,
    initializeParams: { diskType: `zones/${ZONE}/diskTypes/local-ssd` },
  };
  const boot = {
    boot: true,
    autoDelete: true,
    initializeParams: { sourceImage: 'projects/debian-cloud/global/images/family/debian-12' },
  };

  test.each([
    ['that was asked for', { machineType: `zones/${ZONE}/machineTypes/n2-standard-2`, disks: [boot, scratch] }],
    ['that the machine type brings', { machineType: `zones/${ZONE}/machineTypes/c3-standard-4-lssd`, disks: [boot] }],
  ])('%s: a stop must say what becomes of its data', async (_what, changes) => {
    const cloud = await computeCloud();
    await cloud.running('web', changes);

    const refused = await thrownBy(cloud.instances.stop(cloud.at('web')));
    const before = (await cloud.get('web')).status;
    await cloud.instances.stop({ ...cloud.at('web'), discardLocalSsd: true });
    cloud.clock.advance(STOP_SECONDS);

    expect(refused).toMatchObject({
      httpStatusCode: 400,
      message: /^VM has a Local SSD attached but an undefined value for `discard-local-ssd`/,
      errors: [{ reason: 'badRequest' }],
    });
    expect(before).toBe('RUNNING');
    expect((await cloud.get('web')).status).toBe('TERMINATED');
  });

  test('a machine type shows as many disks as it brings, without a Disk resource', async () => {
    const cloud = await computeCloud();
    await cloud.running('web', {
      machineType: `zones/${ZONE}/machineTypes/c3-standard-8-lssd`,
      disks: [boot],
    });

    const { disks = [] } = await cloud.get('web');

    expect(disks?.map(({ type, diskSizeGb }) => [type, String(diskSizeGb)])).toEqual([
      ['PERSISTENT', '10'],
      ['SCRATCH', '375'],
      ['SCRATCH', '375'],
    ]);
  });
});

describe('serial output', () => {
  test('contains the boot, and continues behind the last read', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    const read = async (start?: number) =>
      (await cloud.instances.getSerialPortOutput({ ...cloud.at('web'), ...(start === undefined ? {} : { start }) }))[0];

    const first = await read();
    const nothing = await read(Number(first.next));
    await cloud.instances.reset(cloud.at('web'));
    const more = await read(Number(first.next));

    expect(first.contents).toContain('web login:');
    expect(String(first.start)).toBe('0');
    expect(nothing.contents ?? '').toBe('');
    expect(more.contents).toContain('Booting');
    expect(String(more.start)).toBe(String(first.next));
  });

  test('a port beyond the fourth: 400; another port says nothing', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');

    const refused = await thrownBy(cloud.instances.getSerialPortOutput({ ...cloud.at('web'), port: 5 }));
    const [second] = await cloud.instances.getSerialPortOutput({ ...cloud.at('web'), port: 2 });

    expect(refused).toMatchObject({ httpStatusCode: 400, errors: [{ reason: 'invalid' }] });
    expect(second.contents ?? '').toBe('');
  });
});

describe('what an insert says', () => {
  test('accelerators, CPU platform and machine features are shown as asked for', async () => {
    const cloud = await computeCloud();
    const acceleratorType = `zones/${ZONE}/acceleratorTypes/nvidia-tesla-t4`;

    await cloud.running('gpu', {
      machineType: `zones/${ZONE}/machineTypes/n1-standard-4`,
      guestAccelerators: [{ acceleratorType, acceleratorCount: 2 }],
      minCpuPlatform: 'Intel Skylake',
      advancedMachineFeatures: { threadsPerCore: 1 },
      scheduling: { onHostMaintenance: 'TERMINATE' },
    });

    expect(await cloud.get('gpu')).toMatchObject({
      guestAccelerators: [
        { acceleratorType: expect.stringContaining(acceleratorType) as unknown, acceleratorCount: 2 },
      ],
      minCpuPlatform: 'Intel Skylake',
      advancedMachineFeatures: { threadsPerCore: 1 },
      scheduling: { onHostMaintenance: 'TERMINATE' },
    });
  });

  test('a g2 and an a2 that end on host maintenance run, with the GPUs of their machine type', async () => {
    const cloud = await computeCloud();
    const scheduling = { onHostMaintenance: 'TERMINATE' };

    await cloud.running('g2', { machineType: `zones/${ZONE}/machineTypes/g2-standard-24`, scheduling });
    await cloud.running('a2', { machineType: `zones/${ZONE}/machineTypes/a2-highgpu-1g`, scheduling });

    expect((await cloud.get('g2')).guestAccelerators).toMatchObject([{ acceleratorCount: 2 }]);
    expect((await cloud.get('a2')).guestAccelerators).toMatchObject([{ acceleratorCount: 1 }]);
  });

  test.each([
    ['a resource policy', { resourcePolicies: ['regions/us-central1/resourcePolicies/nightly'] }, /resourcePolicies/],
    ['a machine image', { sourceMachineImage: 'global/machineImages/golden' }, /sourceMachineImage/],
    [
      'a snapshot as boot disk',
      {
        disks: [
          {
            boot: true,
            initializeParams: {
              sourceImage: 'projects/debian-cloud/global/images/family/debian-12',
              sourceSnapshot: 'global/snapshots/s',
            },
          },
        ],
      },
      /sourceSnapshot/,
    ],
  ])('%s, which cannot exist here, is refused and not dropped', async (_what, changes, message) => {
    const cloud = await computeCloud();

    const refused = await thrownBy(cloud.insert('web', changes));

    expect(refused).toMatchObject({ httpStatusCode: 400, message });
    expect(cloud.emulator.machines()).toEqual([]);
  });

  test('an unknown member, at any depth, is refused with its place', async () => {
    const cloud = await computeCloud();
    const url = `http://${cloud.emulator.address}/compute/v1/projects/${PROJECT}/zones/${ZONE}/instances`;
    const body = { name: 'web', scheduling: { onHostMaintenence: 'TERMINATE' } };

    const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });

    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      error: {
        message: `Invalid JSON payload received. Unknown name "onHostMaintenence" at 'scheduling': Cannot find field.`,
      },
    });
  });
});

describe('operations', () => {
  test('get and wait find an operation by its number as by its name', async () => {
    const cloud = await computeCloud();
    const operation = await cloud.insert('web');
    const id = String(operation.id);
    const at = { project: PROJECT, zone: ZONE, operation: id };

    const [found] = await cloud.operations.get(at);
    cloud.clock.advance(5000);
    const [waited] = await cloud.operations.wait(at);

    expect(found.name).toBe(operation.name);
    expect(waited).toMatchObject({ name: operation.name, status: 'DONE' });
  });
});
