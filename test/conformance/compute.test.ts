import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  BOOT_SECONDS,
  PROJECT,
  STOP_SECONDS,
  ZONE,
  computeClients,
  computeCloud,
  instanceBody,
} from '#test/support/compute-cloud.ts';

/** What Google's client throws for an error answer. It drops `errors` but keeps the answer beside the error. */
interface ThrownByClient {
  readonly code: unknown;
  readonly httpStatusCode: unknown;
  readonly message: string;
  readonly errors: readonly { readonly reason: string; readonly message: string; readonly domain: string }[];
}

const RAW_ANSWER = Symbol.for('google-gax.rawHttpResponsePayload');

async function thrownBy(work: Promise<unknown>): Promise<ThrownByClient> {
  const thrown: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof Error)) throw new Error('It was expected to fail.');
  const raw: unknown = Reflect.get(thrown, RAW_ANSWER);
  const answer = typeof raw === 'string' ? (JSON.parse(raw) as { error: Pick<ThrownByClient, 'errors'> }) : undefined;
  return {
    code: Reflect.get(thrown, 'code'),
    httpStatusCode: Reflect.get(thrown, 'httpStatusCode'),
    message: thrown.message,
    errors: answer?.error.errors ?? [],
  };
}

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

  test('a deleted VM is STOPPING, takes nothing more, and then is gone', async () => {
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

  test('setLabels takes the fingerprint that was read, and no other', async () => {
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
    ['an unknown machine type', { machineType: `zones/${ZONE}/machineTypes/cx31` }, 404, 'notFound'],
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

  test('an unknown zone, instance, operation and path: 404 in the shape of the real one', async () => {
    const cloud = await computeCloud();
    const base = `http://${cloud.emulator.address}/compute/v1/projects/${PROJECT}`;
    const paths = [
      '/zones/mars-1/instances',
      `/zones/${ZONE}/instances/no`,
      `/zones/${ZONE}/operations/no`,
      `/zones/${ZONE}/rockets`,
    ];

    const answers = await Promise.all(paths.map((item) => fetch(base + item)));

    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
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

describe('requestId', () => {
  test('a repeat answers the original operation and applies nothing', async () => {
    const cloud = await computeCloud();
    const requestId = randomUUID();

    const first = await cloud.insert('web', {}, requestId);
    cloud.clock.advance(BOOT_SECONDS);
    const second = await cloud.insert('web', {}, requestId);

    expect(second.name).toBe(first.name);
    expect(second).toMatchObject({ status: 'DONE', clientOperationId: requestId });
    expect(cloud.emulator.machines()).toHaveLength(1);
    expect(cloud.emulator.calls()).toMatchObject([
      { method: 'instances.insert', zone: ZONE, instance: 'web', requestId, outcome: 'applied', status: 200 },
      { method: 'instances.insert', zone: ZONE, instance: 'web', requestId, outcome: 'replayed', status: 200 },
    ]);
  });

  test('twenty at once with one requestId make one VM and one operation', async () => {
    const cloud = await computeCloud();
    const requestId = randomUUID();

    const all = await Promise.all(Array.from({ length: 20 }, () => cloud.insert('web', {}, requestId)));

    expect(new Set(all.map(({ name }) => name)).size).toBe(1);
    expect(cloud.emulator.machines()).toHaveLength(1);
    expect(cloud.emulator.calls().filter(({ outcome }) => outcome === 'applied')).toHaveLength(1);
  });

  test('a failed operation is replayed too', async () => {
    const cloud = await computeCloud();
    const requestId = randomUUID();
    cloud.faults.add([{ service: 'compute', method: 'instances.insert', kind: 'stockout', count: 1 }]);

    await cloud.insert('web', {}, requestId);
    cloud.clock.advance(BOOT_SECONDS);
    const second = await cloud.insert('web', {}, requestId);

    expect(second.error?.errors).toMatchObject([{ code: 'ZONE_RESOURCE_POOL_EXHAUSTED' }]);
    expect(cloud.emulator.machines()).toEqual([]);
  });

  test('after an hour it is a new request', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    const requestId = randomUUID();

    const [first] = await cloud.instances.reset({ ...cloud.at('web'), requestId });
    cloud.clock.advance(3590);
    const [second] = await cloud.instances.reset({ ...cloud.at('web'), requestId });
    cloud.clock.advance(20);
    const [third] = await cloud.instances.reset({ ...cloud.at('web'), requestId });

    expect(second.latestResponse.name).toBe(first.latestResponse.name);
    expect(third.latestResponse.name).not.toBe(first.latestResponse.name);
  });

  test.each(['no-uuid', '00000000-0000-0000-0000-000000000000'])('%s is refused', async (requestId) => {
    const cloud = await computeCloud();

    const refused = await thrownBy(cloud.insert('web', {}, requestId));

    expect(refused).toMatchObject({ httpStatusCode: 400, errors: [{ reason: 'invalid' }] });
    expect(cloud.emulator.machines()).toEqual([]);
  });

  test('used for something else it is refused and applies nothing', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    const requestId = randomUUID();
    await cloud.instances.reset({ ...cloud.at('web'), requestId });

    const refused = await thrownBy(cloud.instances.stop({ ...cloud.at('web'), requestId }));

    expect(refused).toMatchObject({ httpStatusCode: 400, errors: [{ reason: 'invalid' }] });
    expect((await cloud.get('web')).status).toBe('RUNNING');
  });
});

describe('zone operations', () => {
  test('an operation goes PENDING, RUNNING, DONE and says what it was about', async () => {
    const cloud = await computeCloud();

    const pending = await cloud.insert('web');
    cloud.clock.advance(0.5);
    const running = await cloud.operation(pending.name ?? '');
    cloud.clock.advance(BOOT_SECONDS);
    const done = await cloud.operation(pending.name ?? '');

    expect([pending.status, running.status, done.status]).toEqual(['PENDING', 'RUNNING', 'DONE']);
    expect(done).toMatchObject({
      kind: 'compute#operation',
      operationType: 'insert',
      progress: 100,
      targetLink: `https://www.googleapis.com/compute/v1/projects/${PROJECT}/zones/${ZONE}/instances/web`,
    });
    expect(done.error ?? undefined).toBeUndefined();
    expect(done.targetId).toBe((await cloud.get('web')).id);
    expect(Date.parse(done.endTime ?? '')).toBeGreaterThan(Date.parse(done.insertTime ?? ''));
  });

  test('wait answers when the operation is DONE', async () => {
    const cloud = await computeCloud({ bootSeconds: 60 });
    const { name } = await cloud.insert('web');

    const waiting = cloud.operations.wait({ project: PROJECT, zone: ZONE, operation: name ?? '' });
    cloud.clock.advance(60);
    const [operation] = await waiting;

    expect(operation).toMatchObject({ name, status: 'DONE' });
  });

  test('wait gives up after two minutes with what there is', async () => {
    const cloud = await computeCloud({ bootSeconds: 1_000_000 });
    const { name } = await cloud.insert('web');
    let answered = false;

    const waiting = cloud.operations.wait({ project: PROJECT, zone: ZONE, operation: name ?? '' });
    const noted = waiting.then(() => (answered = true));
    // A round trip later the wait has been received and is still held.
    await cloud.get('web');
    const before = answered;
    while (!(await Promise.race([noted, cloud.get('web').then(() => false)]))) cloud.clock.advance(61);
    const [operation] = await waiting;

    expect(before).toBe(false);
    expect(operation).toMatchObject({ name, status: 'RUNNING' });
  });

  test('list filters, delete forgets', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    const [stop] = await cloud.instances.stop(cloud.at('web'));
    cloud.clock.advance(STOP_SECONDS);
    const request = { project: PROJECT, zone: ZONE, filter: 'operationType=stop AND status=DONE' };

    const [found] = await cloud.operations.list(request);
    await cloud.operations.delete({ project: PROJECT, zone: ZONE, operation: stop.latestResponse.name });
    const [left] = await cloud.operations.list(request);

    expect(found.map(({ name }) => name)).toEqual([stop.latestResponse.name]);
    expect(left).toEqual([]);
  });
});

describe('lists', () => {
  async function fleet() {
    const cloud = await computeCloud();
    await cloud.insert('a-1', { labels: { managed: 'yes', env: 'prod' } });
    await cloud.insert('a-2', { labels: { managed: 'yes', env: 'dev' } });
    await cloud.insert('b-1', { labels: { env: 'prod' } }, undefined, 'europe-west1-b');
    cloud.clock.advance(BOOT_SECONDS);
    await cloud.instances.stop(cloud.at('a-2'));
    cloud.clock.advance(STOP_SECONDS);
    const names = async (filter: string, maxResults?: number) => {
      const found: string[] = [];
      const request = { project: PROJECT, filter, ...(maxResults === undefined ? {} : { maxResults }) };
      for await (const [, { instances = [] }] of cloud.instances.aggregatedListAsync(request, {
        autoPaginate: false,
      })) {
        found.push(...(instances ?? []).map(({ name }) => name ?? ''));
      }
      return found.sort();
    };
    return { ...cloud, names };
  }

  test('aggregatedList finds by label, name and status, with AND, OR, NOT and parentheses', async () => {
    const { names } = await fleet();

    const found = {
      'labels.managed=yes': await names('labels.managed=yes'),
      'labels.managed:*': await names('labels.managed:*'),
      'name=b-1': await names('name=b-1'),
      'status=TERMINATED': await names('status=TERMINATED'),
      'status != TERMINATED': await names('status != TERMINATED'),
      both: await names('(labels.managed = "yes") AND (labels.env=prod)'),
      either: await names('name=a-1 OR name=b-1 AND status=RUNNING'),
      not: await names('NOT labels.managed:*'),
      together: await names('(name eq "a-.*")(status eq RUNNING)'),
    };

    expect(found).toEqual({
      'labels.managed=yes': ['a-1', 'a-2'],
      'labels.managed:*': ['a-1', 'a-2'],
      'name=b-1': ['b-1'],
      'status=TERMINATED': ['a-2'],
      'status != TERMINATED': ['a-1', 'b-1'],
      both: ['a-1'],
      either: ['a-1', 'b-1'],
      not: ['b-1'],
      together: ['a-1'],
    });
  });

  test('aggregatedList pages through all of them, each once', async () => {
    const { names } = await fleet();

    const found = await names('', 1);

    expect(found).toEqual(['a-1', 'a-2', 'b-1']);
  });

  test('aggregatedList names every zone, the empty ones with NO_RESULTS_ON_PAGE', async () => {
    const cloud = await fleet();

    const zones = new Map<string, string | null | undefined>();
    const request = { project: PROJECT, returnPartialSuccess: true };
    for await (const [scope, { warning }] of cloud.instances.aggregatedListAsync(request, { autoPaginate: false })) {
      zones.set(scope, warning?.code);
    }

    expect(zones.size).toBe(14);
    expect(zones.get('zones/us-west1-b')).toBe('NO_RESULTS_ON_PAGE');
    expect([undefined, null, '']).toContain(zones.get(`zones/${ZONE}`));
  });

  test('list keeps to its zone and orders by creation, newest first', async () => {
    const cloud = await fleet();
    cloud.clock.advance(STOP_SECONDS);
    await cloud.insert('a-0');

    const [byName] = await cloud.instances.list({ project: PROJECT, zone: ZONE });
    const [newest] = await cloud.instances.list({ project: PROJECT, zone: ZONE, orderBy: 'creationTimestamp desc' });

    expect(byName.map(({ name }) => name)).toEqual(['a-0', 'a-1', 'a-2']);
    expect(newest[0]?.name).toBe('a-0');
  });

  test.each([
    ['filter', 'labels.managed='],
    ['filter', 'colour=red'],
    ['filter', 'name=a AND (name eq b)'],
    ['filter', '(name=a'],
    ['maxResults', '501'],
    ['maxResults', 'x'],
    ['pageToken', 'abc'],
    ['orderBy', 'status'],
  ])('a wrong %s (%s): 400 invalid', async (parameter, value) => {
    const cloud = await computeCloud();
    const query = new URLSearchParams({ [parameter]: value });

    const answer = await fetch(
      `http://${cloud.emulator.address}/compute/v1/projects/${PROJECT}/aggregated/instances?${query.toString()}`,
    );

    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { errors: [{ reason: 'invalid' }] } });
  });
});

describe('faults', () => {
  test.each([
    [undefined, 503, 'backendError', 14],
    [500, 500, 'internalError', 13],
    [403, 403, 'forbidden', 7],
    [429, 403, 'rateLimitExceeded', 7],
    [412, 412, 'conditionNotMet', 9],
    [400, 400, 'invalid', 3],
  ])('error with status %s: nothing is applied', async (asked, status, reason, code) => {
    const cloud = await computeCloud();
    cloud.faults.add([
      {
        service: 'compute',
        method: 'instances.insert',
        kind: 'error',
        count: 1,
        ...(asked === undefined ? {} : { status: asked }),
      },
    ]);

    const refused = await thrownBy(cloud.insert('web'));
    await cloud.insert('web');

    expect(refused).toMatchObject({ httpStatusCode: status, code, errors: [{ reason }] });
    expect(cloud.emulator.calls().map((call) => [call.outcome, call.status])).toEqual([
      ['refused', status],
      ['applied', 200],
    ]);
  });

  test('lostAnswer: applied, and the caller sees a broken connection', async () => {
    const cloud = await computeCloud();
    cloud.faults.add([{ service: 'compute', method: 'instances.insert', kind: 'lostAnswer', count: 1 }]);
    const requestId = randomUUID();

    const lost = await thrownBy(cloud.insert('web', {}, requestId));
    const operation = await cloud.insert('web', {}, requestId);

    expect(lost.code).toBe(14);
    expect(operation.operationType).toBe('insert');
    expect(cloud.emulator.machines()).toHaveLength(1);
    expect(cloud.emulator.calls().map(({ outcome }) => outcome)).toEqual(['applied', 'replayed']);
  });

  test('delay: the call is held before it is applied', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    cloud.faults.add([{ service: 'compute', method: 'instances.reset', kind: 'delay', count: 1, delayMs: 100 }]);
    const before = performance.now();

    await cloud.instances.reset(cloud.at('web'));

    expect(performance.now() - before).toBeGreaterThanOrEqual(95);
    expect(cloud.emulator.calls().at(-1)).toMatchObject({ method: 'instances.reset', outcome: 'applied' });
  });

  test('stockout of an insert: the operation ends with the error and no VM is left', async () => {
    const cloud = await computeCloud();
    cloud.faults.add([{ service: 'compute', method: 'instances.insert', kind: 'stockout', count: 1 }]);

    const { name } = await cloud.insert('web');
    cloud.clock.advance(BOOT_SECONDS);
    const operation = await cloud.operation(name ?? '');

    expect(operation).toMatchObject({
      status: 'DONE',
      httpErrorStatusCode: 503,
      httpErrorMessage: 'SERVICE UNAVAILABLE',
      error: { errors: [{ code: 'ZONE_RESOURCE_POOL_EXHAUSTED' }] },
    });
    expect(operation.error?.errors?.[0]?.message).toContain(`zones/${ZONE}' does not have enough resources available`);
    expect(cloud.emulator.machines()).toEqual([]);
    await cloud.insert('web');
    expect(cloud.emulator.machines()).toHaveLength(1);
  });

  test('stockout of a start: the VM stays TERMINATED; a start that needs no room does not spend it', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    cloud.faults.add([{ service: 'compute', method: 'instances.start', kind: 'stockout', count: 1 }]);

    await cloud.instances.start(cloud.at('web'));
    await cloud.instances.stop(cloud.at('web'));
    cloud.clock.advance(STOP_SECONDS);
    const left = cloud.faults.list();
    const [start] = await cloud.instances.start(cloud.at('web'));
    cloud.clock.advance(BOOT_SECONDS);

    expect(left).toMatchObject([{ kind: 'stockout', left: 1 }]);
    expect((await cloud.operation(start.latestResponse.name)).error?.errors).toMatchObject([
      { code: 'ZONE_RESOURCE_POOL_EXHAUSTED' },
    ]);
    expect((await cloud.get('web')).status).toBe('TERMINATED');
  });
});

