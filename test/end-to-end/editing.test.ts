import { beforeAll, describe, expect, test } from 'vitest';
import { ComputeUser, QUICK_MACHINES, type ShownInstance, type ShownOperation } from '#test/support/compute-api.ts';
import { expectInvariants, settled } from '#test/support/invariants.ts';
import { type Answer, sharedLocalCloud, type Machine } from '#test/support/local-cloud.ts';
import { PUBLIC_KEYS } from '#test/support/public-keys.ts';

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });
const BASE = '/api/compute/v1/instances';
let alice: ComputeUser;

beforeAll(() => {
  alice = new ComputeUser(cloud(), 'alice');
});

interface Asked {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly as?: 'alice' | 'carol' | 'admin';
}

const ask = (method: string, path: string, { body, headers = {}, as = 'alice' }: Asked = {}): Promise<Answer> =>
  cloud().request(as, method, path, { ...(body === undefined ? {} : { body }), headers });

const edit = (id: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  ask('PATCH', `${BASE}/${id}`, { body, headers });

/** Sends an edit that changes the VM, and returns its operation once that has ended. */
async function edited(id: string, body: unknown): Promise<ShownOperation> {
  const answer = await edit(id, body);
  expect(answer).toMatchObject({ status: 202 });
  return alice.ended(answer);
}

async function machineOf(id: string) {
  const machines = (await cloud().machines()) as readonly (Machine & {
    readonly deletionProtection?: boolean;
    readonly machineType: string;
    readonly metadata?: { readonly items?: readonly { readonly key: string; readonly value: string }[] };
  })[];
  return machines.find(({ name }) => name === id);
}

describe('a running machine', () => {
  test('is edited in both families: labels, keys and name, with tags that keep two editors apart', async () => {
    const key = await alice.sshKey({ public_key: PUBLIC_KEYS['ssh-ed25519']?.line });
    const id = await alice.running();
    const etag = (await alice.get(id)).headers.get('etag') ?? '';

    const operation = await edited(id, { labels: { env: 'prod' }, ssh_key_ids: [key], display_name: 'web-1' });
    const lost = await edit(id, { labels: { env: 'test' } }, { 'if-match': etag });
    const shown = await ask('GET', `/v1/instances/${id}`);
    const resource = await ask('PATCH', `/v1/instances/${id}`, {
      body: { metadata: { labels: { env: null, tier: 'two' } } },
      headers: { 'if-match': shown.headers.get('etag') ?? '' },
    });
    await settled(cloud());

    expect(operation).toMatchObject({ kind: 'update', state: 'completed' });
    expect(lost).toMatchObject({ status: 412, body: { reason: 'instance_changed' } });
    expect(shown.body).toMatchObject({ metadata: { name: 'web-1', labels: { env: 'prod' } } });
    expect(resource).toMatchObject({ status: 202, body: { status: { pending_operation: { type: 'update' } } } });
    expect(await alice.shown(id)).toMatchObject({ labels: { tier: 'two' }, displayName: 'web-1', sshKeyIds: [key] });
    const machine = await machineOf(id);
    expect(machine?.labels).toMatchObject({ tier: 'two' });
    expect(machine?.labels).not.toHaveProperty('env');
    expect(machine?.metadata?.items?.find((item) => item.key === 'ssh-keys')?.value).toMatch(/^ubuntu:ssh-ed25519/);
    expect((await alice.history(id)).slice(0, 2)).toMatchObject([
      { action: 'update', reason: 'labels', cause: 'operation' },
      { action: 'update', reason: 'labels, ssh_keys' },
    ]);
    await alice.delete(id);
  });

  test.each([
    [{}, 400],
    [{ colour: 'red' }, 400],
    [{ labels: { 'compute-api': 'mine' } }, 400],
    [{ labels: { Env: 'x' } }, 400],
    [{ ssh_key_ids: ['key-000000000000000000000'] }, 400],
    [{ machine_type: 'm3-ultramem-128' }, 400],
    [{ machine_type: 'n1-standard-2', labels: null }, 400],
  ])('refuses %j', async (body, status) => {
    const id = await alice.running();
    const answer = await edit(id, body);
    await alice.delete(id);

    expect(answer.status, JSON.stringify(answer.body)).toBe(status);
  });
});

test('a protected machine is deleted by nothing but an administrator who insists', async () => {
  const id = await alice.running();
  await edited(id, { deletion_protection: true });
  const admin = (query: string) => ask('DELETE', `/api/compute/v1/admin/instances/${id}${query}`, { as: 'admin' });

  expect(await machineOf(id)).toMatchObject({ deletionProtection: true });
  expect(await alice.shown(id)).toMatchObject({ blockedBecause: { delete: 'deletion_protected' } });
  for (const refused of [await alice.delete(id), await admin('')]) {
    expect(refused).toMatchObject({ status: 409, body: { reason: 'deletion_protected' } });
  }
  expect((await ask('DELETE', `/v1/instances/${id}`)).status).toBe(409);
  expect((await alice.shown(id)).status).toBe('RUNNING');
  expect((await admin('?force=true')).status).toBe(204);
  const trail = await ask('GET', `/api/compute/v1/admin/audit?object=instance%20${id}`, { as: 'admin' });
  expect(trail.body).toMatchObject({
    entries: [{ action: 'instance.delete', after: { joined: false, protectionOverridden: true } }],
  });
  await settled(cloud());
  expect(await machineOf(id)).toBeUndefined();
  await expectInvariants(cloud());
});

test('a stopped machine gets another type, and a running one does not', async () => {
  const id = await alice.running();
  expect(await edit(id, { machine_type: 'custom-2-4096' })).toMatchObject({ status: 400 });
  const offered = await ask('PATCH', `/v1/instances/${id}`, { body: { spec: { type: 'cx31' } } });
  expect(offered.status).toBe(200);
  const other = (await ask('GET', '/api/compute/v1/templates')).body as readonly { readonly machineType: string }[];
  const machineType = other.map((template) => template.machineType).find((type) => type !== 'n1-standard-2');
  expect(machineType).toBeDefined();
  expect(await edit(id, { machine_type: machineType })).toMatchObject({ status: 409, body: { reason: 'wrong_state' } });

  await alice.powered(id, 'stop');
  expect(await edited(id, { machine_type: machineType })).toMatchObject({ kind: 'resize', state: 'completed' });

  expect((await machineOf(id))?.machineType).toContain(machineType);
  expect(await alice.shown(id)).toMatchObject({ machineType: `zones/us-central1-a/machineTypes/${machineType ?? ''}` });
  expect(await alice.powered(id, 'start')).toMatchObject({ state: 'completed' });
  await alice.delete(id);
});

test('what the boot said is read by byte, and on from there', async () => {
  const id = await alice.running();
  const first = await ask('GET', `${BASE}/${id}/serial-output`);
  const { contents, next } = first.body as { readonly contents: string; readonly next: number };
  const rest = await ask('GET', `/v1/instances/${id}/serial-output?start=${next}`);
  const middle = await ask('GET', `${BASE}/${id}/serial-output?start=${next - 3}`);

  expect(contents).toContain(id);
  expect(rest).toMatchObject({ status: 200, body: { contents: '', start: next, next } });
  expect(middle.body).toMatchObject({ contents: contents.slice(-3), start: next - 3 });
  expect((await ask('GET', `${BASE}/${id}/serial-output`, { as: 'carol' })).status).toBe(404);
  await alice.delete(id);
});

test('lists have pages and filters, in both families; without parameters they answer as ever', async () => {
  const ids: string[] = [];
  for (const env of ['prod', 'prod', 'dev']) {
    const spec = { type: 'cx31', image: 'ubuntu-22.04' };
    const metadata = { name: `web-${env}-${ids.length}`, labels: { env } };
    const created = await ask('POST', '/v1/instances', { body: { metadata, spec } });
    expect(created).toMatchObject({ status: 201 });
    ids.push((created.body as ShownInstance).id);
  }
  const idsOf = ({ body }: Answer) => (body as readonly ShownInstance[]).map(({ id }) => id);
  const first = await ask('GET', `${BASE}?limit=2`);
  const link = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
  const second = await ask('GET', link);
  const page = await ask('GET', '/v1/instances?limit=2&label=env%3Dprod');

  expect([...idsOf(first), ...idsOf(second)]).toEqual(ids.toReversed());
  expect(second.headers.get('link')).toBeNull();
  expect(idsOf(await ask('GET', `${BASE}?label=env%3Dprod&name=web-prod-0`))).toEqual([ids[0]]);
  expect(idsOf(await ask('GET', `${BASE}?label=env&label=env%3Ddev`))).toEqual([ids[2]]);
  expect(await ask('GET', `${BASE}?status=SUSPENDED`)).toMatchObject({ status: 200, body: [] });
  expect(page.body).toMatchObject({ items: [{ id: ids[1] }, { id: ids[0] }], next_cursor: null });
  expect(idsOf(await ask('GET', BASE))).toEqual(ids.toReversed());
  expect((await ask('GET', '/v1/instances')).body).not.toHaveProperty('next_cursor');
  expect((await ask('GET', link, { as: 'carol' })).status).toBe(400);
  for (const id of ids) await alice.delete(id);
});
