import { expect, describe, onTestFinished, test } from 'vitest';
import { ControlServer } from '#scripts/local/control.ts';
import { FAULT_METHODS } from '#scripts/emulators/faults.ts';
import { PROJECT, STOP_SECONDS, ZONE, computeCloud } from '#test/support/compute-cloud.ts';

async function control(onClockMoved?: () => Promise<void>) {
  const cloud = await computeCloud();
  const server = new ControlServer({
    compute: cloud.emulator,
    faults: cloud.faults,
    clock: cloud.clock,
    ...(onClockMoved === undefined ? {} : { onClockMoved }),
  });
  await server.start();
  onTestFinished(() => server.stop());

  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`http://${server.address}${path}`, {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: JSON.parse(text) as unknown };
  };
  return { ...cloud, server, call };
}

const FAULT = { service: 'compute', method: 'instances.insert', kind: 'error', count: 2 };

test('a web page of another origin cannot use it: 403', async () => {
  const { server, faults } = await control();

  const response = await fetch(`http://${server.address}/faults`, {
    method: 'POST',
    headers: { origin: 'https://page.example', 'content-type': 'text/plain' },
    body: JSON.stringify([FAULT]),
  });

  expect(response.status).toBe(403);
  expect(faults.list()).toEqual([]);
});

describe('looking', () => {
  test('calls, machines and their history are what Compute Engine has seen', async () => {
    const { call, running, get, at, instances } = await control();
    await running('web');
    await instances.stop({ ...at('web'), requestId: '6f1d8f0e-6a9c-4d0b-8f38-0a2f4bb1c2d3' });

    const calls = await call('GET', '/calls');
    const machines = await call('GET', '/machines');
    const history = await call('GET', '/machine-history');

    const time: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(calls.status).toBe(200);
    expect(calls.headers.get('content-type')).toMatch(/^application\/json/);
    expect(calls.body).toEqual([
      {
        method: 'instances.insert',
        zone: ZONE,
        instance: 'web',
        requestId: null,
        time,
        outcome: 'applied',
        status: 200,
      },
      {
        method: 'instances.stop',
        zone: ZONE,
        instance: 'web',
        requestId: '6f1d8f0e-6a9c-4d0b-8f38-0a2f4bb1c2d3',
        time,
        outcome: 'applied',
        status: 200,
      },
    ]);
    expect(machines.body).toMatchObject([{ name: 'web', id: (await get('web')).id, status: 'STOPPING' }]);
    expect(history.body).toEqual(
      ['PROVISIONING', 'STAGING', 'RUNNING', 'STOPPING'].map((status) => ({ instance: 'web', status, time })),
    );
  });
});

