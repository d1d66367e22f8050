import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONTRACTS } from '#shared/contracts/index.ts';
import { matchPath } from '#shared/http/request.ts';
import { send, type PlainAnswer } from '#test/support/http-client.ts';
import { eventually, sharedLocalCloud } from '#test/support/local-cloud.ts';
import { originalRequests, type OriginalRequest } from '#test/support/original-requests.ts';
import { replyViolations } from '#test/support/reply-check.ts';
import { WalkAccounts, type Walker } from '#test/support/walk-accounts.ts';

/*
 * Sends every example request of the instances' documentation unchanged, except for host, credentials and ids; and the
 * requests of the public Go client.
 */

const cloud = sharedLocalCloud({ args: ['--boot-seconds', '0.3', '--stop-seconds', '0.1'] });

const EXAMPLE_ID = 'tw-550e84-a1b2c3d4';

/** The documented status of success, by the beginning of the example's title. */
const SUCCESS: Readonly<Record<string, number>> = {
  Create: 201,
  List: 200,
  Get: 200,
  Delete: 204,
  Start: 202,
  Stop: 202,
  Restart: 202,
  Reset: 202,
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

interface World {
  readonly accounts: WalkAccounts;
  readonly user: Walker;
}

let made: World | undefined;

function world(): World {
  if (made === undefined) throw new Error('The world is made before the tests.');
  return made;
}

beforeAll(async () => {
  const accounts = new WalkAccounts(cloud().connection.emulators.datastore);
  await accounts.tier('walk', 1_000_000);
  made = { accounts, user: await accounts.walker('readers', { tier: 'walk' }) };
});

afterAll(() => made?.accounts.close());

/** Sends a documented request, with only host, credentials and id replaced. */
function asWritten({ method, target, headers, body }: OriginalRequest, id = EXAMPLE_ID): Promise<PlainAnswer> {
  const { key, token } = world().user;
  const real: Readonly<Record<string, string | undefined>> = { ...key, ...token };
  const replaced = Object.entries(headers).map(([name, value]) => [name, real[name.toLowerCase()] ?? value] as const);
  return send(cloud().baseUrl, {
    method,
    path: target.replace(EXAMPLE_ID, id),
    headers: Object.fromEntries(replaced),
    ...(body === undefined ? {} : { body }),
  });
}

function ask(method: string, path: string, body?: string, headers: Readonly<Record<string, string>> = {}) {
  const marked = body === undefined ? {} : { 'content-type': 'application/json' };
  const sent = { ...world().user.key, ...marked, ...headers };
  return send(cloud().baseUrl, { method, path, headers: sent, ...(body === undefined ? {} : { body }) });
}

async function newInstance(): Promise<string> {
  const answer = await ask(
    'POST',
    '/api/compute/v1/instances',
    '{"template_id":"ubuntu-22-standard","config_id":"default-network"}',
  );
  expect(answer.status, answer.text).toBe(201);
  return (answer.body as { readonly id: string }).id;
}

function running(id: string): Promise<PlainAnswer> {
  return eventually(async () => {
    const answer = await ask('GET', `/api/compute/v1/instances/${id}`);
    return (answer.body as { readonly status: string }).status === 'RUNNING' ? answer : undefined;
  });
}

/** Expects the twelve documented fields with their documented types. */
function expectInstance(value: unknown): void {
  expect(value).toMatchObject({
    id: expect.stringMatching(/^tw-[0-9a-f]{6}-[0-9a-f]{8}$/) as string,
    userId: expect.stringMatching(UUID) as string,
    zone: 'us-central1-a',
    machineType: 'zones/us-central1-a/machineTypes/n1-standard-2',
    externalIp: expect.any(String) as string,
    internalIp: expect.any(String) as string,
    status: expect.stringMatching(/^[A-Z_]+$/) as string,
    templateId: 'ubuntu-22-standard',
    configId: 'default-network',
    createdAt: expect.stringMatching(INSTANT) as string,
    visibleBy: ['readers'],
  });
  const { id, name, userId } = value as Readonly<Record<'id' | 'name' | 'userId', string>>;
  expect(name).toBe(id);
  expect(id.slice(3, 9)).toBe(userId.slice(0, 6));
}

function contractOf({ method, target }: OriginalRequest) {
  const contract = CONTRACTS.find((one) => one.method === method && matchPath(one.path, target) !== undefined);
  if (contract === undefined) throw new Error(`There is no contract of ${method} ${target}.`);
  return contract;
}

const REQUESTS = originalRequests('compute-instances');

test('the page has each of its eight requests with either kind of credential', () => {
  expect(REQUESTS.map(({ title }) => title.replace(/ .*with/, ' with'))).toEqual(
    Object.keys(SUCCESS).flatMap((verb) => [`${verb} with a token`, `${verb} with a key`]),
  );
});

describe.each(REQUESTS)('$title', (request) => {
  const [verb = ''] = request.title.split(' ');

  test('works as it is written', async () => {
    const id = verb === 'Create' ? EXAMPLE_ID : await newInstance();
    if (verb !== 'Create') await running(id);

    const answer = await asWritten(request, id);

    expect(answer.status, answer.text).toBe(SUCCESS[verb]);
    expect(replyViolations(contractOf(request), bodyOf(answer))).toEqual([]);
    if (verb === 'Create' || verb === 'Get') expectInstance(answer.body);
    if (verb === 'Create')
      expect(answer.body).toMatchObject({ status: 'PROVISIONING', externalIp: '', internalIp: '' });
    if (verb === 'Get') expect(answer.body).toMatchObject({ id, status: 'RUNNING' });
    if (verb === 'List') for (const instance of answer.body as readonly unknown[]) expectInstance(instance);
    if (answer.status === 202 || answer.status === 204) expect(answer.text).toBe('');
  });

  test('about what does not exist is the documented 404', async () => {
    if (verb === 'Create' || verb === 'List') {
      const other = await world().accounts.walker(`nobody-${request.title.replaceAll(' ', '-').toLowerCase()}`, {
        tier: 'walk',
      });
      const body = request.body?.replace('default-network', 'no-such-network');
      const answer = await send(cloud().baseUrl, {
        method: request.method,
        path: request.target,
        headers: { 'content-type': 'application/json', ...other.key },
        ...(body === undefined ? {} : { body }),
      });
      expect(answer.status, answer.text).toBe(404);
    } else {
      expect((await asWritten(request)).status).toBe(404);
    }
  });
});

/** Returns a reply as contracts describe it: a missing body is `undefined`, not an empty text. */
function bodyOf({ status, body }: PlainAnswer) {
  return { status, body };
}

test('an instance has addresses once it runs, and is gone once it was deleted', async () => {
  const id = await newInstance();
  const { body } = await running(id);
  expect(body).toMatchObject({
    externalIp: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/) as string,
    internalIp: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/) as string,
  });

  expect((await ask('DELETE', `/api/compute/v1/instances/${id}`)).status).toBe(204);
  expect((await ask('GET', `/api/compute/v1/instances/${id}`)).status).toBe(404);
});

