import { describe, expect, test } from 'vitest';
import { EXAMPLE_PUBLIC_KEY } from '#shared/contracts/common/ssh-key-fields.ts';
import { QUICK_MACHINES } from '#test/support/compute-api.ts';
import { detailOf, FleetUser, problemsOf } from '#test/support/fleet-api.ts';
import { FleetLauncher } from '#test/support/fleet-launcher.ts';
import { expectInvariants, settled } from '#test/support/invariants.ts';
import { eventually, sharedLocalCloud } from '#test/support/local-cloud.ts';

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });

/** Returns a launcher of a user. Alice may have three instances, carol one. */
function launcher(who: 'alice' | 'carol' | 'bob' = 'alice'): FleetLauncher {
  return new FleetLauncher(new FleetUser(cloud(), cloud().connection.principals[who]));
}

function statusesOf(instances: readonly { readonly status: string }[]): readonly string[] {
  return instances.map(({ status }) => status);
}

/** Cancels a bid and waits until its quota is free again. */
async function cancelled(user: FleetUser, fid: string): Promise<void> {
  expect((await user.cancelBid(fid)).status).toBe(204);
  await eventually(async () => ((await user.listed({ bid_fid_in: fid })).data.length === 0 ? true : undefined));
}

async function inserts(): Promise<readonly string[]> {
  const calls = await cloud().calls();
  return calls
    .filter(({ method, outcome }) => method === 'instances.insert' && outcome === 'applied')
    .map(({ instance }) => instance);
}

/** Returns the device names, apart from the boot disk, of each VM of a bid. */
async function devicesOf({ instances }: { readonly instances: readonly string[] }): Promise<readonly string[][]> {
  const machines = (await cloud().machines()) as readonly unknown[] as readonly {
    readonly name: string;
    readonly disks: readonly { readonly boot: boolean; readonly deviceName: string }[];
  }[];
  return instances.map((fid) =>
    (machines.find(({ name }) => fid === `inst_${name}`)?.disks ?? [])
      .filter(({ boot }) => !boot)
      .map(({ deviceName }) => deviceName),
  );
}

test("a launcher's life: catalogue, launch, stop, start with the same instances in the same order, down, again under the same name, volumes", async () => {
  const sky = launcher();
  const { instanceType, dollars } = await sky.offer({ type: 'n1-standard-2', region: 'us-central1-a' });
  const key = await sky.key('sky-alice-1700000000');
  const volume = await sky.volume('datasets', 10);
  const launch = { volumes: [volume.fid], ssh_keys: [key], startup_script: 'echo ready' };
  const wish = { instance_type: instanceType, limit_price: `$${dollars.toFixed(2)}`, launch_specification: launch };
  const bid = await sky.launch('train', 2, wish);
  const first = await sky.cluster('train');
  expect(statusesOf(first)).toEqual(['STATUS_RUNNING', 'STATUS_RUNNING']);
  expect(first.map(({ name }) => name)).toEqual(['train-1', 'train-2']);
  expect(first.every((instance) => instance.bid === bid.fid && instance.private_ip !== null)).toBe(true);
  expect(first.map(({ fid }) => fid)).toEqual(bid.instances);
  expect(await sky.user.walked({ bid_fid_in: bid.fid })).toEqual(bid.instances);

  const machines = (await cloud().machines()).filter(({ name }) => bid.instances.includes(`inst_${name}`));
  for (const machine of machines) {
    const { metadata } = machine as unknown as { readonly metadata: { readonly items: readonly unknown[] } };
    expect(metadata.items).toEqual(
      expect.arrayContaining([
        { key: 'ssh-keys', value: `ubuntu:${EXAMPLE_PUBLIC_KEY}` },
        { key: 'enable-oslogin', value: 'FALSE' },
        { key: 'user-data', value: '#!/bin/bash\necho ready' },
      ]),
    );
  }
  expect(machines).toHaveLength(2);
  expect(await devicesOf(bid)).toEqual([['datasets'], []]);
  expect((await sky.ask('DELETE', `/v2/ssh-keys/${key}`)).status).toBe(409);
  expect((await sky.ask('DELETE', `/v2/volumes/${volume.fid}`)).status).toBe(409);

  const paused = await sky.pause('train', true);
  expect(paused).toMatchObject({ status: 200, body: { fid: bid.fid, status: 'Paused', instances: bid.instances } });
  await eventually(async () => {
    const shown = statusesOf(await sky.cluster('train'));
    return shown.every((status) => status === 'STATUS_PAUSED') ? true : undefined;
  });

  expect((await sky.pause('train', false)).status).toBe(200);
  await sky.user.bidBecomes(bid.fid, 'Allocated');
  const again = await sky.cluster('train');
  expect(again.map(({ fid }) => fid)).toEqual(first.map(({ fid }) => fid));
  expect(statusesOf(again)).toEqual(['STATUS_RUNNING', 'STATUS_RUNNING']);

  await sky.down('train');
  expect(await sky.cluster('train')).toEqual([]);
  expect((await sky.pause('train', false)).status).toBe(409);
  expect(await sky.events(bid.fid)).toEqual(['Placed', 'Allocated', 'Paused', 'Resumed', 'Allocated', 'Terminated']);
  await cancelled(sky.user, bid.fid);
  const reused = await sky.volume('datasets', 10);
  expect(reused).toMatchObject({ fid: volume.fid, bids: [] });
  const next = await sky.launch('train', 2, wish);

  expect(next.fid).not.toBe(bid.fid);
  expect(next.instances.filter((fid) => bid.instances.includes(fid))).toEqual([]);
  expect(await devicesOf(next)).toEqual([['datasets'], []]);
  expect(await sky.volumes()).toMatchObject([{ fid: volume.fid, bids: [next.fid] }]);
  const [newest, ended] = await sky.bids('train');
  expect([newest?.fid, ended?.fid, ended?.status]).toEqual([next.fid, bid.fid, 'Terminated']);
  expect(ended?.instances).toEqual(bid.instances);
  await sky.down('train');
  expect((await sky.ask('DELETE', `/v2/ssh-keys/${key}`)).status).toBe(204);
  expect((await sky.ask('DELETE', `/v2/volumes/${volume.fid}`)).status).toBe(204);
  expect(await sky.volumes()).toEqual([]);
  await cancelled(sky.user, next.fid);
});

