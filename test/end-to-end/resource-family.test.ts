import { afterEach, describe, expect, test } from 'vitest';
import catalog from '#scripts/local/catalog.json' with { type: 'json' };
import type { Fault } from '#scripts/emulators/faults.ts';
import { appliedCalls, ComputeUser, QUICK_MACHINES } from '#test/support/compute-api.ts';
import { expectInvariants, settled } from '#test/support/invariants.ts';
import { sharedLocalCloud } from '#test/support/local-cloud.ts';
import { Records } from '#test/support/records.ts';
import { askAsNobody, ORIGINAL_BODY, ResourceUser, type ShownResource } from '#test/support/resource-api.ts';

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });
const alice = () => new ResourceUser(cloud(), 'alice');
const carol = () => new ResourceUser(cloud(), 'carol');
const admin = () => new ResourceUser(cloud(), 'admin');

const inject = (...faults: readonly Omit<Fault, 'service'>[]) =>
  cloud().addFaults(...faults.map((fault) => ({ service: 'compute' as const, ...fault })));

/** A count that is never used up. */
const ALWAYS = 1_000;

const LEAST = { metadata: { name: 'small' }, spec: { type: 'cx31', image: 'ubuntu-22.04' } };

/** The members of an Instance resource that a spec determines. */
interface SeenMachine {
  readonly name: string;
  readonly id: string;
  readonly machineType: string;
  readonly zone: string;
  readonly labels: object;
  readonly tags: { readonly items?: readonly string[] };
  readonly disks: readonly { readonly diskSizeGb: string; readonly licenses: readonly string[] }[];
  readonly networkInterfaces: readonly {
    readonly network: string;
    readonly subnetwork: string;
    readonly networkIP: string;
    readonly accessConfigs: readonly { readonly natIP: string }[];
  }[];
  readonly metadata: { readonly items?: readonly { readonly key: string; readonly value: string }[] };
}

async function machineOf(id: string): Promise<SeenMachine> {
  const machines = (await cloud().control('GET', '/machines')).body as readonly SeenMachine[];
  const found = machines.find(({ name }) => name === id);
  if (found === undefined) throw new Error(`There is no VM ${id}.`);
  return found;
}

afterEach(async () => {
  await cloud().clearFaults();
  for (const user of [alice(), carol(), admin()]) {
    for (const { id } of await user.list()) await user.delete(id);
  }
  await settled(cloud());
  expect(await cloud().machines()).toEqual([]);
  await expectInvariants(cloud());
});