describe('the public Go client', () => {
  test.each([
    ['{"templateID":"ubuntu-22-standard","zone":""}', 'us-central1-a'],
    ['{"templateID":"ubuntu-22-standard","zone":"us-central1-f"}', 'us-central1-f'],
    ['{"template_id":"ubuntu-22-standard","zone":""}', 'us-central1-a'],
    ['{"templateID":"debian-12-small","zone":""}', 'europe-west1-b'],
  ])('creates with %s, in %s', async (body, zone) => {
    const answer = await ask('POST', '/api/compute/v1/instances', body);

    expect(answer.status, answer.text).toBe(201);
    expect(answer.body).toMatchObject({ zone, configId: 'default-network' });
  });

  test.each([
    '{"templateID":"ubuntu-22-standard"}',
    '{"zone":""}',
    '{"templateID":"ubuntu-22-standard","zone":"mars-a"}',
  ])('is told what is wrong with %s', async (body) => {
    const answer = await ask('POST', '/api/compute/v1/instances', body);

    expect(answer.status).toBe(400);
    expect(answer.headers['x-error']).toMatch(/config_id|template_id|zone/);
    expect(answer.headers['x-error-id']).toMatch(/^[0-9a-f]{32}$/);
  });

  test('sends a content type with every request, also without a body', async () => {
    const id = await newInstance();
    await running(id);
    const path = `/api/compute/v1/instances/${id}`;

    for (const [method, target, status] of [
      ['GET', path, 200],
      ['POST', `${path}/stop`, 202],
      ['POST', `${path}/start`, 202],
      ['DELETE', path, 204],
    ] as const) {
      expect((await ask(method, target)).status, `${method} ${target}`).toBe(status);
    }
  });

  test('escapes ids in paths: one that needs no escape is itself, one that does is no id', async () => {
    const id = await newInstance();

    expect((await ask('GET', `/api/compute/v1/instances/${encodeURIComponent(id)}`)).status).toBe(200);
    expect((await ask('GET', `/api/compute/v1/instances/${id.replaceAll('-', '%2D')}`)).status).toBe(200);
    expect((await ask('GET', `/api/compute/v1/instances/${encodeURIComponent('../templates')}`)).status).toBe(400);
    expect((await ask('GET', '/api/compute/v1/instances/a%20b')).status).toBe(400);
  });

  test('reads bare arrays', async () => {
    await newInstance();
    for (const path of ['/instances', '/templates', '/templates/ubuntu-22-standard/zones', '/configs']) {
      const answer = await ask('GET', `/api/compute/v1${path}`);
      expect(Array.isArray(answer.body), path).toBe(true);
    }
  });

  test('honours Retry-After in seconds', async () => {
    const { accounts } = world();
    await accounts.tier('narrow', 1);
    const { key } = await accounts.walker('hurried', { tier: 'narrow' });
    const statuses: number[] = [];
    let refused: PlainAnswer | undefined;
    // The limit is one a minute, and a new minute may begin in between.
    while (refused === undefined && statuses.length < 4) {
      const answer = await send(cloud().baseUrl, { method: 'GET', path: '/api/compute/v1/templates', headers: key });
      statuses.push(answer.status);
      if (answer.status === 429) refused = answer;
    }

    expect(refused?.headers['retry-after'], statuses.join()).toMatch(/^[1-9]\d?$/);
    expect(refused?.headers['x-error']).toContain('Please wait');
  });
});