test('answers that are lost at every call change nothing: one bid, one insert for each instance', async () => {
  const sky = launcher('bob');
  const before = (await inserts()).length;
  const lost = (service: 'compute' | 'datastore' | 'pubsub', method: string, count: number) =>
    cloud().addFaults({ service, method, kind: 'lostAnswer', count });
  await lost('datastore', 'commit', 1);
  await lost('compute', 'instances.insert', 2);
  await lost('pubsub', 'publish', 1);

  const bid = await sky.launch('lossy', 2);
  await lost('datastore', 'commit', 1);
  await lost('compute', 'instances.stop', 2);
  expect((await sky.pause('lossy', true)).status).toBe(200);
  await eventually(async () => {
    const shown = statusesOf(await sky.cluster('lossy'));
    return shown.every((status) => status === 'STATUS_PAUSED') ? true : undefined;
  });
  await lost('compute', 'instances.start', 2);
  expect((await sky.pause('lossy', false)).status).toBe(200);
  await sky.user.bidBecomes(bid.fid, 'Allocated');
  await lost('datastore', 'commit', 1);
  await lost('compute', 'instances.delete', 1);
  await sky.down('lossy');
  await settled(cloud());

  expect(await sky.bids('lossy')).toMatchObject([{ fid: bid.fid, status: 'Terminated' }]);
  expect((await inserts()).length - before).toBe(2);
  await expectInvariants(cloud());
});

describe('rules that were measured to break clients', () => {
  test('the same POST again after an error answers with the same bid, without a key', async () => {
    const { user } = launcher('carol');
    const placed = await user.placed('again');

    expect((await user.placed('again')).fid).toBe(placed.fid);
    expect((await user.placeBid('again', { limit_price: '$1.01' })).status).toBe(403);
    await cancelled(user, placed.fid);
  });

  test('a repeated Idempotency-Key gets the first reply', async () => {
    const { user } = launcher('carol');
    const key = { 'idempotency-key': 'launch-1' };
    const first = await user.placeBid('keyed', {}, key);
    const fid = (first.body as { readonly fid: string }).fid;

    const second = await user.placeBid('keyed', {}, key);
    expect(second).toMatchObject({ status: 201, body: first.body });
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect((await user.placeBid('other', {}, key)).status).toBe(422);
    await cancelled(user, fid);
  });

  test('unknown parameters and members are ignored', async () => {
    const { user } = launcher('carol');
    const placed = await user.placeBid('spare', { colour: 'red', notification_email: null });
    const { fid } = placed.body as { readonly fid: string };
    const busted = '_cache_bust=1-2&colour=red';

    expect(placed.status).toBe(201);
    expect((await user.ask('GET', `/v2/spot/bids?${busted}&name=&status=`)).status).toBe(200);
    expect((await user.ask('GET', `/v2/spot/bids/${fid}?${busted}`)).status).toBe(200);
    expect((await user.ask('PATCH', `/v2/spot/bids/${fid}?${busted}`, { paused: true, colour: 1 })).status).toBe(200);
    expect((await user.ask('DELETE', `/v2/spot/bids/${fid}?project=${user.project}&${busted}`)).status).toBe(204);
    await cancelled(user, fid);
  });

  test('an empty public key is refused, and no list shows one', async () => {
    const { user } = launcher('carol');
    const { project } = user;
    for (const key of ['', ' ']) {
      const answer = await user.ask('POST', '/v2/ssh-keys', { project, name: 'sky-carol-1', public_key: key });
      expect(problemsOf(answer)).toContainEqual(expect.objectContaining({ loc: ['body', 'public_key'] }));
    }
    expect((await user.ask('GET', `/v2/ssh-keys?project=${project}`)).body).toEqual([]);
  });

  test('instances of a cancelled bid are TERMINATED at once, never STOPPING, and the bid is gone for good', async () => {
    const { user } = launcher('carol');
    const { fid } = await user.placed('short');
    const { instances } = await user.bidBecomes(fid, 'Allocated');

    expect((await user.cancelBid(fid)).status).toBe(204);

    const shown = (await user.listed({ bid_fid_in: fid })).data;
    expect(shown.every(({ status }) => status === 'STATUS_TERMINATED')).toBe(true);
    expect(await user.bid(fid)).toMatchObject({
      status: 'Terminated',
      instances,
      deactivated_at: expect.any(String) as string,
    });
    expect((await user.cancelBid(fid)).status).toBe(204);
    expect((await user.changeBid(fid, { paused: false })).status).toBe(409);
    expect((await user.ask('GET', `/v2/spot/bids/${fid}/status`)).body).toEqual({
      bid_fid: fid,
      status: 'Terminated',
      reason: null,
    });
    await cancelled(user, fid);
  });
});