describe('the original documentation', () => {
  test('its request makes the VM that it asks for, and is answered as documented', async () => {
    const created = await alice().create();

    expect(created.status).toBe(201);
    const { id, operation_id: operation, ...rest } = created.body as ShownResource & { readonly operation_id: string };
    expect(id).toMatch(/^inst-[0-9a-f]{6}-[0-9a-f]{8}$/);
    expect(rest).toStrictEqual({
      metadata: { ...ORIGINAL_BODY.metadata, created_at: expect.stringMatching(/^[-\d]{10}T[:\d]{8}Z$/) as string },
      spec: ORIGINAL_BODY.spec,
      status: expect.objectContaining({ state: 'provisioning', host_id: '', private_ip: '', public_ip: '' }) as object,
    });
    expect(created.headers.get('location')).toBe(`/v1/instances/${id}`);
    expect(await alice().ended(operation)).toMatchObject({
      id: operation,
      resource_id: id,
      type: 'create',
      status: 'completed',
      result: { state: 'running' },
    });

    const machine = await machineOf(id);
    const [disk] = machine.disks;
    const [nic] = machine.networkInterfaces;
    expect(machine.machineType).toMatch(/\/zones\/us-central1-a\/machineTypes\/custom-2-4096$/);
    expect(disk).toMatchObject({ diskSizeGb: '80', licenses: [expect.stringContaining('ubuntu-os-cloud')] });
    expect(nic?.network).toMatch(/\/global\/networks\/default$/);
    expect(nic?.subnetwork).toMatch(/\/regions\/us-central1\/subnetworks\/default$/);
    expect(machine.tags.items).toEqual(['http-server', 'https-server', 'ssh-server']);
    expect(machine.labels).toEqual({ ...ORIGINAL_BODY.metadata.labels, 'compute-api': 'local' });
    expect(machine.metadata.items).toEqual([
      { key: 'ssh-keys', value: `ubuntu:${catalog.sshKeys['key-001'].publicKey}` },
      { key: 'user-data', value: '#!/bin/bash\napt update' },
      { key: 'block-project-ssh-keys', value: 'TRUE' },
      { key: 'enable-oslogin', value: 'FALSE' },
    ]);

    const shown = await alice().shown(id);
    expect(shown).toStrictEqual({
      id,
      ...rest,
      status: {
        state: 'running',
        host_id: machine.id,
        private_ip: nic?.networkIP,
        public_ip: nic?.accessConfigs[0]?.natIP,
        ssh: expect.objectContaining({ user: 'ubuntu', host: nic?.accessConfigs[0]?.natIP }) as object,
        allowed_actions: ['start', 'stop', 'restart', 'reset', 'update', 'delete'],
        blocked_because: { resize: 'wrong_state' },
        pending_operation: null,
        last_operation: expect.objectContaining({ id: operation, type: 'create', status: 'completed' }) as object,
        reason: null,
        message: null,
        synced_at: expect.stringMatching(/Z$/) as string,
      },
    });
    // A list does not read the VM again.
    const status = { ...shown.status, synced_at: expect.stringMatching(/Z$/) as string };
    expect(await alice().list()).toEqual([{ ...shown, status }]);
  });

  test('its delete is accepted, reads as terminated until it is done, and is 404 then', async () => {
    const { id } = await alice().running();
    // Long enough to read the instance meanwhile.
    await inject({ method: 'instances.delete', kind: 'delay', count: 1, delayMs: 3_000 });

    const accepted = await alice().delete(id);
    const again = await alice().delete(id);
    const meanwhile = await alice().shown(id);
    const listed = await alice().list();
    const unfinished = await alice().operation(again.headers.get('x-operation-id') ?? '');
    const { operation_id: operation } = accepted.body as { readonly operation_id: string };
    const ended = await alice().ended(operation);
    const gone = await alice().get(id);
    const late = await alice().delete(id);

    expect(accepted).toMatchObject({ status: 202 });
    expect(accepted.body).toStrictEqual({ operation_id: operation, status: 'pending', resource_id: id });
    expect(again).toMatchObject({ status: 202, body: { operation_id: operation, resource_id: id } });
    expect(meanwhile.status.state).toBe('terminated');
    expect(['pending', 'running']).toContain(unfinished.status);
    expect(unfinished).toMatchObject({ type: 'delete', result: null, completed_at: null });
    expect(listed.map(({ status }) => status.state)).toEqual(['terminated']);
    expect(ended).toMatchObject({ type: 'delete', status: 'completed', result: { state: 'terminated' } });
    expect(gone).toMatchObject({ status: 404, body: { error: `instance not found: ${id}` } });
    expect(late).toMatchObject({ status: 404, body: { error: `instance not found: ${id}` } });
    expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert', 'instances.delete']);
  });

  test('an empty list is an empty list', async () => {
    expect(await alice().ask('GET', '/v1/instances')).toMatchObject({ status: 200, body: { items: [] } });
  });
});

