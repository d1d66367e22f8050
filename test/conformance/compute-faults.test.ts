import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { BOOT_SECONDS, PROJECT, STOP_SECONDS, ZONE, computeCloud } from '#test/support/compute-cloud.ts';
import { thrownBy } from './thrown-by-client.ts';

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

  test('absent: a VM that exists is answered with 404 and left out of lists, as by a read that is not consistent', async () => {
    const cloud = await computeCloud();
    await cloud.running('web');
    for (const method of ['instances.get', 'instances.stop', 'instances.list'])
      cloud.faults.add([{ service: 'compute', method, kind: 'absent', count: 1 }]);
    const list = async () => (await cloud.instances.list({ project: PROJECT, zone: ZONE }))[0].map(({ name }) => name);

    const unseen = await thrownBy(cloud.get('web'));
    const refused = await thrownBy(cloud.instances.stop(cloud.at('web')));
    const listed = [await list(), await list()];

    for (const thrown of [unseen, refused]) {
      expect(thrown).toMatchObject({ httpStatusCode: 404, errors: [{ reason: 'notFound' }] });
      expect(thrown.message).toContain(`projects/${PROJECT}/zones/${ZONE}/instances/web`);
    }
    expect(listed).toEqual([[], ['web']]);
    expect((await cloud.get('web')).status).toBe('RUNNING');
    expect(cloud.emulator.calls().at(-1)).toMatchObject({ method: 'instances.stop', outcome: 'refused', status: 404 });
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
  test('a long operation has two audit entries, at its start and at its end', async () => {
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