describe('audit log and drift', () => {
  test('a long operation is told twice, when it starts and when it has ended', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    await cloud.get('web');
    cloud.audit.length = 0;

    const [stop] = await cloud.instances.stop(cloud.at('web'));
    cloud.clock.advance(STOP_SECONDS);
    const { id } = await cloud.get('web');

    const entry = {
      logName: `projects/${PROJECT}/logs/cloudaudit.googleapis.com%2Factivity`,
      severity: 'NOTICE',
      resource: { type: 'gce_instance', labels: { instance_id: id, zone: ZONE, project_id: PROJECT } },
      protoPayload: {
        '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
        serviceName: 'compute.googleapis.com',
        methodName: 'v1.compute.instances.stop',
        resourceName: `projects/${PROJECT}/zones/${ZONE}/instances/web`,
      },
    };
    const operation = { id: stop.latestResponse.name, producer: 'compute.googleapis.com' };
    expect(cloud.audit).toEqual([
      expect.objectContaining({ operation: { ...operation, first: true } }),
      expect.objectContaining({ operation: { ...operation, last: true } }),
    ]);
    for (const item of cloud.audit) expect(item).toMatchObject(entry);
  });

  test('a stockout is told as an error', async () => {
    const cloud = await computeCloud();
    cloud.faults.add([{ service: 'compute', method: 'instances.insert', kind: 'stockout', count: 1 }]);

    await cloud.insert('web');
    cloud.clock.advance(BOOT_SECONDS);
    cloud.emulator.machines();

    expect(cloud.audit.at(-1)).toMatchObject({ severity: 'ERROR', operation: { last: true } });
  });

  test('a pre-empted VM goes STOPPING, TERMINATED with one system event and no call', async () => {
    const cloud = await computeCloud();
    await cloud.running('spot', { scheduling: { provisioningModel: 'SPOT' } });
    await cloud.get('spot');
    cloud.audit.length = 0;
    const calls = cloud.emulator.calls().length;

    const shown = cloud.emulator.drift('spot', 'preempt');
    cloud.clock.advance(STOP_SECONDS);

    expect(shown.status).toBe('STOPPING');
    expect((await cloud.get('spot')).status).toBe('TERMINATED');
    expect(cloud.emulator.calls()).toHaveLength(calls);
    expect(cloud.audit).toMatchObject([
      {
        logName: `projects/${PROJECT}/logs/cloudaudit.googleapis.com%2Fsystem_event`,
        severity: 'INFO',
        protoPayload: { methodName: 'compute.instances.preempted' },
        operation: { first: true, last: true },
      },
    ]);
  });

  test.each([
    ['stop', 'TERMINATED', 'beta.compute.instances.stop'],
    ['delete', undefined, 'beta.compute.instances.delete'],
  ] as const)(
    'drift %s changes the VM, is in the audit log and not in the call log',
    async (action, status, method) => {
      const cloud = await computeCloud();
      await cloud.running('web', { deletionProtection: true });

      cloud.emulator.drift('web', action);
      cloud.clock.advance(STOP_SECONDS);

      expect(cloud.emulator.machines()[0]?.status).toBe(status);
      expect(cloud.emulator.calls()).toHaveLength(1);
      expect(cloud.audit.at(-1)).toMatchObject({ protoPayload: { methodName: method }, operation: { last: true } });
    },
  );

  test('drift start brings a stopped VM back', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    cloud.emulator.drift('web', 'stop');
    cloud.clock.advance(STOP_SECONDS);

    cloud.emulator.drift('web', 'start');
    cloud.clock.advance(BOOT_SECONDS);

    expect(cloud.emulator.machines()[0]?.status).toBe('RUNNING');
  });
});

