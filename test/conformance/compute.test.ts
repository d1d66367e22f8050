import { describe, expect, test } from 'vitest';
import { BOOT_SECONDS, PROJECT, STOP_SECONDS, ZONE, computeCloud } from '#test/support/compute-cloud.ts';
import { thrownBy } from './thrown-by-client.ts';

describe('instances', () => {
  test('a new VM goes PROVISIONING, STAGING, RUNNING on the clock, and has addresses from STAGING on', async () => {
    const cloud = await computeCloud();

    const operation = await cloud.insert('web');
    const atFirst = await cloud.get('web');
    cloud.clock.advance(BOOT_SECONDS / 2);
    const staging = await cloud.get('web');
    cloud.clock.advance(BOOT_SECONDS / 2);
    const running = await cloud.get('web');

    expect(operation).toMatchObject({ status: 'PENDING', operationType: 'insert', progress: 0 });
    expect(atFirst.status).toBe('PROVISIONING');
    expect(atFirst.networkInterfaces?.[0]?.networkIP).toBeUndefined();
    expect(staging.status).toBe('STAGING');
    expect(staging.networkInterfaces?.[0]?.networkIP).toMatch(/^10\./);
    expect(staging.networkInterfaces?.[0]?.accessConfigs?.[0]?.natIP).toMatch(/^198\.1[89]\./);
    expect(running.status).toBe('RUNNING');
    expect(running.networkInterfaces).toEqual(staging.networkInterfaces);
    expect(cloud.emulator.machineHistory().map(({ status }) => status)).toEqual(['PROVISIONING', 'STAGING', 'RUNNING']);
  });

  test('an Instance is complete as the real one gives it', async () => {
    const cloud = await computeCloud();
    await cloud.running('web', {
      tags: { items: ['http-server'] },
      metadata: { items: [{ key: 'startup-script', value: 'true' }] },
      serviceAccounts: [{ email: 'default', scopes: ['https://www.googleapis.com/auth/cloud-platform'] }],
    });

    const url = `http://${cloud.emulator.address}/compute/v1/projects/${PROJECT}/zones/${ZONE}/instances/web`;
    const instance: unknown = await (await fetch(url)).json();

    const base = `https://www.googleapis.com/compute/v1/projects/${PROJECT}`;
    const fingerprint: unknown = expect.stringMatching(/^[A-Za-z0-9+/]{11}=$/);
    const time: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}-0[78]:00$/);
    expect(instance).toMatchObject({
      kind: 'compute#instance',
      id: expect.stringMatching(/^\d{19}$/) as unknown,
      creationTimestamp: time,
      name: 'web',
      zone: `${base}/zones/${ZONE}`,
      machineType: `${base}/zones/${ZONE}/machineTypes/e2-medium`,
      status: 'RUNNING',
      cpuPlatform: 'Intel Broadwell',
      networkInterfaces: [
        {
          kind: 'compute#networkInterface',
          name: 'nic0',
          network: `${base}/global/networks/default`,
          subnetwork: `${base}/regions/us-central1/subnetworks/default`,
          accessConfigs: [{ kind: 'compute#accessConfig', type: 'ONE_TO_ONE_NAT', networkTier: 'PREMIUM' }],
        },
      ],
      disks: [
        {
          kind: 'compute#attachedDisk',
          boot: true,
          autoDelete: true,
          index: 0,
          diskSizeGb: '20',
          source: `${base}/zones/${ZONE}/disks/web`,
          licenses: ['https://www.googleapis.com/compute/v1/projects/ubuntu-os-cloud/global/licenses/ubuntu'],
        },
      ],
      labels: { managed: 'yes' },
      labelFingerprint: fingerprint,
      tags: { items: ['http-server'], fingerprint },
      metadata: { kind: 'compute#metadata', items: [{ key: 'startup-script', value: 'true' }], fingerprint },
      scheduling: {
        onHostMaintenance: 'MIGRATE',
        automaticRestart: true,
        preemptible: false,
        provisioningModel: 'STANDARD',
      },
      serviceAccounts: [
        {
          email: expect.stringMatching(/^\d+-compute@developer\.gserviceaccount\.com$/) as unknown,
          scopes: ['https://www.googleapis.com/auth/cloud-platform'],
        },
      ],
      deletionProtection: false,
      startRestricted: false,
      fingerprint,
      lastStartTimestamp: time,
      selfLink: `${base}/zones/${ZONE}/instances/web`,
    });
    expect(cloud.emulator.machines()).toEqual([instance]);
  });

  test('a VM without an access configuration gets no public address', async () => {
    const cloud = await computeCloud();

    await cloud.running('inner', { networkInterfaces: [{ network: 'global/networks/default', subnetwork: '' }] });

    const [nic] = (await cloud.get('inner')).networkInterfaces ?? [];
    expect(nic?.networkIP).toMatch(/^10\./);
    expect(nic?.accessConfigs).toEqual([]);
  });

  test('a Spot VM is shown as preemptible with its scheduling filled in', async () => {
    const cloud = await computeCloud();

    await cloud.running('spot', { scheduling: { provisioningModel: 'SPOT' } });

    expect((await cloud.get('spot')).scheduling).toMatchObject({
      provisioningModel: 'SPOT',
      preemptible: true,
      automaticRestart: false,
      onHostMaintenance: 'TERMINATE',
      instanceTerminationAction: 'STOP',
    });
  });

  test('stop goes STOPPING, TERMINATED; the public address is released, the internal one kept; start gives another', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    const [before] = (await cloud.get('web')).networkInterfaces ?? [];

    await cloud.instances.stop(cloud.at('web'));
    const stopping = await cloud.get('web');
    cloud.clock.advance(STOP_SECONDS);
    const stopped = await cloud.get('web');
    await cloud.instances.start(cloud.at('web'));
    const starting = await cloud.get('web');
    cloud.clock.advance(BOOT_SECONDS);
    const started = await cloud.get('web');

    expect(stopping.status).toBe('STOPPING');
    expect(stopped).toMatchObject({ status: 'TERMINATED', cpuPlatform: 'Unknown CPU Platform' });
    expect(stopped.lastStopTimestamp).toBeTypeOf('string');
    expect(stopped.networkInterfaces?.[0]?.networkIP).toBe(before?.networkIP);
    expect(stopped.networkInterfaces?.[0]?.accessConfigs?.[0]?.natIP).toBeUndefined();
    expect(starting.status).toBe('PROVISIONING');
    expect(started.status).toBe('RUNNING');
    expect(started.networkInterfaces?.[0]?.networkIP).toBe(before?.networkIP);
    expect(started.networkInterfaces?.[0]?.accessConfigs?.[0]?.natIP).toMatch(/^198\./);
  });

  test('a public address that the caller brought survives a stop', async () => {
    const cloud = await computeCloud();
    const accessConfigs = [{ type: 'ONE_TO_ONE_NAT', natIP: '203.0.113.9' }];
    await cloud.running('web', { networkInterfaces: [{ network: 'global/networks/default', accessConfigs }] });

    await cloud.instances.stop(cloud.at('web'));
    cloud.clock.advance(STOP_SECONDS);

    const stopped = await cloud.get('web');
    expect(stopped.status).toBe('TERMINATED');
    expect(stopped.networkInterfaces?.[0]?.accessConfigs?.[0]?.natIP).toBe('203.0.113.9');
  });

  test('suspend goes SUSPENDING, SUSPENDED; resume brings it back to RUNNING', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');

    await cloud.instances.suspend(cloud.at('web'));
    cloud.clock.advance(STOP_SECONDS);
    const suspended = await cloud.get('web');
    await cloud.instances.resume(cloud.at('web'));
    cloud.clock.advance(BOOT_SECONDS);

    expect(suspended.status).toBe('SUSPENDED');
    expect((await cloud.get('web')).status).toBe('RUNNING');
    expect(cloud.emulator.machineHistory().map(({ status }) => status)).toEqual([
      'PROVISIONING',
      'STAGING',
      'RUNNING',
      'SUSPENDING',
      'SUSPENDED',
      'PROVISIONING',
      'STAGING',
      'RUNNING',
    ]);
  });

  test('start of a running and stop of a stopped VM are accepted and change nothing', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');

    const [start] = await cloud.instances.start(cloud.at('web'));
    cloud.clock.advance(STOP_SECONDS);
    const afterStart = cloud.emulator.machineHistory().length;
    await cloud.instances.stop(cloud.at('web'));
    cloud.clock.advance(STOP_SECONDS);
    const afterStop = cloud.emulator.machineHistory().length;
    const [stop] = await cloud.instances.stop(cloud.at('web'));
    cloud.clock.advance(STOP_SECONDS);

    expect(afterStart).toBe(3);
    expect(cloud.emulator.machineHistory()).toHaveLength(afterStop);
    for (const { latestResponse } of [start, stop]) {
      const operation = await cloud.operation(latestResponse.name);
      expect(operation.status).toBe('DONE');
      expect(operation.error ?? undefined).toBeUndefined();
    }
  });

  test('reset leaves the VM running and is refused for one that does not run', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');

    const [reset] = await cloud.instances.reset(cloud.at('web'));
    cloud.clock.advance(0.4);
    const operation = await cloud.operation(reset.latestResponse.name);
    const status = (await cloud.get('web')).status;
    await cloud.instances.stop(cloud.at('web'));
    const refused = await thrownBy(cloud.instances.reset(cloud.at('web')));

    expect(operation).toMatchObject({ status: 'DONE', operationType: 'reset' });
    expect(status).toBe('RUNNING');
    expect(refused).toMatchObject({ code: 3, httpStatusCode: 400, errors: [{ reason: 'resourceNotReady' }] });
  });

  test('a deleted VM is STOPPING, accepts no further action, and then does not exist', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');

    const [deletion] = await cloud.instances.delete(cloud.at('web'));
    const status = (await cloud.get('web')).status;
    const refusals = await Promise.all([
      thrownBy(cloud.instances.start(cloud.at('web'))),
      thrownBy(cloud.instances.stop(cloud.at('web'))),
      thrownBy(cloud.instances.delete(cloud.at('web'))),
    ]);
    cloud.clock.advance(STOP_SECONDS);
    const absent = await thrownBy(cloud.get('web'));

    expect(status).toBe('STOPPING');
    expect(refusals.map(({ errors }) => errors[0]?.reason)).toEqual(Array(3).fill('resourceNotReady'));
    expect(absent).toMatchObject({
      code: 5,
      message: `The resource 'projects/${PROJECT}/zones/${ZONE}/instances/web' was not found`,
      errors: [{ reason: 'notFound', domain: 'global' }],
    });
    expect(await cloud.operation(deletion.latestResponse.name)).toMatchObject({ status: 'DONE', progress: 100 });
    expect(cloud.emulator.machines()).toEqual([]);
    expect(cloud.emulator.machineHistory().at(-1)).toMatchObject({ instance: 'web', status: 'DELETED' });
  });

  test('a protected VM is not deleted', async () => {
    const cloud = await computeCloud();
    await cloud.running('web', { deletionProtection: true });

    const refused = await thrownBy(cloud.instances.delete(cloud.at('web')));

    expect(refused).toMatchObject({ httpStatusCode: 400 });
    expect((await cloud.get('web')).status).toBe('RUNNING');
  });

  test('stop during boot wins: the VM ends TERMINATED and stays so', async () => {
    const cloud = await computeCloud();
    await cloud.insert('web');

    await cloud.instances.stop(cloud.at('web'));
    cloud.clock.advance(STOP_SECONDS + BOOT_SECONDS);

    expect((await cloud.get('web')).status).toBe('TERMINATED');
    expect(cloud.emulator.machineHistory().map(({ status }) => status)).toEqual([
      'PROVISIONING',
      'STOPPING',
      'TERMINATED',
    ]);
  });

  test('setLabels accepts the current fingerprint and no other', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    const { labelFingerprint = null } = await cloud.get('web');
    const request = {
      ...cloud.at('web'),
      instancesSetLabelsRequestResource: { labels: { env: 'prod' }, labelFingerprint },
    };

    await cloud.instances.setLabels(request);
    const stale = await thrownBy(cloud.instances.setLabels(request));

    expect((await cloud.get('web')).labels).toEqual({ env: 'prod' });
    expect(stale).toMatchObject({ httpStatusCode: 412, errors: [{ reason: 'conditionNotMet' }] });
  });
});