describe('delete in the background', () => {
  test('the place in the quota is free when the VM is gone, not before', async () => {
    const { id } = await carol().running(LEAST);
    await inject({ method: 'instances.delete', kind: 'delay', count: 1, delayMs: 3_000 });

    const operation = await carol().deleted(id);
    const tooEarly = await carol().create(LEAST);
    await carol().ended(operation);
    const then = await carol().create(LEAST);

    expect(tooEarly).toMatchObject({ status: 403 });
    expect(then).toMatchObject({ status: 201 });
  });

  test('of an instance that is still being made: both operations end, nothing stays', async () => {
    const { id, operation_id: creation } = await alice().created();

    const deletion = await alice().deleted(id);
    const again = await alice().deleted(id);

    expect(again).toBe(deletion);
    expect(await alice().ended(deletion)).toMatchObject({ status: 'completed' });
    expect(['completed', 'failed']).toContain((await alice().ended(creation)).status);
    expect(await alice().get(id)).toMatchObject({ status: 404 });
    expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert', 'instances.delete']);
  });

  test('of a stopped instance of the compute family', async () => {
    const compute = new ComputeUser(cloud(), 'alice');
    const id = await compute.running();
    await compute.powered(id, 'stop');

    expect((await alice().shown(id)).status.state).toBe('stopped');
    expect(await alice().ended(await alice().deleted(id))).toMatchObject({ status: 'completed' });
    expect(await compute.get(id)).toMatchObject({ status: 404 });
  });

  test('while the compute family deletes the same instance: one VM is deleted once', async () => {
    const compute = new ComputeUser(cloud(), 'alice');
    const { id } = await alice().running();
    await inject({ method: 'instances.delete', kind: 'delay', count: 1, delayMs: 500 });

    const operation = await alice().deleted(id);
    const synchronous = await compute.delete(id);

    expect([204, 404]).toContain(synchronous.status);
    expect(await alice().ended(operation)).toMatchObject({ status: 'completed' });
    expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert', 'instances.delete']);
  });

  test.each<readonly [string, Omit<Fault, 'service'>]>([
    ['an answer that is lost', { method: 'instances.delete', kind: 'lostAnswer', count: 1 }],
    ['a 503', { method: 'instances.delete', kind: 'error', status: 503, count: 1 }],
  ])('%s is asked for again, and applied once', async (_, fault) => {
    const { id } = await alice().running();
    await inject(fault);

    const operation = await alice().deleted(id);
    await settled(cloud());

    expect(await alice().operation(operation)).toMatchObject({ status: 'completed' });
    expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert', 'instances.delete']);
  });

  test('if Compute Engine refuses a delete, the record is removed and the reconciler goes on deleting the VM', async () => {
    const { id } = await alice().running();
    await inject({ method: 'instances.delete', kind: 'error', status: 403, count: ALWAYS });

    const operation = await alice().deleted(id);
    const records = new Records(cloud().connection);
    try {
      await expect
        .poll(async () => (await records.orphans()).map(({ value }) => value.name), { timeout: 60_000 })
        .toEqual([id]);
    } finally {
      await records.close();
    }
    const gone = await alice().get(id);
    await cloud().clearFaults();
    await settled(cloud());

    expect(gone).toMatchObject({ status: 404 });
    expect(['completed', 'failed']).toContain((await alice().operation(operation)).status);
    expect(await cloud().machines()).toEqual([]);
  });

  test('a delete whose worker is killed is finished by another worker', async () => {
    const { id } = await alice().running();
    await inject({ method: 'instances.delete', kind: 'delay', count: 1, delayMs: 400 });

    const operation = await alice().deleted(id);
    cloud().killFunctionHosts();
    await settled(cloud());

    expect(await alice().operation(operation)).toMatchObject({ status: 'completed' });
    expect(await appliedCalls(cloud(), id)).toEqual(['instances.insert', 'instances.delete']);
  });
});

describe('a create that comes to nothing', () => {
  test('no capacity: the operation fails with a stable code, and the instance is terminated', async () => {
    await inject({ method: 'instances.insert', kind: 'stockout', count: 1 });

    const { id, operation_id: operation } = await alice().created();
    const ended = await alice().ended(operation);

    expect(ended).toMatchObject({ type: 'create', status: 'failed', result: { code: 'CAPACITY_EXHAUSTED' } });
    expect(ended.result?.['error']).toMatch(/^GCP operation failed\./);
    expect(ended.completed_at).not.toBeNull();
    expect((await alice().shown(id)).status).toMatchObject({ state: 'terminated', private_ip: '', public_ip: '' });
    expect(await alice().ended(await alice().deleted(id))).toMatchObject({ status: 'completed' });
  });

  test.each([
    [400, 422],
    [403, 500],
    [503, 500],
  ])('Compute Engine’s %i at once is %i, and nothing is left', async (theirs, ours) => {
    await inject({ method: 'instances.insert', kind: 'error', status: theirs, count: ALWAYS });

    const answer = await alice().create();

    expect(answer.status).toBe(ours);
    expect(answer.headers.get('x-error-id')).toMatch(/^[0-9a-f]{32}$/);
    expect(await alice().list()).toEqual([]);
  });

  test('a disk that is smaller than its image is 422', async () => {
    const answer = await alice().create({ ...LEAST, spec: { ...LEAST.spec, disk_gb: 1 } });

    expect(answer).toMatchObject({ status: 422 });
  });

  test('the quota is 403', async () => {
    await carol().created(LEAST);

    expect(await carol().create(LEAST)).toMatchObject({
      status: 403,
      body: { error: expect.stringContaining('quota') as string },
    });
  });
});

