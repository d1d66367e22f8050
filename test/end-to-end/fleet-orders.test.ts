import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { accountsLine } from '#scripts/accounts/accounts-line.ts';
import { catalogLine } from '#scripts/catalog/catalog-line.ts';
import { appliedCalls, ComputeUser, QUICK_MACHINES } from '#test/support/compute-api.ts';
import { detailOf, FleetUser } from '#test/support/fleet-api.ts';
import { expectInvariants, settled } from '#test/support/invariants.ts';
import { eventually, sharedLocalCloud } from '#test/support/local-cloud.ts';
import { Records } from '#test/support/records.ts';
import { runLine } from '#test/support/run-line.ts';

const LARGE = { template_id: 'ubuntu-22-large', config_id: 'private-network' };

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });

// This test is the first one, because the command uses real time, and every later test moves the cloud's clock ahead.
test('a change of the price list ends the period that runs, and begins one at the new price', async () => {
  const admin = new ComputeUser(cloud(), 'admin');
  const fleet = new FleetUser(cloud(), cloud().connection.principals.admin);
  const large = async () => `inst_${(await admin.ended(await admin.create({}, LARGE))).instanceId}`;
  const running = await large();
  const paused = await large();
  await fleet.updated([paused], 'STATUS_PAUSED');
  await settled(cloud());
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const file = join(cloud().stateFolder, 'prices.json');
  const steps = [
    { priceCents: 22, from: '2024-01-01T00:00:00Z' },
    { priceCents: 25, from: tomorrow },
  ];
  writeFileSync(file, JSON.stringify({ prices: { 'n1-standard-4': { steps } } }));

  const line = await runLine(catalogLine, ['apply', file, '--local', '--state-dir', cloud().stateFolder]);
  expect(line).toMatchObject({ exitCode: 0 });
  const periods = async (instance_fid: string) =>
    (await fleet.prices({ instance_fid })).instances.flatMap(({ events }) => events);
  const [first, second, ...more] = await periods(running);
  await cloud().advance(86_400 + 120);
  const later = await eventually(async () => {
    const found = await periods(running);
    return found.length > 2 ? found : undefined;
  });

  expect(first).toMatchObject({ price_cents: 19, end_time: second?.start_time });
  expect(second).toMatchObject({ price_cents: 22, end_time: null });
  expect(more).toEqual([]);
  expect(later.slice(1)).toEqual([
    { price_cents: 22, start_time: second?.start_time, end_time: tomorrow },
    { price_cents: 25, start_time: tomorrow, end_time: null },
  ]);
  expect(await periods(paused)).toMatchObject([{ price_cents: 19, end_time: expect.any(String) as string }]);
});

