import { describe, expect, test } from 'vitest';
import { appliedCalls, ComputeUser, QUICK_MACHINES } from '#test/support/compute-api.ts';
import { detailOf, FleetUser, problemsOf } from '#test/support/fleet-api.ts';
import { settled } from '#test/support/invariants.ts';
import { sharedLocalCloud } from '#test/support/local-cloud.ts';

const FOREIGN_PROJECT = 'proj_umbrella00000000';
const LARGE = { template_id: 'ubuntu-22-large', config_id: 'private-network' };

describe('a project with three instances', () => {
  const shared = sharedLocalCloud({ args: QUICK_MACHINES });
  const fleetOf = (name: 'alice' | 'bob' | 'carol' | 'admin') =>
    new FleetUser(shared(), shared().connection.principals[name]);
  let made: readonly string[] = [];

  /**
   * Returns the fids, oldest first, of two running instances of different types and zones and a paused one between
   * them; creates them once.
   */
  async function fids(): Promise<readonly string[]> {
    if (made.length > 0) return made;
    const alice = new ComputeUser(shared(), 'alice');
    const first = await alice.running();
    const second = await alice.running();
    await alice.powered(second, 'stop');
    const third = (await alice.ended(await alice.create({}, LARGE))).instanceId;
    made = [first, second, third].map((id) => `inst_${id}`);
    return made;
  }

  test('it is listed newest first, with all keys', async () => {
    const [first, second, third] = await fids();

    const { data, next_cursor: cursor } = await fleetOf('alice').listed();

    const { userId, project } = shared().connection.principals.alice;
    expect(data.map(({ fid }) => fid)).toEqual([third, second, first]);
    expect(cursor).toBeNull();
    expect(data[2]).toEqual({
      fid: first,
      name: first?.slice('inst_'.length),
      project,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      created_by: `user_${userId}`,
      instance_type: 'it_n1-standard-2',
      region: 'us-central1-a',
      bid: null,
      reservation: null,
      ssh_destination: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/) as string,
      private_ip: expect.stringMatching(/^10\./) as string,
      status: 'STATUS_RUNNING',
      last_operation: { id: expect.stringMatching(/^op-/) as string, type: 'create', status: 'completed', error: null },
    });
    expect(data[0]).toMatchObject({ region: 'us-central1-b', ssh_destination: null });
    expect((await fleetOf('bob').listed()).data).toEqual(data);
  });

  test.each([
    [{ sort_by: 'created_at', sort_dir: 'asc' }, [0, 1, 2]],
    [{ sort_by: 'created_at' }, [2, 1, 0]],
    [{ sort_by: 'instance_type_fid', sort_dir: 'desc' }, [2, 'others']],
    [{ sort_by: 'instance_status', sort_dir: 'asc' }, [1, 'others']],
    [{ instance_type: 'it_n1-standard-4' }, [2]],
    [{ instance_type: 'n1-standard-4' }, []],
    [{ region: 'us-central1-b' }, [2]],
    [{ region: 'us-central1-a', sort_dir: 'asc' }, [0, 1]],
    [{ status_in: 'STATUS_PAUSED' }, [1]],
    [{ status_in: ['STATUS_PAUSED,STATUS_ERROR', 'STATUS_RUNNING'], sort_dir: 'asc' }, [0, 1, 2]],
    [{ status_in: 'STATUS_RUNNING', region: 'us-central1-a' }, [0]],
    [{ order_type_in: 'Bid,Reservation' }, []],
    [{ bid_fid_in: 'bid_unknown00000' }, []],
    [{ reservation_fid_in: ['res_one', 'res_two'] }, []],
    [{ region: '', status_in: '', next_cursor: '', limit: '', sort_by: '', sort_dir: 'asc' }, [0, 1, 2]],
  ] as const)('%j finds what it says', async (query, wanted) => {
    const all = await fids();

    const { data } = await fleetOf('alice').listed(query);

    const found = data.map(({ fid }) => all.indexOf(fid));
    if ((wanted as readonly unknown[]).includes('others')) expect(found[0]).toBe(wanted[0]);
    else expect(found).toEqual(wanted);
  });

  test('page by page it is the same list, in every order', async () => {
    await fids();
    for (const sort_by of ['created_at', 'instance_status', 'instance_type_fid']) {
      for (const sort_dir of ['asc', 'desc']) {
        const whole = await fleetOf('alice').walked({ sort_by, sort_dir });

        expect(await fleetOf('alice').walked({ sort_by, sort_dir, limit: 1 })).toEqual(whole);
        expect(new Set(whole).size).toBe(3);
      }
    }
  });

  test('422: a cursor that was made up, damaged, or is of another list, order or caller', async () => {
    await fids();
    const alice = fleetOf('alice');
    const { next_cursor: cursor } = await alice.listed({ limit: 1 });
    const good = cursor ?? '';

    const answers = [
      await alice.list({ next_cursor: 'nonsense' }),
      await alice.list({ next_cursor: `${good.slice(0, -2)}${good.endsWith('A') ? 'BB' : 'AA'}` }),
      await alice.list({ next_cursor: good, sort_dir: 'asc' }),
      await alice.list({ next_cursor: good, region: 'us-central1-a' }),
      await alice.history('status', { next_cursor: good }),
      await fleetOf('bob').list({ next_cursor: good }),
    ];

    for (const answer of answers) {
      expect(problemsOf(answer)).toEqual([{ loc: ['query', 'next_cursor'], type: 'cursor' }]);
    }
    expect((await alice.listed({ limit: 2, next_cursor: good })).data).toHaveLength(2);
  });

  test('422 names everything that is wrong with the query at once', async () => {
    const path =
      '/v2/instances?limit=101&sort_by=age&sort_dir=up&status_in=STATUS_RUNNING,RUNNING&order_type_in=Spot&colour=red';

    expect(problemsOf(await fleetOf('alice').ask('GET', path))).toEqual(
      expect.arrayContaining([
        { loc: ['query', 'project'], type: 'missing' },
        { loc: ['query', 'limit'], type: 'less_than_equal' },
        { loc: ['query', 'sort_by'], type: 'not_in_enum' },
        { loc: ['query', 'sort_dir'], type: 'not_in_enum' },
        { loc: ['query', 'status_in', 1], type: 'not_in_enum' },
        { loc: ['query', 'order_type_in', 0], type: 'not_in_enum' },
      ]),
    );
  });

  test('422 names everything that is wrong with the body at once', async () => {
    const alice = fleetOf('alice');
    const many = Array.from({ length: 101 }, (_, i) => `inst_${i}`);

    const types = async (instances: unknown, status: unknown) =>
      problemsOf(await alice.update(instances, status)).map(({ loc, type }) => `${loc.join('.')} ${type}`);
    expect(await types([], 'STATUS_NEW')).toEqual(['body.instances too_short', 'body.status not_in_enum']);
    expect(await types(many, 'STATUS_PAUSED')).toEqual(['body.instances too_long']);
    expect(await types(['inst_a', 'inst_a'], 'STATUS_PAUSED')).toEqual(['body.instances not_unique']);
    expect(await types(['inst_a', 7], 'STATUS_PAUSED')).toEqual(['body.instances.1 wrong_type']);
    expect(problemsOf(await alice.ask('PATCH', '/v2/instances', '{'))).toEqual([
      { loc: ['body'], type: 'json_invalid' },
    ]);
  });

  test('422: times that are none, in both histories', async () => {
    const query = { start_time: 'yesterday', end_time: '2024-02-30T00:00:00Z', limit: 0 };
    for (const kind of ['status', 'pricing'] as const) {
      expect(problemsOf(await fleetOf('alice').history(kind, query)).map(({ loc }) => loc.join('.'))).toEqual(
        expect.arrayContaining(['query.start_time', 'query.limit']),
      );
      const answer = await fleetOf('alice').history(kind, { end_time: '2024-02-30T00:00:00Z' });
      expect(problemsOf(answer)).toEqual([{ loc: ['query', 'end_time'], type: 'time' }]);
    }
  });

  test('404: a project or an instance of another customer is as unknown as one that never was', async () => {
    const [fid = ''] = await fids();
    const alice = fleetOf('alice');
    const carol = fleetOf('carol');

    for (const project of [FOREIGN_PROJECT, 'proj_nobody000000000', 'nonsense']) {
      for (const answer of [
        await alice.list({ project }),
        await alice.history('status', { project }),
        await alice.history('pricing', { project }),
      ]) {
        expect(answer.status).toBe(404);
        expect(answer.body).toEqual({
          detail: `There is no project "${project}", or it is not yours. There is proj_acme000000000000. GET /v2/projects lists yours.`,
        });
      }
    }
    const unknown = [await carol.status(fid), await carol.status('inst_nobody'), await carol.status('nobody')];
    const refused = [await carol.update([fid], 'STATUS_PAUSED'), await alice.update(['inst_nobody'], 'STATUS_PAUSED')];
    for (const answer of [...unknown, ...refused]) {
      expect(answer).toMatchObject({ status: 404, body: { detail: 'Instance not found.' } });
    }
    expect(await carol.listed()).toEqual({ data: [], next_cursor: null });
    expect((await carol.statuses({ instance_fid: fid })).instances).toEqual([]);
  });

  test('an administrator sees every project that exists', async () => {
    const [fid = ''] = await fids();
    const { project } = shared().connection.principals.alice;

    expect((await fleetOf('admin').listed({ project })).data).toHaveLength(3);
    expect(await fleetOf('admin').status(fid)).toMatchObject({ status: 200 });
    expect(await fleetOf('admin').list({ project: 'proj_nobody000000000' })).toMatchObject({ status: 404 });
  });

  test('one unknown instance in a batch, and nothing is done to the others', async () => {
    const [running = ''] = await fids();
    const id = running.slice('inst_'.length);
    const before = await appliedCalls(shared(), id);

    const answer = await fleetOf('alice').update([running, 'inst_tw-000000-00000000'], 'STATUS_PAUSED');
    await settled(shared());

    expect(answer).toMatchObject({ status: 404 });
    expect(await appliedCalls(shared(), id)).toEqual(before);
  });

  test('what cannot be done keeps its status', async () => {
    const [running = '', paused = ''] = await fids();
    const alice = fleetOf('alice');

    expect(await alice.updated([running], 'STATUS_RUNNING')).toEqual({ [running]: 'STATUS_RUNNING' });
    expect(await alice.updated([paused], 'STATUS_PAUSED')).toEqual({ [paused]: 'STATUS_PAUSED' });
  });

  test('windows are from their start up to, and without, their end; pages count events', async () => {
    const [fid = ''] = await fids();
    const alice = fleetOf('alice');
    const [all] = (await alice.statuses({ instance_fid: fid })).instances;
    const events = all?.events ?? [];
    const [begin, , running] = events;

    const within = async (query: Readonly<Record<string, string>>) =>
      (await alice.statuses({ instance_fid: fid, ...query })).instances.flatMap((instance) => instance.events);
    expect(events.map(({ status }) => status)).toEqual(['STATUS_INITIALIZING', 'STATUS_STARTING', 'STATUS_RUNNING']);
    expect(await within({ start_time: begin?.timestamp ?? '' })).toEqual(events);
    expect(await within({ end_time: begin?.timestamp ?? '' })).toEqual([]);
    expect(await within({ start_time: '2100-01-01T00:00:00+02:00' })).toEqual([]);
    expect(await within({ end_time: '2100-01-01T00:00:00.5-02:00' })).toEqual(events);
    const whole = await walkedHistory(alice, 100);
    expect(await walkedHistory(alice, 1)).toEqual(whole);
    expect(whole.map(({ timestamp }) => timestamp)).toEqual(whole.map(({ timestamp }) => timestamp).sort());
    expect(running?.status).toBe('STATUS_RUNNING');
  });

  test('errors of the gateway’s own making have the envelope, too', async () => {
    const alice = fleetOf('alice');

    expect(detailOf(await alice.ask('GET', '/v2/nothing'))).toContain('nothing at this path');
    const answer = await alice.ask('POST', '/v2/instances');
    expect(answer).toMatchObject({ status: 405 });
    expect(answer.headers.get('allow')).toBe('GET, HEAD, PATCH');
    const nobody = await shared().request(undefined, 'GET', '/v2/instances?project=proj_acme000000000000');
    expect(nobody).toMatchObject({ status: 401 });
    expect(detailOf(nobody)).toContain('Bearer');
  });

  test('a key in one string is a bearer token', async () => {
    const { apiKey, apiSecret, project } = shared().connection.principals.alice;
    const key = new FleetUser(shared(), { token: `${apiKey.replace('ak_live_', 'fkey_')}_${apiSecret}`, project });

    expect((await key.listed()).data).toEqual((await fleetOf('alice').listed()).data);
    expect((await key.list()).headers.get('ratelimit')).toMatch(/^"list";r=\d+;t=\d+$/);
  });

  test('409 while one is being made or removed: nothing is done', async () => {
    const admin = new ComputeUser(shared(), 'admin');
    // The create stays queued until its message is delivered.
    await shared().addFaults({ service: 'pubsub', method: 'push', kind: 'delay', count: 1, delayMs: 3_000 });
    const id = await admin.created();

    const answer = await fleetOf('admin').update([`inst_${id}`], 'STATUS_PAUSED');

    expect(answer).toMatchObject({ status: 409 });
    expect(detailOf(answer)).toContain(`inst_${id} is still being created`);
    expect(await appliedCalls(shared(), id)).toEqual(['instances.insert']);
    await settled(shared());
  });

  test('a list by ones, while instances come and go, shows each that was there throughout exactly once', async () => {
    const admin = new ComputeUser(shared(), 'admin');
    const fleet = fleetOf('admin');
    const ids = await Promise.all(Array.from({ length: 8 }, () => admin.running()));
    const leaving = ids.slice(0, 4);
    const staying = new Set(ids.slice(4).map((id) => `inst_${id}`));

    for (const sort_dir of ['asc', 'desc']) {
      // Read oldest first, a list that grows by one for each item read would never end.
      let coming = 4;
      const seen = await fleet.walked({ limit: 1, sort_dir }, async () => {
        const gone = leaving.pop();
        if (gone !== undefined) await admin.delete(gone);
        coming -= 1;
        if (coming >= 0) await admin.created();
      });

      expect(seen.filter((fid) => staying.has(fid)).sort()).toEqual([...staying].sort());
      expect(new Set(seen).size).toBe(seen.length);
    }
  });
});

async function walkedHistory(user: FleetUser, limit: number) {
  const events = [];
  let page = await user.statuses({ limit });
  for (;;) {
    events.push(...page.instances.flatMap((instance) => instance.events));
    if (page.next_cursor === null) return events;
    page = await user.statuses({ limit, next_cursor: page.next_cursor });
  }
}