describe('Idempotency-Key', () => {
  test('the first answer again, and one VM', async () => {
    const first = await alice().create(ORIGINAL_BODY, { 'idempotency-key': 'resource-1' });
    const second = await alice().create(ORIGINAL_BODY, { 'idempotency-key': 'resource-1' });

    expect(second).toMatchObject({ status: 201, body: first.body });
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(await alice().list()).toHaveLength(1);
  });

  test('another body under the same key is 422', async () => {
    await alice().create(LEAST, { 'idempotency-key': 'resource-2' });

    expect(await alice().create(ORIGINAL_BODY, { 'idempotency-key': 'resource-2' })).toMatchObject({
      status: 422,
      body: { error: expect.stringContaining('Idempotency-Key') as string },
    });
  });
});

describe('400', () => {
  const spec = LEAST.spec;
  test.each<readonly [string, unknown, string]>([
    ['no JSON', '{', 'body is not valid JSON'],
    ['no body', '', 'body is missing'],
    ['a list', [], 'body must be object'],
    ['nothing in it', {}, 'body.metadata is required; body.spec is required'],
    ['no name', { ...LEAST, metadata: {} }, 'body.metadata.name is required'],
    ['a name that cannot be', { ...LEAST, metadata: { name: 'Web_1' } }, 'body.metadata.name must match'],
    ['a name that is too long', { ...LEAST, metadata: { name: 'w'.repeat(64) } }, 'body.metadata.name must match'],
    ['no type', { ...LEAST, spec: { image: 'ubuntu-22.04' } }, 'body.spec.type is required'],
    ['vcpus as text', { ...LEAST, spec: { ...spec, vcpus: '2' } }, 'body.spec.vcpus must be integer'],
    ['half a vcpu', { ...LEAST, spec: { ...spec, vcpus: 0.5 } }, 'body.spec.vcpus must be integer'],
    ['no memory', { ...LEAST, spec: { ...spec, memory_mb: 0 } }, 'body.spec.memory_mb must be >= 1'],
    ['a group that is a number', { ...LEAST, spec: { ...spec, security_groups: [1] } }, 'body.spec.security_groups.0'],
    ['an unknown key', { ...LEAST, spec: { ...spec, gpus: 1 } }, 'body.spec.gpus is not known'],
    ['a status', { ...LEAST, status: { state: 'running' } }, 'body.status is not known'],
    [
      'an upper-case label',
      { ...LEAST, metadata: { name: 'a', labels: { Env: 'x' } } },
      'body.metadata.labels.Env is not a possible name',
    ],
    [
      'a label value with a space',
      { ...LEAST, metadata: { name: 'a', labels: { env: 'a b' } } },
      'body.metadata.labels.env must match',
    ],
  ])('%s', async (_, body, text) => {
    const answer = await alice().create(body);

    expect(answer).toMatchObject({ status: 400, body: { error: expect.stringContaining(text) as string } });
  });

  test.each(['/v1/instances?limit=0', '/v1/operations/op-1?wait=61', '/v1/operations/op-1?wait=soon'])(
    '%s',
    async (path) => {
      expect(await alice().ask('GET', path)).toMatchObject({ status: 400 });
    },
  );
});

describe('422 names what cannot be honoured', () => {
  test.each<readonly [string, object]>([
    ['spec.type "cx99" is not known', { type: 'cx99' }],
    ['spec.image "beos" is not known', { image: 'beos' }],
    ['spec.vpc_id "vpc-9" is not known', { vpc_id: 'vpc-9' }],
    ['spec.subnet_id "subnet-9" is not known', { subnet_id: 'subnet-9' }],
    ['spec.security_groups "sg-9" is not known', { security_groups: ['sg-web', 'sg-9'] }],
    ['spec.ssh_key_ids "key-9" is not known', { ssh_key_ids: ['key-9'] }],
    ['spec.user_data is not base64', { user_data: 'not base64' }],
    ['spec.user_data has 32769 bytes', { user_data: Buffer.alloc(32_769).toString('base64') }],
    ['spec.vcpus must be 1, or even up to 96', { vcpus: 3 }],
    ['spec.memory_mb must be a multiple of 256', { memory_mb: 4097 }],
  ])('%s', async (text, more) => {
    const answer = await alice().create({ ...LEAST, spec: { ...LEAST.spec, ...more } });

    expect(answer).toMatchObject({ status: 422, body: { error: expect.stringContaining(text) as string } });
    expect(await cloud().machines()).toEqual([]);
  });
});