describe('orders of a project', () => {
  const PROJECT = 'proj_acme000000000000';

  async function accounts(...args: readonly string[]): Promise<{ readonly id: string }> {
    const line = await runLine(accountsLine, [...args, '--local', '--state-dir', cloud().stateFolder, '--json']);
    expect(line).toMatchObject({ exitCode: 0 });
    return JSON.parse(line.stdout) as { readonly id: string };
  }

  test('a reserved instance keeps its place and its price through a pause, which gives a credit', async () => {
    const alice = new ComputeUser(cloud(), 'alice');
    const fleet = new FleetUser(cloud(), cloud().connection.principals.alice);
    const { id: reservation } = await accounts(
      ...[
        'reservations',
        'create',
        PROJECT,
        '--machine-type',
        'n1-standard-2',
        '--places',
        '1',
        '--buyback-cents',
        '4',
      ],
    );
    const reserved = `inst_${await alice.running()}`;
    const onDemand = `inst_${await alice.running()}`;

    expect(await fleet.updated([reserved, onDemand], 'STATUS_PAUSED')).toEqual({
      [reserved]: 'STATUS_STOPPING',
      [onDemand]: 'STATUS_STOPPING',
    });
    await settled(cloud());

    expect((await fleet.listed({ reservation_fid_in: `res_none,${reservation}` })).data).toMatchObject([
      { fid: reserved, reservation, bid: null, status: 'STATUS_PAUSED' },
    ]);
    expect(await fleet.walked({ order_type_in: 'Reservation' })).toEqual([reserved]);
    const ends = async (instance_fid: string) =>
      (await fleet.prices({ instance_fid })).instances.flatMap(({ events }) => events.map((event) => event.end_time));
    expect(await ends(reserved)).toEqual([null]);
    expect(await ends(onDemand)).toEqual([expect.any(String)]);
    expect((await fleet.prices({ reservation_fid: reservation })).instances).toMatchObject([
      { instance_fid: reserved, reservation_fid: reservation, events: [{ price_cents: 10 }] },
    ]);
    expect((await fleet.statuses({ reservation_fid: reservation, instance_fid: onDemand })).instances).toEqual([]);
    expect(await credits()).toEqual([`${reserved.slice(5)} 4 open`]);

    await fleet.updated([reserved], 'STATUS_RUNNING');
    await settled(cloud());
    expect(await credits()).toEqual([`${reserved.slice(5)} 4 closed`]);
    expect(await ends(reserved)).toEqual([null]);
    await alice.ended(await alice.delete(reserved.slice(5)));
    await settled(cloud());
    expect(await ends(reserved)).toEqual([expect.any(String)]);
    const taker = `inst_${await alice.running()}`;
    expect(await fleet.walked({ reservation_fid_in: reservation })).toEqual([taker]);
    await expectInvariants(cloud());
  });

  test('501: an instance of a spot bid is the cloud’s to stop; one that it took is PREEMPTED since then', async () => {
    const admin = new ComputeUser(cloud(), 'admin');
    const fleet = new FleetUser(cloud(), cloud().connection.principals.admin);
    const { fid: bid } = await fleet.placed('spot', { instance_type: 'it_n1-standard-2' });
    const [held = ''] = (await fleet.bidBecomes(bid, 'Allocated')).instances;
    const id = held.slice('inst_'.length);
    await settled(cloud());
    const other = (await admin.ended(await admin.create({}, LARGE))).instanceId;
    const [spot, onDemand] = [`inst_${id}`, `inst_${other}`];

    const answer = await fleet.update([onDemand, spot], 'STATUS_PAUSED');
    await cloud().drift(id, 'preempt');
    const { end_time: endTime } = await fleet.becomes(spot, 'STATUS_PREEMPTED');

    expect(answer).toMatchObject({ status: 501 });
    expect(detailOf(answer)).toContain(`${spot} belongs to a spot bid`);
    expect(await appliedCalls(cloud(), other)).toEqual(['instances.insert']);
    const machine = (await cloud().machines()).find(({ name }) => name === id);
    expect(machine).toMatchObject({ scheduling: { provisioningModel: 'SPOT' } });
    expect((await fleet.listed({ bid_fid_in: bid })).data).toMatchObject([
      { fid: spot, bid, status: 'STATUS_PREEMPTED' },
    ]);
    expect(await fleet.walked({ order_type_in: 'Bid' })).toEqual([spot]);
    const [shown] = (await fleet.statuses({ bid_fid: bid })).instances;
    expect(shown).toMatchObject({ instance_fid: spot, bid_fid: bid });
    expect(shown?.events.at(-1)).toEqual({ timestamp: endTime, status: 'STATUS_PREEMPTED' });
    const later = await admin.running();
    expect(await fleet.status(`inst_${later}`)).toMatchObject({ body: { bid: null } });
  });

  async function credits(): Promise<readonly string[]> {
    const records = new Records(cloud().connection);
    const periods = await records.periods();
    await records.close();
    return periods
      .map(({ value }) => value)
      .filter(({ meter }) => meter === 'credit')
      .map(({ instanceId, priceCents, endMs }) => `${instanceId} ${priceCents} ${endMs === null ? 'open' : 'closed'}`);
  }
});

test('a cursor made before a restart opens after it, in another process', async () => {
  const admin = new ComputeUser(cloud(), 'admin');
  const fleet = new FleetUser(cloud(), cloud().connection.principals.admin);
  await Promise.all([admin.running(), admin.running()]);
  await settled(cloud());
  const first = {
    list: await fleet.listed({ limit: 1, sort_dir: 'asc' }),
    statuses: await fleet.statuses({ limit: 1 }),
    prices: await fleet.prices({ limit: 1 }),
  };
  const next = async () => ({
    list: await fleet.listed({ limit: 1, sort_dir: 'asc', next_cursor: first.list.next_cursor ?? '' }),
    statuses: (await fleet.statuses({ next_cursor: first.statuses.next_cursor ?? '' })).instances,
    prices: (await fleet.prices({ next_cursor: first.prices.next_cursor ?? '' })).instances,
  });
  const before = await next();

  await cloud().kill9();
  await cloud().start();

  const after = await next();
  expect(after.list.data).toEqual(before.list.data);
  expect(after.list.data[0]?.fid).not.toBe(first.list.data[0]?.fid);
  expect([after.statuses, after.prices]).toEqual([before.statuses, before.prices]);
});
