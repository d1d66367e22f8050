import { expect, test } from 'vitest';
import { eventually, sharedLocalCloud } from '#test/support/local-cloud.ts';
import { FleetUser } from '#test/support/fleet-api.ts';

const cloud = sharedLocalCloud({ args: ['--boot-seconds', '0.2', '--stop-seconds', '0.1'] });
const user = (name: 'alice' | 'bob' | 'carol') => new FleetUser(cloud(), cloud().connection.principals[name]);

interface Row {
  readonly fid: string;
  readonly name: string;
  readonly instance_type: string;
  readonly region: string;
}

const rows = (body: unknown) => body as readonly Row[];

test('what can be launched, where and at which price fit together, and parameters that clients add are ignored', async () => {
  const alice = user('alice');
  const types = await alice.ask('GET', '/v2/instance-types?limit=1&_cache_bust=1-2');
  const places = await alice.ask('GET', '/v2/spot/availability?instance_type=x&min_gpu_count=8');

  const fids = rows(types.body).map(({ fid }) => fid);
  expect(fids.length).toBeGreaterThan(0);
  expect(rows(places.body).length).toBeGreaterThan(0);
  for (const { instance_type: type } of rows(places.body)) expect(fids).toContain(type);
  for (const fid of fids) {
    const price = await alice.ask('GET', `/v2/pricing/current?instance_type=${fid}&region=`);
    expect(price.status).toBe(200);
    expect(price.body).toMatchObject({ minimum_price_cents: expect.any(Number) as number });
  }
  expect((await alice.ask('GET', '/v2/pricing/current?instance_type=it_nothing')).status).toBe(404);
  expect((await alice.ask('GET', '/v2/pricing/current')).status).toBe(422);
  const history = await alice.ask('GET', `/v2/pricing/history?instance_types=${fids.join(',')}&num_samples=3`);
  expect(history.body).toMatchObject({ complete: true });
});

test('a stockout shows in the availability list', async () => {
  const alice = user('alice');
  await cloud().addFaults({ service: 'compute', method: 'instances.insert', kind: 'stockout', count: 1 });
  await cloud().request('alice', 'POST', '/api/compute/v1/instances', {
    body: { template_id: 'ubuntu-22-standard', config_id: 'default-network' },
  });

  const empty = await eventually(async () => {
    const places = await alice.ask('GET', '/v2/spot/availability');
    return (places.body as readonly (Row & { readonly capacity: number })[]).find(
      ({ fid, capacity }) => fid === 'auc_n1-standard-2_us-central1-a' && capacity === 0,
    );
  });

  expect(empty).toMatchObject({ region: 'us-central1-a', capacity: 0 });
});

test('a volume is made once, re-used by its name, renamed and deleted; File is 422', async () => {
  const alice = user('alice');
  const bob = user('bob');
  const wish = { project: alice.project, name: 'data', disk_interface: 'Block', region: 'us-central1-a', size_gb: 20 };

  const made = await alice.ask('POST', '/v2/volumes', { ...wish, unknown_member: 1 });
  const again = await alice.ask('POST', '/v2/volumes', wish);
  const other = await bob.ask('POST', '/v2/volumes', wish);
  const file = await alice.ask('POST', '/v2/volumes', { ...wish, name: 'files', disk_interface: 'File' });
  const elsewhere = await alice.ask('POST', '/v2/volumes', { ...wish, name: 'far', region: 'mars-1-a', size_gb: 1 });
  const listed = await bob.ask('GET', `/v2/volumes?project=${bob.project}&region=us-central1-a`);

  const { fid } = made.body as Row;
  expect([made.status, again.status, other.status, file.status, elsewhere.status]).toEqual([201, 201, 409, 422, 422]);
  expect((again.body as Row).fid).toBe(fid);
  expect(file.body).toMatchObject({ detail: [{ loc: ['body', 'disk_interface'] }] });
  expect(elsewhere.body).toMatchObject({ detail: [{ loc: ['body', 'region'] }, { loc: ['body', 'size_gb'] }] });
  expect(listed.body).toMatchObject([{ fid, name: 'data', bids: [], attachments: {}, deleted_at: null }]);

  const renamed = await alice.ask('PATCH', `/v2/volumes/${fid}?project=${alice.project}`, { name: 'datasets' });
  const foreign = await user('carol').ask('DELETE', `/v2/volumes/${fid}`);
  const deleted = await bob.ask('DELETE', `/v2/volumes/${fid}?project=${bob.project}`);
  const gone = await bob.ask('DELETE', `/v2/volumes/${fid}`);
  const tombs = await bob.ask('GET', `/v2/volumes?project=${bob.project}&include_deleted=true`);

  expect([renamed.status, foreign.status, deleted.status, gone.status]).toEqual([200, 404, 204, 404]);
  expect(tombs.body).toMatchObject([{ fid, name: 'datasets', deleted_at: expect.any(String) as string }]);
});

test('who am I, my projects, teammates, quotas and images', async () => {
  const alice = user('alice');
  const { userId, project } = cloud().connection.principals.alice;

  const me = await alice.ask('GET', '/v2/me');
  const projects = await alice.ask('GET', '/v2/projects');
  const teammates = await alice.ask('GET', '/v2/me/teammates');
  const quotas = await alice.ask('GET', `/v2/quotas?project=${project}`);
  const images = await alice.ask('GET', '/v2/image-versions');

  expect(me.body).toMatchObject({ id: userId, fid: `user_${userId}`, organization_id: 'acme' });
  expect(rows(projects.body).map(({ fid }) => fid)).toEqual([project]);
  expect(rows(teammates.body).map(({ fid }) => fid)).toContain(`user_${userId}`);
  expect(quotas.body).toMatchObject([
    { product_type: 'Instance', total_quantity: 3 },
    { product_type: 'Volume', total_quantity: 1000 },
  ]);
  expect(JSON.stringify(images.body)).toContain('imgver_ubuntu-24.04');
  expect((await user('carol').ask('GET', `/v2/quotas?project=${project}`)).status).toBe(404);
});

test('an API key that was made opens the API, and is of no use once it is deleted', async () => {
  const alice = user('alice');
  const past = await alice.ask('POST', '/v2/api-keys', { name: 'old', expires_at: '2020-01-01T00:00:00Z' });
  const made = await alice.ask('POST', '/v2/api-keys', { name: 'laptop', expires_at: '2090-01-01T00:00:00Z' });
  const { fid, secret } = made.body as { readonly fid: string; readonly secret: string };
  const byKey = new FleetUser(cloud(), { token: secret, project: alice.project });

  expect([past.status, made.status, (await byKey.ask('GET', '/v2/me')).status]).toEqual([422, 201, 200]);
  expect((await user('bob').ask('DELETE', `/v2/api-keys/${fid}`)).status).toBe(404);
  expect((await alice.ask('DELETE', `/v2/api-keys/${fid}`)).status).toBe(204);
  const keys = await alice.ask('GET', '/v2/api-keys');
  await cloud().advance(11);

  expect(JSON.stringify(keys.body)).not.toContain(secret);
  expect((await byKey.ask('GET', '/v2/me')).status).toBe(401);
});