describe('who may', () => {
  test.each<readonly [string, () => Readonly<Record<string, string>>, number]>([
    ['X-API-Key', () => ({ 'x-api-key': cloud().connection.principals.alice.xApiKey }), 200],
    ['a bearer token', () => ({ authorization: `Bearer ${cloud().connection.principals.alice.token}` }), 200],
    ['a pair', () => cloud().credentials('alice'), 200],
    ['nothing', () => ({}), 401],
    ['half a key', () => ({ 'x-api-key': cloud().connection.principals.alice.apiKey }), 401],
    ['a wrong key', () => ({ 'x-api-key': `ak_live_${'0'.repeat(16)}_sk_${'x'.repeat(43)}` }), 401],
    [
      'two kinds at once',
      () => ({ ...cloud().credentials('alice'), authorization: `Bearer ${cloud().connection.principals.alice.token}` }),
      401,
    ],
  ])('%s', async (_, headers, status) => {
    expect(await askAsNobody(cloud(), 'GET', '/v1/instances', { headers: headers() })).toMatchObject({ status });
  });

  test('what belongs to others is answered like what does not exist', async () => {
    const { id, operation_id: operation } = await alice().created();
    const bodyOf = (status: number, what: string, missing: string) => ({
      status,
      body: { error: `${what} not found: ${missing}` },
    });

    for (const asked of [id, 'inst-000000-00000000', 'Not_An_Id', '__x__']) {
      expect(await carol().get(asked)).toMatchObject(bodyOf(404, 'instance', asked));
      expect(await carol().delete(asked)).toMatchObject(bodyOf(404, 'instance', asked));
    }
    for (const asked of [operation, 'op-0', 'nothing']) {
      expect(await carol().ask('GET', `/v1/operations/${asked}`)).toMatchObject(bodyOf(404, 'operation', asked));
    }
    expect(await carol().list()).toEqual([]);
    expect(await new ResourceUser(cloud(), 'bob').shown(id)).toMatchObject({ id });
  });

  test.each([
    ['GET', '/v1', 404],
    ['GET', '/v1/', 404],
    ['GET', '/v1/instances/', 404],
    ['POST', '/v1/nothing', 404],
    ['PUT', '/v1/instances', 405],
    ['POST', '/v1/instances/inst-1', 405],
    ['DELETE', '/v1/operations/op-1', 405],
  ])('%s %s is %i in this family’s envelope', async (method, path, status) => {
    const answer = await askAsNobody(cloud(), method, path);

    expect(answer).toMatchObject({ status, body: { error: expect.any(String) as string } });
    expect(answer.headers.has('allow')).toBe(status === 405);
  });
});

describe('other families', () => {
  test('an instance of this family is one of the compute family too, without template and config', async () => {
    const compute = new ComputeUser(cloud(), 'alice');
    const { id } = await alice().running();

    expect(await compute.shown(id)).toMatchObject({
      id,
      status: 'RUNNING',
      templateId: '',
      configId: '',
      machineType: 'zones/us-central1-a/machineTypes/custom-2-4096',
    });
  });

  test('an instance of the compute family shows what its VM is made of', async () => {
    const compute = new ComputeUser(cloud(), 'alice');
    const id = await compute.running();

    expect(await alice().shown(id)).toMatchObject({
      id,
      metadata: { name: id, labels: {} },
      spec: {
        type: 'n1-standard-2',
        image: 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts',
        disk_gb: 50,
      },
      status: { state: 'running' },
    });
  });
});

test('rate headers count down, and say when to come back', async () => {
  const first = await alice().ask('GET', '/v1/instances');
  const second = await alice().ask('GET', '/v1/instances');
  const header = (answer: typeof first, name: string) => Number(answer.headers.get(`x-ratelimit-${name}`));

  expect(header(first, 'limit')).toBe(catalog.tiers.pro.perMinute.list);
  // A new minute may have begun in between.
  if (header(first, 'reset') === header(second, 'reset')) {
    expect(header(second, 'remaining')).toBe(header(first, 'remaining') - 1);
  }
  expect(header(second, 'reset') % 60).toBe(0);
});