describe('faults', () => {
  test('are added to those in force, listed with what is left of them, and cleared', async () => {
    const { call, insert } = await control();

    const first = await call('POST', '/faults', [FAULT]);
    await call('POST', '/faults', [{ service: 'pubsub', method: 'push', kind: 'duplicate', count: 1 }]);
    await insert('web').catch(() => undefined);
    const listed = await call('GET', '/faults');
    const cleared = await call('DELETE', '/faults');
    await insert('web');

    expect(first).toMatchObject({ status: 200, body: [{ ...FAULT, left: 2 }] });
    expect(listed.body).toEqual([
      { ...FAULT, left: 1 },
      { service: 'pubsub', method: 'push', kind: 'duplicate', count: 1, left: 1 },
    ]);
    expect(cleared).toMatchObject({ status: 200, body: [] });
  });

  test('every method takes every kind that it is said to take', async () => {
    const { call, faults } = await control();
    const all = Object.entries(FAULT_METHODS).flatMap(([service, methods]) =>
      Object.entries(methods).flatMap(([method, kinds]) =>
        kinds.map((kind) => ({
          service,
          method,
          kind,
          count: 1,
          ...(kind === 'operationError' ? { code: 'QUOTA_EXCEEDED' } : {}),
        })),
      ),
    );

    const { status } = await call('POST', '/faults', all);

    expect(status).toBe(200);
    expect(faults.list()).toHaveLength(all.length);
  });

  test.each([
    ['no array', FAULT, 'array'],
    ['no object', [1], 'must be an object'],
    ['an unknown service', [{ ...FAULT, service: 'storage' }], 'compute, datastore, pubsub'],
    ['an unknown method', [{ ...FAULT, method: 'instances.explode' }], 'instances.insert'],
    ['a method of the prototype', [{ ...FAULT, method: 'constructor' }], 'instances.insert'],
    ["another service's method", [{ ...FAULT, method: 'commit' }], 'instances.insert'],
    ['an unknown kind', [{ ...FAULT, kind: 'fire' }], 'lostAnswer'],
    ['a kind that the method cannot have', [{ ...FAULT, kind: 'duplicate' }], 'stockout'],
    ['no count', [{ ...FAULT, count: undefined }], 'count'],
    ['a count of nothing', [{ ...FAULT, count: 0 }], 'count'],
    ['a count in words', [{ ...FAULT, count: '1' }], 'count'],
    ['a status that is no refusal', [{ ...FAULT, status: 200 }], 'status'],
    [
      'an HTTP status for gRPC',
      [{ service: 'datastore', method: 'commit', kind: 'error', count: 1, status: 503 }],
      '16',
    ],
    ['a negative delay', [{ ...FAULT, kind: 'delay', delayMs: -1 }], 'delayMs'],
    ['an operation error without a code', [{ ...FAULT, kind: 'operationError' }], 'QUOTA_EXCEEDED'],
    ['a code for another kind', [{ ...FAULT, kind: 'delay', code: 'QUOTA_EXCEEDED' }], 'operationError'],
    ['a refusal with a word that is none', [{ ...FAULT, code: 'no word' }], 'quotaExceeded'],
    [
      'an HTTP status of success for an operation error',
      [{ ...FAULT, kind: 'operationError', code: 'X_Y', httpStatus: 200 }],
      'httpStatus',
    ],
    ['an unknown member', [{ ...FAULT, times: 3 }], 'times'],
    ['one that is wrong among others', [FAULT, { ...FAULT, kind: 'fire' }], 'Fault 1'],
    ['bad JSON', '[{', 'JSON'],
    ['no body', '', 'JSON'],
  ])('%s: 400, says what is wrong, and nothing is in force', async (_what, body, word) => {
    const { call, faults } = await control();

    const answer = await call('POST', '/faults', body);

    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({ error: expect.stringContaining(word) as unknown });
    expect(faults.list()).toEqual([]);
  });
});

describe('networks', () => {
  test('are listed, and made by POST', async () => {
    const { call } = await control();
    const made = {
      name: 'made',
      mode: 'custom',
      subnetworks: [{ name: 'one', region: 'us-east1', ipCidrRange: '10.1.0.0/24' }],
    };

    const before = await call('GET', '/networks');
    const after = await call('POST', '/networks', [made]);

    expect(before.body).toEqual([{ name: 'default', mode: 'auto', subnetworks: [] }]);
    expect(after).toMatchObject({ status: 200, body: [{ name: 'default' }, made] });
  });

  test.each([
    ['no array', {}, 'array'],
    ['no name', [{ mode: 'auto' }], 'name'],
    ['a bad name', [{ name: 'Made', mode: 'auto' }], "'Made'"],
    ['no mode', [{ name: 'made' }], 'custom'],
    ['an unknown region', [{ name: 'made', mode: 'custom', subnetworks: [{ name: 'one', region: 'mars1' }] }], 'mars1'],
    [
      'a range that is none',
      [{ name: 'made', mode: 'custom', subnetworks: [{ name: 'one', region: 'us-east1', ipCidrRange: '10.1.0.0' }] }],
      '10.1.0.0',
    ],
    ['an unknown member', [{ name: 'made', mode: 'auto', colour: 'red' }], 'colour'],
  ])('%s: 400, says what is wrong, and nothing is made', async (_what, body, word) => {
    const { call } = await control();

    const answer = await call('POST', '/networks', body);

    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({ error: expect.stringContaining(word) as unknown });
    expect((await call('GET', '/networks')).body).toHaveLength(1);
  });
});