describe('refusals', () => {
  test.each([
    ['a bad name', { name: 'Web_1' }, 400, 'invalid'],
    ['no machine type', { machineType: '' }, 400, 'required'],
    ['an unknown machine type', { machineType: `zones/${ZONE}/machineTypes/cx31` }, 400, 'invalid'],
    ["another zone's machine type", { machineType: 'zones/us-west1-a/machineTypes/e2-medium' }, 400, 'invalid'],
    ['an odd custom machine type', { machineType: `zones/${ZONE}/machineTypes/custom-3-4096` }, 400, 'invalid'],
    [
      'an unknown image',
      {
        disks: [
          { boot: true, initializeParams: { sourceImage: 'projects/debian-cloud/global/images/family/debian-1' } },
        ],
      },
      404,
      'notFound',
    ],
    [
      'a disk smaller than its image',
      {
        disks: [
          {
            boot: true,
            initializeParams: { sourceImage: 'projects/debian-cloud/global/images/family/debian-12', diskSizeGb: 5 },
          },
        ],
      },
      400,
      'invalid',
    ],
    ['no disks', { disks: [] }, 400, 'invalid'],
    ['no network', { networkInterfaces: [] }, 400, 'invalid'],
    ['a bad label', { labels: { Env: 'x' } }, 400, 'invalid'],
  ])('insert with %s', async (_what, changes, status, reason) => {
    const cloud = await computeCloud();

    const refused = await thrownBy(cloud.insert('web', changes));

    expect(refused).toMatchObject({ httpStatusCode: status, errors: [{ reason, domain: 'global' }] });
    expect(cloud.emulator.machines()).toEqual([]);
    expect(cloud.emulator.calls()).toMatchObject([{ method: 'instances.insert', outcome: 'refused', status }]);
  });

  test('insert of a name that exists in the zone: 409 alreadyExists; in another zone: accepted', async () => {
    const cloud = await computeCloud();
    await cloud.insert('web');

    const refused = await thrownBy(cloud.insert('web'));
    await cloud.insert('web', {}, undefined, 'us-west1-a');

    expect(refused).toMatchObject({
      httpStatusCode: 409,
      message: `The resource 'projects/${PROJECT}/zones/${ZONE}/instances/web' already exists`,
      errors: [{ reason: 'alreadyExists' }],
    });
    expect(cloud.emulator.machines()).toHaveLength(2);
  });

  test('an unknown zone is a 400, as an unknown region is', async () => {
    const cloud = await computeCloud();

    const refused = await thrownBy(cloud.insert('web', {}, undefined, 'mars-1'));

    expect(refused).toMatchObject({
      httpStatusCode: 400,
      message: "Invalid value for field 'zone': 'mars-1'. Unknown zone.",
      errors: [{ reason: 'invalid' }],
    });
  });

  test('an unknown instance, operation and path: 404 in the shape of the real one', async () => {
    const cloud = await computeCloud();
    const base = `http://${cloud.emulator.address}/compute/v1/projects/${PROJECT}`;
    const paths = [`/zones/${ZONE}/instances/no`, `/zones/${ZONE}/operations/no`, `/zones/${ZONE}/rockets`];

    const answers = await Promise.all(paths.map((item) => fetch(base + item)));

    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    for (const answer of answers) {
      expect(await answer.json()).toMatchObject({ error: { code: 404, errors: [{ reason: 'notFound' }] } });
    }
  });

  test('a body that is not JSON: 400 parseError, written down as refused', async () => {
    const cloud = await computeCloud();
    const url = `http://${cloud.emulator.address}/compute/v1/projects/${PROJECT}/zones/${ZONE}/instances`;

    const answer = await fetch(url, { method: 'POST', body: '{"name":' });

    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { code: 400, errors: [{ reason: 'parseError' }] } });
    expect(cloud.emulator.calls()).toMatchObject([{ outcome: 'refused', status: 400 }]);
  });
});
