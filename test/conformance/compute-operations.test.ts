import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { BOOT_SECONDS, PROJECT, STOP_SECONDS, ZONE, computeCloud } from '#test/support/compute-cloud.ts';
import { thrownBy } from './thrown-by-client.ts';

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
    // After one round trip the emulator has received the wait and still holds it.
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