describe('the clock', () => {
  test('moves for all processes before the call is answered', async () => {
    let told = false;
    const { call, insert, clock } = await control(async () => {
      await insert('late');
      told = true;
    });
    await insert('web');
    const before = Date.now();

    const answer = await call('POST', '/clock', { advanceSeconds: 3600 });
    const machines = await call('GET', '/machines');

    expect(told).toBe(true);
    expect(answer).toMatchObject({ status: 200, body: { offsetSeconds: 3600 } });
    const { now } = answer.body as { now: string };
    expect(Date.parse(now)).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(Date.parse(now)).toBeLessThanOrEqual(clock.nowMs());
    expect(machines.body).toMatchObject([
      { name: 'late', status: 'PROVISIONING' },
      { name: 'web', status: 'RUNNING' },
    ]);
  });

  test('advances add up', async () => {
    const { call } = await control();

    await call('POST', '/clock', { advanceSeconds: 0.5 });
    const answer = await call('POST', '/clock', { advanceSeconds: 10 });

    expect(answer.body).toMatchObject({ offsetSeconds: 10.5 });
  });

  test.each([
    {},
    { advanceSeconds: -1 },
    { advanceSeconds: '1' },
    { advanceSeconds: null },
    { advanceSeconds: 400_000_000 },
    '{"advanceSeconds":1e999}',
    { advanceSeconds: 1, unit: 'minutes' },
    [1],
    'one',
  ])('%j: 400 and it stands', async (body) => {
    const { call, clock } = await control();

    const answer = await call('POST', '/clock', body);

    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({ error: expect.any(String) as unknown });
    expect(clock.offsetMs).toBe(0);
  });
});

describe('drift', () => {
  test('changes a VM without a call', async () => {
    const { call, running } = await control();
    await running('web');

    const answer = await call('POST', '/drift', { instance: 'web', action: 'stop' });
    await call('POST', '/clock', { advanceSeconds: STOP_SECONDS });

    expect(answer).toMatchObject({ status: 200, body: { instance: 'web', action: 'stop', status: 'STOPPING' } });
    expect((await call('GET', '/machines')).body).toMatchObject([{ status: 'TERMINATED' }]);
    expect((await call('GET', '/calls')).body).toHaveLength(1);
  });

  test('a name that is in two zones must be said with its zone', async () => {
    const { call, insert } = await control();
    await insert('web');
    await insert('web', {}, undefined, 'us-west1-a');

    const mayBeApplied = await call('POST', '/drift', { instance: 'web', action: 'delete' });
    const clear = await call('POST', '/drift', { instance: 'zones/us-west1-a/instances/web', action: 'delete' });
    await call('POST', '/clock', { advanceSeconds: STOP_SECONDS });

    expect(mayBeApplied.status).toBe(400);
    expect(clear.status).toBe(200);
    expect((await call('GET', '/machines')).body).toMatchObject([
      { zone: `https://www.googleapis.com/compute/v1/projects/${PROJECT}/zones/${ZONE}` },
    ]);
  });

  test.each([
    [404, { instance: 'nobody', action: 'stop' }],
    [400, { instance: 'web', action: 'explode' }],
    [400, { instance: 7, action: 'stop' }],
    [400, { action: 'stop' }],
    [400, { instance: 'web', action: 'stop', zone: ZONE }],
    [400, '"stop"'],
  ])('%i for %j, and nothing happens', async (status, body) => {
    const { call, running, get } = await control();
    await running('web');

    const answer = await call('POST', '/drift', body);

    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({ error: expect.any(String) as unknown });
    expect((await get('web')).status).toBe('RUNNING');
  });
});

test.each([
  ['GET', '/', 404],
  ['GET', '/constructor', 404],
  ['POST', '/calls', 405],
  ['GET', '/clock', 405],
  ['DELETE', '/machines', 405],
  ['PUT', '/faults', 405],
])('%s %s: %i with what there is instead', async (method, path, status) => {
  const { call } = await control();

  const answer = await call(method, path);

  expect(answer.status).toBe(status);
  expect(answer.body).toEqual({ error: expect.any(String) as unknown });
  expect(answer.headers.has('allow')).toBe(status === 405);
});