describe('what cannot be', () => {
  test('a bid of 8 with quota for 3 makes none and says why; never 429, never 5xx', async () => {
    const { user } = launcher();
    const before = await inserts();

    const answer = await user.placeBid('large', { instance_quantity: 8 });

    expect(answer.status).toBe(403);
    expect(detailOf(answer)).toContain('Your quota allows 3 instances');
    expect([await inserts(), (await user.bids({ name: 'large' })).data]).toEqual([before, []]);
  });

  test.each([
    ['a project that is not theirs', { project: 'proj_000000000000' }],
    ['a type that there is none of', { instance_type: 'it_z9-mega' }],
    ['a key that there is none of', { launch_specification: { volumes: [], ssh_keys: ['sshkey_none'] } }],
    [
      'an image that there is none of',
      { launch_specification: { volumes: [], ssh_keys: [], image_version: 'imgver_x' } },
    ],
    ['a cluster', { launch_specification: { volumes: [], ssh_keys: [], kubernetes_cluster: 'clust_x' } }],
  ])('%s is 404', async (_, more) => {
    expect((await launcher().user.placeBid('absent', more)).status).toBe(404);
  });

  test('everything that is wrong with a bid is named at once', async () => {
    const { user } = launcher();
    const wrong = { limit_price: '1,000', instance_quantity: 0, name: '', launch_specification: { volumes: [] } };

    expect(problemsOf(await user.placeBid('x', wrong)).map(({ loc }) => loc.join('.'))).toEqual(
      expect.arrayContaining([
        'body.limit_price',
        'body.instance_quantity',
        'body.name',
        'body.launch_specification.ssh_keys',
      ]),
    );
    const elsewhere = await user.placeBid('x', { region: 'mars-1' });
    expect(problemsOf(elsewhere)).toMatchObject([{ loc: ['body', 'region'] }]);
    // Which regions there are.
    expect(JSON.stringify(elsewhere.body)).toContain('us-central1-a');
    const memory = { launch_specification: { volumes: [], ssh_keys: [], memory_gb: 4096 } };
    expect(problemsOf(await user.placeBid('x', memory))).toMatchObject([
      { loc: ['body', 'launch_specification', 'memory_gb'] },
    ]);
  });

  test('a bid of another customer cannot be told from one that does not exist', async () => {
    const alice = launcher().user;
    const carol = launcher('carol').user;
    const { fid } = await carol.placed('secret');
    const told = async (id: string) => {
      const answers = await Promise.all([
        alice.ask('GET', `/v2/spot/bids/${id}`),
        alice.ask('GET', `/v2/spot/bids/${id}/status`),
        alice.ask('GET', `/v2/spot/bids/${id}/history`),
        alice.changeBid(id, { paused: true }),
        alice.cancelBid(id),
      ]);
      return answers.map(({ status, body }) => [status, body]);
    };

    const foreign = await told(fid);

    expect(foreign).toEqual(await told('bid_0000000000000000'));
    expect(foreign.every(([status]) => status === 404)).toBe(true);
    expect((await carol.ask('GET', `/v2/spot/bids/${fid}?project=${alice.project}`)).status).toBe(404);
    await cancelled(carol, fid);
  });

  test('a change that names nothing is 422, and the limit price must be one', async () => {
    const { user } = launcher('carol');
    const { fid } = await user.placed('still');

    expect(problemsOf(await user.changeBid(fid, { status: 'paused' }))).toMatchObject([{ loc: ['body'] }]);
    expect(problemsOf(await user.changeBid(fid, { limit_price: 'free' }))).toContainEqual(
      expect.objectContaining({ loc: ['body', 'limit_price'] }),
    );
    await cancelled(user, fid);
  });
});