describe('durability', () => {
  /** A process of its own, to be killed without warning. */
  async function spawned(stateFile: string, aheadSeconds: number, bootSeconds = 2) {
    const script = path.join(import.meta.dirname, '../support/compute-emulator-process.ts');
    const child = spawn(process.execPath, [script, stateFile, String(aheadSeconds), String(bootSeconds)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => killed(child));
    child.stdout.setEncoding('utf8');
    const [line] = (await once(child.stdout, 'data')) as [string];
    const clients = computeClients(line.trim());
    return { child, ...clients };
  }

  async function killed(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  test('kill -9 loses nothing that was answered, and what was under way goes on by the clock', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'compute-emulator-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const stateFile = path.join(folder, 'state', 'compute.sqlite');
    const requestId = randomUUID();
    // It boots for an hour, so that it is still under way however slow the machine is.
    const first = await spawned(stateFile, 0, 3600);

    const [inserted] = await first.instances.insert({
      project: PROJECT,
      zone: ZONE,
      requestId,
      instanceResource: instanceBody('web'),
    });
    const others = Array.from({ length: 20 }, (_, index) =>
      first.instances.insert({ project: PROJECT, zone: ZONE, instanceResource: instanceBody(`vm-${index}`) }),
    );
    const answered = await Promise.all(others);
    await killed(first.child);
    const second = await spawned(stateFile, 3000);
    const [booting] = await second.instances.get({ project: PROJECT, zone: ZONE, instance: 'web' });
    const [replayed] = await second.instances.insert({
      project: PROJECT,
      zone: ZONE,
      requestId,
      instanceResource: instanceBody('web'),
    });
    await killed(second.child);
    const clock = await computeCloud({ stateFile });
    clock.clock.advance(3601);

    expect(answered).toHaveLength(20);
    expect(booting.status).toBe('STAGING');
    expect(replayed.latestResponse.name).toBe(inserted.latestResponse.name);
    expect(clock.emulator.machines().map(({ status }) => status)).toEqual(Array(21).fill('RUNNING'));
    expect((await clock.operation(inserted.latestResponse.name)).status).toBe('DONE');
    expect(clock.emulator.calls().map(({ outcome }) => outcome)).toEqual([
      ...Array<string>(21).fill('applied'),
      'replayed',
    ]);
    const history = clock.emulator.machineHistory().filter(({ instance }) => instance === 'web');
    expect(history.map(({ status }) => status)).toEqual(['PROVISIONING', 'STAGING', 'RUNNING']);
    const [from, , to] = history.map(({ time }) => Date.parse(time));
    expect((to ?? 0) - (from ?? 0)).toBe(3_600_000);
  });

  test('reset forgets everything and keeps listening', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');

    await cloud.emulator.reset();

    expect(cloud.emulator.machines()).toEqual([]);
    expect(cloud.emulator.calls()).toEqual([]);
    expect(cloud.emulator.machineHistory()).toEqual([]);
    await cloud.insert('web');
    expect((await cloud.get('web')).status).toBe('PROVISIONING');
  });

  test('stop ends a held call and can be called twice', async () => {
    const cloud = await computeCloud({ bootSeconds: 600 });
    const { name } = await cloud.insert('web');
    const waiting = thrownBy(cloud.operations.wait({ project: PROJECT, zone: ZONE, operation: name ?? '' }));
    await cloud.get('web');

    await cloud.emulator.stop();
    await cloud.emulator.stop();

    expect((await waiting).code).toBe(14);
  });
});
