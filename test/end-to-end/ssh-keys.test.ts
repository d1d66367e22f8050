import { beforeAll, describe, expect, test } from 'vitest';
import { sshKeyFid } from '#shared/domain/project-ssh-key.ts';
import { parseSshPublicKey } from '#shared/domain/ssh-public-key.ts';
import { ComputeUser, CREATE_BODY, QUICK_MACHINES, type ShownInstance } from '#test/support/compute-api.ts';
import { sharedLocalCloud, type Machine } from '#test/support/local-cloud.ts';
import { PUBLIC_KEYS, WEAK_RSA_KEY } from '#test/support/public-keys.ts';

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });
const LINE = PUBLIC_KEYS['ssh-ed25519']?.line ?? '';
const OTHER_LINE = PUBLIC_KEYS['ecdsa-sha2-nistp256']?.line ?? '';

interface ShownKey {
  readonly id: string;
  readonly fid: string;
}

let alice: ComputeUser;
let project: string;

beforeAll(() => {
  alice = new ComputeUser(cloud(), 'alice');
  ({ project } = cloud().connection.principals.alice);
});

const ask = (method: string, path: string, body?: unknown, as: 'alice' | 'bob' | 'carol' | 'admin' = 'alice') =>
  cloud().request(as, method, path, body === undefined ? {} : { body });

/** Returns the metadata that the guest system of a VM would read. */
async function guestMetadata(name: string): Promise<Readonly<Record<string, string>>> {
  const machines = (await cloud().machines()) as readonly (Machine & {
    readonly metadata?: { readonly items?: readonly { readonly key: string; readonly value: string }[] };
  })[];
  const items = machines.find((machine) => machine.name === name)?.metadata?.items ?? [];
  return Object.fromEntries(items.map(({ key, value }) => [key, value]));
}

test('one key is the same key in every family, for everyone of its project and for nobody else', async () => {
  const id = await alice.sshKey({ name: 'one', public_key: LINE });
  const { fingerprint } = PUBLIC_KEYS['ssh-ed25519'] ?? {};

  expect(await ask('GET', `/api/compute/v1/ssh-keys/${id}`)).toMatchObject({
    status: 200,
    body: { id, name: 'one', public_key: LINE, fingerprint, default: false, project },
  });
  expect(await ask('GET', `/v1/ssh-keys/${id}`, undefined, 'bob')).toMatchObject({
    status: 200,
    body: { id, metadata: { name: 'one', labels: {} }, spec: { public_key: LINE }, status: { fingerprint } },
  });
  expect((await ask('GET', `/v2/ssh-keys?project=${project}&_cache_bust=1-2`)).body).toContainEqual({
    fid: sshKeyFid(id),
    name: 'one',
    project,
    public_key: LINE,
    required: false,
    created_at: expect.any(String) as string,
  });
  expect(await ask('GET', '/api/compute/v1/ssh-keys', undefined, 'carol')).toMatchObject({ status: 200, body: [] });
  expect((await ask('GET', `/v1/ssh-keys/${id}`, undefined, 'carol')).body).toEqual({
    error: `ssh key not found: ${id}`,
  });
  expect((await ask('DELETE', `/v2/ssh-keys/${sshKeyFid(id)}`, undefined, 'carol')).status).toBe(404);
  expect((await ask('DELETE', `/v2/ssh-keys/${sshKeyFid(id)}?project=${project}`)).status).toBe(204);
  expect((await ask('GET', `/api/compute/v1/ssh-keys/${id}`)).status).toBe(404);
});

test.each([
  ['/api/compute/v1/ssh-keys', (key: string) => ({ name: 'x', public_key: key }), 400],
  ['/v1/ssh-keys', (key: string) => ({ metadata: { name: 'x' }, spec: { public_key: key } }), 422],
  ['/v2/ssh-keys', (key: string) => ({ project, name: 'x', public_key: key }), 422],
] as const)('%s refuses what is no key, and says what is wrong with it', async (path, body, status) => {
  const weak = await ask('POST', path, body(WEAK_RSA_KEY));
  const secret = await ask('POST', path, body('-----BEGIN OPENSSH PRIVATE KEY-----'));

  expect([weak.status, secret.status]).toEqual([status, status]);
  expect(JSON.stringify(weak.body)).toContain('an RSA key of 1024 bits');
  expect(JSON.stringify(secret.body)).toContain('a private key');
});

