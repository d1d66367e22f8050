import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { ComputeUser, QUICK_MACHINES, type ShownOperation } from '#test/support/compute-api.ts';
import { settled } from '#test/support/invariants.ts';
import { eventually, sharedLocalCloud } from '#test/support/local-cloud.ts';

// A client that has nothing but replies can continue: each says what exists, where it is listed, and what to request
// next.

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });

afterEach(() => cloud().clearFaults());

const ask = (method: string, path: string, body?: unknown) =>
  cloud().request('alice', method, path, body === undefined ? {} : { body });

/** Returns the text of an error, from the member that its family uses. */
function textOf({ body }: { readonly body: unknown }): string {
  const { detail, error } = body as { readonly detail?: unknown; readonly error?: unknown };
  return typeof detail === 'string' ? detail : JSON.stringify(detail ?? error);
}

/**
 * Sends a request that names something unknown, and expects that its reply names existing values and a path that works.
 */
async function leadsOn(request: Parameters<typeof ask>, { status, reason, says, path }: Wanted): Promise<void> {
  const answer = await ask(...request);
  expect(answer).toMatchObject({ status });
  expect(answer.headers.get('x-error-reason')).toBe(reason);
  const text = textOf(answer);
  for (const word of says) expect(text).toContain(word);
  expect(text).toContain(`GET ${path}`);
  expect((await ask('GET', path)).status).toBe(200);
}

interface Wanted {
  readonly status: number;
  readonly reason: string;
  /** Existing values. */
  readonly says: readonly string[];
  /** The path that lists all of them. */
  readonly path: string;
}

const PROJECT = () => cloud().connection.principals.alice.project;

const bid = (changes: object) => ({
  project: PROJECT(),
  region: 'us-central1-a',
  instance_type: 'it_n1-standard-2',
  limit_price: '$1.00',
  instance_quantity: 1,
  name: 'leads-on',
  launch_specification: { volumes: [], ssh_keys: [] },
  ...changes,
});

describe('situation 1: an unknown template', () => {
  test('names the nearest, and the list of all', async () => {
    const body = { template_id: 'ubuntu-22-standrad', config_id: 'default-network' };
    await leadsOn(['POST', '/api/compute/v1/instances', body], {
      status: 404,
      reason: 'template_not_found',
      says: ['ubuntu-22-standard', 'debian-12-small'],
      path: '/api/compute/v1/templates',
    });
  });
});

describe('situation 2: an unknown type or image', () => {
  test('of the resource family names the nearest of each, and the lists of all', async () => {
    const body = { metadata: { name: 'web' }, spec: { type: 'cx13', image: 'ubuntu-2204' } };
    const asked = ['POST', '/v1/instances', body] as const;
    const wanted = { status: 422, reason: 'spec_not_possible', says: ['cx31', 'ubuntu-22.04'] };
    await leadsOn([...asked], { ...wanted, path: '/v1/server-types' });
    await leadsOn([...asked], { ...wanted, path: '/v1/images' });
  });

  test('of the fleet family names the nearest, and the list of all', async () => {
    await leadsOn(['POST', '/v2/spot/bids', bid({ instance_type: 'it_n1-standard-3' })], {
      status: 404,
      reason: 'instance_type_not_found',
      says: ['it_n1-standard-2', 'it_n1-standard-4'],
      path: '/v2/spot/availability',
    });
    const launch = { volumes: [], ssh_keys: [], image_version: 'imgver_ubuntu-22' };
    const image = await ask('POST', '/v2/spot/bids', bid({ launch_specification: launch }));
    expect(image.headers.get('x-error-reason')).toBe('image_version_not_found');
    expect(textOf(image)).toMatch(/nearest are .*ubuntu-22\.04.* GET \/v2\/image-versions lists all/);
  });

  test('that a machine is to become is answered as one that it is to be made of', async () => {
    const id = await new ComputeUser(cloud(), 'alice').running();
    await leadsOn(['PATCH', `/v1/instances/${id}`, { spec: { type: 'cx13' } }], {
      status: 422,
      reason: 'spec_not_possible',
      says: ['cx31', 'cx41'],
      path: '/v1/server-types',
    });
    await leadsOn(['PATCH', `/api/compute/v1/instances/${id}`, { machine_type: 'n1-standard-3' }], {
      status: 400,
      reason: 'edit_not_possible',
      says: ['n1-standard-2', 'n1-standard-4'],
      path: '/api/compute/v1/templates',
    });
    await ask('DELETE', `/v1/instances/${id}`);
    await settled(cloud());
  });
});

test('situation 3: a missing or unknown project names yours, in lists and in launches', async () => {
  const wanted = { status: 404, reason: 'project_not_found', says: [PROJECT()], path: '/v2/projects' };
  await leadsOn(['GET', '/v2/instances?project=proj_nobodys'], wanted);
  await leadsOn(['POST', '/v2/spot/bids', bid({ project: 'proj_nobodys' })], wanted);
  const missing = await ask('GET', '/v2/instances');
  expect(missing).toMatchObject({ status: 422 });
  expect(textOf(missing)).toContain('GET /v2/projects');
});