describe('the machine', () => {
  test('of the compute family carries the named keys, and the answer says how to log in', async () => {
    const id = await alice.sshKey({ public_key: LINE });
    const created = await alice.create({}, { ...CREATE_BODY, ssh_key_ids: [id] });
    expect(created).toMatchObject({ status: 201, body: { sshKeyIds: [id] } });
    expect(created.body).not.toHaveProperty('warnings');
    const { instanceId } = await alice.ended(created);

    expect(await guestMetadata(instanceId)).toEqual({
      'ssh-keys': `ubuntu:${LINE}`,
      'enable-oslogin': 'FALSE',
      'block-project-ssh-keys': 'TRUE',
    });
    const { externalIp, ...shown } = await alice.shown(instanceId);
    const ssh = { user: 'ubuntu', host: externalIp, port: 22, command: `ssh ubuntu@${externalIp}` };
    expect(shown).toMatchObject({ ssh });
    expect((await ask('GET', `/v1/instances/${instanceId}`)).body).toMatchObject({ status: { ssh } });
    await alice.delete(instanceId);
  });

  test('of the resource family carries stored keys beside the operator’s', async () => {
    const id = await alice.sshKey({ public_key: OTHER_LINE });
    const spec = { type: 'cx31', image: 'ubuntu-22.04', ssh_key_ids: ['key-001', id] };
    const created = await ask('POST', '/v1/instances', { metadata: { name: 'web' }, spec });
    expect(created.status).toBe(201);
    const { id: instanceId } = created.body as ShownInstance;

    expect((await guestMetadata(instanceId))['ssh-keys']?.split('\n')).toEqual([
      expect.stringMatching(/^ubuntu:ssh-/) as string,
      `ubuntu:${OTHER_LINE}`,
    ]);
    await alice.delete(instanceId);
  });

  test('whose creator names no key carries the default ones; without any the answer warns that nobody can log in', async () => {
    const bare = await alice.create();
    expect(bare.body).toMatchObject({ warnings: [expect.stringMatching(/^Nobody can log in/) as string] });
    const id = await alice.sshKey({ default: true });
    const keyed = await alice.create();
    expect(keyed.body).toMatchObject({ sshKeyIds: [id] });
    const none = await alice.create({}, { ...CREATE_BODY, ssh_key_ids: [] });

    expect(none.body).toMatchObject({ sshKeyIds: [], warnings: [expect.any(String) as string] });
    expect((await ask('DELETE', `/api/compute/v1/ssh-keys/${id}`)).status).toBe(204);
    // Deleting a stored key does not remove it from VMs that were created with it.
    expect((await guestMetadata((keyed.body as ShownInstance).id))['ssh-keys']).toMatch(/^ubuntu:ssh-ed25519 /);
    for (const { body } of [bare, keyed, none]) await alice.delete((body as ShownInstance).id);
  });

  test('is not made with a key that is not the caller’s', async () => {
    const carols = await new ComputeUser(cloud(), 'carol').sshKey();

    expect(await alice.create({}, { ...CREATE_BODY, ssh_key_ids: [carols] })).toMatchObject({
      status: 400,
      body: { reason: 'unknown_ssh_key', errors: [{ pointer: '/ssh_key_ids/0' }] },
    });
    const spec = { type: 'cx31', image: 'ubuntu-22.04', ssh_key_ids: [carols] };
    expect(await ask('POST', '/v1/instances', { metadata: { name: 'web' }, spec })).toMatchObject({ status: 422 });
  });
});

test('a pair that the fleet family makes shows its private half once', async () => {
  const made = await ask('POST', '/v2/ssh-keys', { project, name: 'sky-alice-1', of_tomorrow: true });
  expect(made).toMatchObject({
    status: 201,
    body: { private_key: expect.stringMatching(/^-----BEGIN RSA PRIVATE KEY-----/) as string, required: false },
  });
  const { public_key: line } = made.body as { readonly public_key: string };

  expect(parseSshPublicKey(line)).toMatchObject({ valid: true });
  expect(JSON.stringify((await ask('GET', `/v2/ssh-keys?project=${project}`)).body)).not.toContain('private');
  const brought = await ask('POST', '/v2/ssh-keys', { project, name: 'own', public_key: OTHER_LINE });
  expect(brought).toMatchObject({ status: 201, body: { private_key: null, public_key: OTHER_LINE } });
});

test('every machine of a project carries a key that an administrator requires', async () => {
  const id = await alice.sshKey({ public_key: OTHER_LINE });
  const path = `/v2/ssh-keys/${sshKeyFid(id)}`;
  expect((await ask('PATCH', path, { required: true })).status).toBe(403);
  expect(await ask('PATCH', path, { required: true }, 'admin')).toMatchObject({
    status: 200,
    body: { required: true },
  });

  const created = await alice.create({}, { ...CREATE_BODY, ssh_key_ids: [] });

  expect(created.body).toMatchObject({ sshKeyIds: [id] });
  expect((await ask('PATCH', path, { status: 'x' }, 'admin')).status).toBe(422);
  const { fid } = (await ask('PATCH', path, { required: false }, 'admin')).body as ShownKey;
  expect(fid).toBe(sshKeyFid(id));
  await alice.delete((created.body as ShownInstance).id);
});