describe('situation 4: no room after the machine was accepted', () => {
  test.each([
    ['compute', '/api/compute/v1/instances', { template_id: 'ubuntu-22-standard', config_id: 'default-network' }],
    ['resource', '/v1/instances', { metadata: { name: 'web' }, spec: { type: 'cx31', image: 'ubuntu-22.04' } }],
  ])('is said by the %s family with the zone, the type and where there is room', async (family, path, body) => {
    await cloud().addFaults({ service: 'compute', method: 'instances.insert', kind: 'stockout', count: 1 });
    const { id } = (await ask('POST', path, body)).body as { readonly id: string };
    await settled(cloud());

    const shown = (await ask('GET', `${path}/${id}`)).body as Readonly<Record<string, unknown>>;
    const told = family === 'compute' ? shown['statusReason'] : shown['status'];
    expect(told).toMatchObject({
      reason: family === 'compute' ? 'zone_exhausted' : 'CAPACITY_EXHAUSTED',
      message: expect.stringMatching(/us-central1-a has no capacity for n1-standard-2 now.*us-central1-b/) as string,
    });
    await ask('DELETE', `${path}/${id}`);
    await settled(cloud());
  });

  test('is said by the fleet family in the status of the bid, which stays open', async () => {
    // The bid is tried again and again, so there is no room for as long as anybody looks.
    await cloud().addFaults({ service: 'compute', method: 'instances.insert', kind: 'stockout', count: 100 });
    const { fid } = (await ask('POST', '/v2/spot/bids', bid({}))).body as { readonly fid: string };

    const reason = await eventually(async () => {
      const { body } = await ask('GET', `/v2/spot/bids/${fid}/status`);
      return (body as { readonly reason: string | null }).reason ?? undefined;
    });
    expect(reason).toMatch(/us-central1-a has no capacity for n1-standard-2 now.*us-central1-b/);
    await ask('DELETE', `/v2/spot/bids/${fid}`);
    await settled(cloud());
  });
});

test('situation 5: a failed start whose id was lost is found by the machine, in every family', async () => {
  const alice = new ComputeUser(cloud(), 'alice');
  const id = await alice.running();
  await alice.powered(id, 'stop');
  await cloud().addFaults({ service: 'compute', method: 'instances.start', kind: 'stockout', count: 1 });
  await alice.powered(id, 'start');

  const room = expect.stringMatching(/no capacity for n1-standard-2.*us-central1-b/) as string;
  const listed = await ask('GET', `/api/compute/v1/operations?instance=${id}&state=failed`);
  const { operations } = listed.body as { readonly operations: readonly ShownOperation[] };
  expect(operations).toMatchObject([{ kind: 'start', error: { reason: 'zone_exhausted', message: room } }]);
  expect((await ask('GET', `/api/compute/v1/instances/${id}`)).body).toMatchObject({
    lastOperation: { id: operations[0]?.id, error: { reason: 'zone_exhausted', message: room } },
    allowedActions: expect.arrayContaining(['start']) as string[],
  });
  expect((await ask('GET', `/v1/instances/${id}`)).body).toMatchObject({
    status: { last_operation: { error: { code: 'CAPACITY_EXHAUSTED', message: room } } },
  });
  expect((await ask('GET', `/v2/instances/inst_${id}/status`)).body).toMatchObject({
    last_operation: { type: 'start', error: { code: 'zone_exhausted', message: room } },
  });
  await ask('DELETE', `/v1/instances/${id}`);
  await settled(cloud());
});

test('situation 6: what a machine costs is said where it is chosen, in every family', async () => {
  const [template] = (await ask('GET', '/api/compute/v1/templates')).body as readonly object[];
  expect(template).toMatchObject({ price: { centsPerHour: expect.any(Number) as number, currency: 'USD' } });
  const { items } = (await ask('GET', '/v1/server-types')).body as { readonly items: readonly object[] };
  expect(items[0]).toMatchObject({
    spec: { price: { cents_per_hour: expect.any(Number) as number, currency: 'USD' } },
  });
  expect((await ask('GET', '/v2/pricing/current?instance_type=it_n1-standard-2')).body).toMatchObject({
    spot_price_cents: 4,
    reserved_price_cents: 10,
  });
});

describe('a program of at most 60 lines that knows the address, one key and nothing else', () => {
  const file = join(import.meta.dirname, 'programs/one-machine.mjs');

  test('is no longer than that, and holds no path and no value of the API', async () => {
    const text = await readFile(file, 'utf8');
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(60);
    expect(text).not.toMatch(/\/(api|v1|v2)\b|us-central|ubuntu|n1-|template|RUNNING|bid/);
  });

  test.each(['compute', 'resource', 'fleet'])(
    'makes a %s machine, says how to log in, stops it, meets a stockout, gets on, labels it and deletes it',
    async (family) => {
      await cloud().addFaults({ service: 'compute', method: 'instances.start', kind: 'stockout', count: 1 });
      const { baseUrl, principals } = cloud().connection;
      const args = [file, baseUrl, principals.alice.xApiKey, family];

      const { stdout } = await promisify(execFile)(process.execPath, args);

      expect(stdout).toMatch(/^log in: \S+/);
      expect(stdout).toMatch(/refused: (zone_exhausted|CAPACITY_EXHAUSTED) elsewhere: [a-z]+-[a-z]+\d-[a-z]\n/);
      expect(stdout).toMatch(/labelled and deleted\n$/);
      await settled(cloud());
      expect(await cloud().machines()).toEqual([]);
    },
  );
});
