import { describe, expect, test } from 'vitest';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { put } from '#shared/datastore/write.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { appliedCalls, ComputeUser, operationOf, QUICK_MACHINES, type ShownEvent } from '#test/support/compute-api.ts';
import { expectInvariants, settled } from '#test/support/invariants.ts';
import { type Answer, eventually, sharedLocalCloud, startLocalCloud } from '#test/support/local-cloud.ts';
import { originalRequests } from '#test/support/original-requests.ts';
import { Records } from '#test/support/records.ts';

const CREATE = { template_id: 'ubuntu-22-standard', config_id: 'default-network' };
const ADMIN = '/api/compute/v1/admin/instances';
/** Records that the test writes itself have no VM, which a sweep would notice. */
const NO_SWEEP = ['--sweep-seconds', '86400'];

interface ShownPage {
  readonly instances: readonly { readonly id: string; readonly status: string; readonly createdAt: string }[];
  readonly pagination: Readonly<Record<string, unknown>>;
  readonly pages: number;
  readonly items: number;
}

describe('on one cloud', () => {
  const cloud = sharedLocalCloud({ args: [...QUICK_MACHINES, ...NO_SWEEP] });
  const admin = (method: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    cloud().request('admin', method, ADMIN + path, { headers });

  /** Waits for the end of an accepted operation, as the administrator. */
  async function ended(answer: Answer): Promise<Readonly<Record<string, unknown>>> {
    return eventually(async () => {
      const { body } = await cloud().request(
        'admin',
        'GET',
        `/api/compute/v1/operations/${operationOf(answer)}?wait=10`,
      );
      const operation = body as Readonly<Record<string, unknown>>;
      return operation['completedAt'] === null ? undefined : operation;
    });
  }

  async function history(id: string): Promise<readonly (ShownEvent & { readonly operationId: string | null })[]> {
    const { body } = await cloud().request('admin', 'GET', `/api/compute/v1/instances/${id}/history`);
    return (body as { readonly events: readonly (ShownEvent & { readonly operationId: string | null })[] }).events;
  }

  test('every request of the documentation works as it is written', async () => {
    const alice = new ComputeUser(cloud(), 'alice');
    const id = await alice.running();
    const { token } = cloud().connection.principals.admin;
    const answers: (readonly [string, number, boolean])[] = [];

    for (const { title, method, target, headers } of originalRequests('compute-admin')) {
      const authorization = headers['Authorization']?.replace('<token>', token) ?? '';
      const url = cloud().baseUrl + target.replace('inst-7g2xq4bm', id);
      const response = await fetch(url, { method, headers: { authorization } });
      answers.push([title, response.status, (await response.text()) === '']);
    }

    expect(answers).toEqual([
      ['List all instances', 200, false],
      ['Get any instance', 200, false],
      ['Stop any instance', 202, true],
      ['Start any instance', 202, true],
      ['Restart any instance', 202, true],
      ['Reset any instance', 202, true],
    ]);
    // Compute Engine gets the calls in the order in which the API accepted the requests; a restart is two calls, stop and start.
    await eventually(async () => ((await appliedCalls(cloud(), id)).length === 6 ? true : undefined));
    expect(await appliedCalls(cloud(), id)).toEqual(
      ['insert', 'stop', 'start', 'stop', 'start', 'reset'].map((verb) => `instances.${verb}`),
    );
    expect((await admin('DELETE', `/${id}`)).status).toBe(204);
  });

  test('a suspended customer can read, stop and delete; create is 403 with the words of the operator until resumed', async () => {
    const carol = new ComputeUser(cloud(), 'carol');
    const id = await carol.running();
    const customer = `/api/compute/v1/admin/customers/${cloud().connection.principals.carol.customerId}`;
    const create = () => cloud().request('carol', 'POST', '/api/compute/v1/instances', { body: CREATE });
    const remembered = () => cloud().advance(11);
    const suspended = await cloud().request('admin', 'POST', `${customer}/suspend`, {
      body: { reason: 'Unpaid since January.', stop_instances: true },
    });
    expect(suspended).toMatchObject({ status: 200 });
    await remembered();

    const stopped = await eventually(async () => {
      const { body } = await cloud().request('carol', 'GET', `/api/compute/v1/instances/${id}`);
      const shown = body as { readonly status: string };
      return shown.status === 'TERMINATED' ? shown : undefined;
    });
    const refused = await create();

    expect(stopped).toMatchObject({
      allowedActions: ['stop', 'delete'],
      blockedBecause: { start: 'customer_suspended' },
    });
    expect(refused.status).toBe(403);
    expect(refused.headers.get('retry-after')).toBeNull();
    expect(refused.body).toMatchObject({ detail: 'This customer is suspended: Unpaid since January.' });
    expect((await cloud().request('carol', 'POST', `/api/compute/v1/instances/${id}/start`)).status).toBe(403);
    expect((await cloud().request('carol', 'DELETE', `/api/compute/v1/instances/${id}`)).status).toBe(204);
    expect((await cloud().request('admin', 'POST', `${customer}/resume`)).status).toBe(200);
    await remembered();
    const made = await create();
    expect(made.status).toBe(201);
    const { id: again } = made.body as { readonly id: string };
    expect((await admin('DELETE', `/${again}`)).status).toBe(204);
  });

  test("an administrator's instance is the owner's, in the documented shape", async () => {
    const alice = new ComputeUser(cloud(), 'alice');
    const id = await alice.running();
    const { userId, customerId } = cloud().connection.principals.alice;

    const { status, body } = await admin('GET', `/${id}`);

    expect(status).toBe(200);
    expect(body).toEqual({
      allowedActions: ['stop', 'restart', 'reset', 'update', 'delete'],
      blockedBecause: { start: 'wrong_state', resize: 'wrong_state' },
      labels: {},
      lastOperation: expect.objectContaining({ kind: 'create', state: 'completed', error: null }) as object,
      pendingOperation: null,
      statusReason: null,
      statusSyncedAt: expect.stringMatching(/Z$/) as string,
      id,
      userId,
      customerId,
      name: id,
      zone: 'us-central1-a',
      machineType: 'n1-standard-2',
      externalIp: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/) as string,
      internalIp: expect.stringMatching(/^10\./) as string,
      status: 'running',
      templateId: 'ubuntu-22-standard',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
    });
    expect((await admin('GET', '/tw-000000-00000000')).status).toBe(404);
    expect((await admin('DELETE', `/${id}`)).status).toBe(204);
    expect((await admin('GET', `/${id}`)).status).toBe(404);
  });

  test('409 in every wrong state, which is the one after what was accepted already; restart and delete end well', async () => {
    const alice = new ComputeUser(cloud(), 'alice');
    const id = await alice.running();
    const power = (verb: string) => admin('POST', `/${id}/${verb}`);
    const statuses = async (...verbs: string[]) => {
      const found: number[] = [];
      for (const verb of verbs) found.push((await power(verb)).status);
      return found;
    };

    const whileRunning = await statuses('start');
    const stop = await power('stop');
    const afterStop = await statuses('stop', 'restart', 'reset');
    await ended(stop);
    const whileStopped = await statuses('stop', 'restart', 'reset');
    const start = await power('start');
    const afterStart = await statuses('start');
    const restart = await power('restart');

    expect([whileRunning, afterStop, whileStopped, afterStart]).toEqual([
      [409],
      [409, 409, 409],
      [409, 409, 409],
      [409],
    ]);
    expect([stop.status, start.status, restart.status]).toEqual([202, 202, 202]);
    expect(await ended(restart)).toMatchObject({ kind: 'restart', state: 'completed' });
    expect(await appliedCalls(cloud(), id)).toEqual(
      ['insert', 'stop', 'start', 'stop', 'start'].map((verb) => `instances.${verb}`),
    );
    expect((await admin('DELETE', `/${id}`)).status).toBe(204);
    expect(await alice.get(id)).toMatchObject({ status: 404 });
    expect((await admin('DELETE', `/${id}`)).status).toBe(404);
  });

  test('every action of an administrator is in the history, with their id', async () => {
    const alice = new ComputeUser(cloud(), 'alice');
    const id = await alice.running();
    const { userId } = cloud().connection.principals.admin;
    const operations: string[] = [];
    for (const verb of ['reset', 'stop', 'start', 'restart']) {
      const answer = await admin('POST', `/${id}/${verb}`);
      await ended(answer);
      operations.push(operationOf(answer));
    }
    const deleted = await admin('DELETE', `/${id}`);
    operations.push(operationOf(deleted));

    const events = await history(id);

    for (const operationId of operations) {
      const own = events.filter((event) => event.operationId === operationId);
      expect(
        own.some(({ cause, actor }) => cause === 'admin' && actor === userId),
        operationId,
      ).toBe(true);
    }
    expect(events[0]).toMatchObject({ status: 'DELETED', cause: 'admin', actor: userId });
  });

  test("an administrator meets neither quota nor rate limit, and a user's delete frees the user's quota", async () => {
    const carol = new ComputeUser(cloud(), 'carol');
    const id = await carol.running();
    expect((await carol.create()).status).toBe(403);

    const answers = await Promise.all(Array.from({ length: 40 }, () => admin('GET', `/${id}`)));
    const deleted = await admin('DELETE', `/${id}`);

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    for (const { headers } of answers) expect(headers.get('ratelimit')).toBeNull();
    expect(deleted.status).toBe(204);
    const next = await carol.created();
    expect((await admin('DELETE', `/${next}`)).status).toBe(204);
  });

  test('812 matches at 50 a page are 17 pages, newest first, with hasNext and hasPrev right', async () => {
    const records = new Records(cloud().connection);
    const startMs = Date.UTC(2026, 0, 1);
    const rows = Array.from({ length: 812 + 100 }, (_, i) => {
      const id = `tw-seeded-${String(i).padStart(8, '0')}`;
      // The first hundred instances are in another zone.
      const zone = i < 100 ? 'europe-west1-b' : 'asia-east1-a';
      return anInstance({ id, zone, createdAtMs: startMs + i * 1_000, customerId: 'seeded' });
    });
    for (let from = 0; from < rows.length; from += 400) {
      await records.store.write(rows.slice(from, from + 400).map((row) => put(INSTANCE, row.id, row)));
    }
    await records.close();
    const expected = rows.slice(100).reverse();
    const pageAt = async (page: number, size: string) => {
      const answer = await admin('GET', `?customerID=seeded&zone=asia-east1-a&status=running&${size}&page=${page}`);
      expect(answer.status).toBe(200);
      return answer.body as ShownPage;
    };

    for (const [page, hasNext, hasPrev] of [
      [1, true, false],
      [9, true, true],
      [17, false, true],
      [18, false, true],
    ] as const) {
      const shown = await pageAt(page, 'pageSize=50');

      expect(shown.pagination).toEqual({ page, pageSize: 50, totalCount: 812, totalPages: 17, hasNext, hasPrev });
      expect([shown.pages, shown.items]).toEqual([17, 812]);
      expect(shown.instances.map(({ id }) => id)).toEqual(
        expected.slice((page - 1) * 50, page * 50).map(({ id }) => id),
      );
    }
    expect(await pageAt(17, 'limit=50')).toEqual(await pageAt(17, 'pageSize=50'));
    expect(await admin('GET', '?userID=nobody')).toMatchObject({
      status: 200,
      body: {
        instances: [],
        pagination: { page: 1, pageSize: 20, totalCount: 0, totalPages: 0, hasNext: false, hasPrev: false },
        pages: 0,
        items: 0,
      },
    });
  });

  test.each([
    ['page=0', 'page'],
    ['page=-1', 'page'],
    ['page=1.5', 'page'],
    ['page=abc', 'page'],
    ['page=', 'page'],
    ['page=1e3x', 'page'],
    ['pageSize=0', 'pageSize'],
    ['pageSize=101', 'pageSize'],
    ['limit=101', 'limit'],
    ['pageSize=10&limit=10', 'limit'],
    ['owner=alice', 'owner'],
    ['userId=alice', 'userId'],
    ['status=RUNNING', 'status'],
    ['status=sleeping', 'status'],
    ['zone=', 'zone'],
    ['page=1&page=2', 'page'],
    ['status=running&status=stopped', 'status'],
    ['userID=a&userID=a', 'userID'],
  ])('?%s is 400 and names %s', async (query, parameter) => {
    const { status, headers, body } = await admin('GET', `?${query}`);

    expect(status).toBe(400);
    expect(headers.get('x-error')).toContain(parameter);
    const { errors } = body as { readonly errors: readonly { readonly place: string; readonly pointer: string }[] };
    expect(errors.map(({ place, pointer }) => place + pointer)).toContain(`query/${parameter}`);
  });

  test('all that is wrong with a query is said at once', async () => {
    const { body } = await admin('GET', '?page=0&pageSize=101&status=x&owner=y');

    const { errors } = body as { readonly errors: readonly { readonly pointer: string }[] };
    expect(errors.map(({ pointer }) => pointer).sort()).toEqual(['/owner', '/page', '/pageSize', '/status']);
  });

  test.each([
    ['PUT', '', 'GET, HEAD'],
    ['POST', '/tw-550e84-a1b2c3d4', 'DELETE, GET, HEAD'],
    ['GET', '/tw-550e84-a1b2c3d4/stop', 'POST'],
    ['DELETE', '/tw-550e84-a1b2c3d4/restart', 'POST'],
  ])('405: %s of a path of the section says what it takes', async (method, path, allowed) => {
    const { status, headers } = await admin(method, path);

    expect(status).toBe(405);
    expect(headers.get('allow')?.split(', ').sort()).toEqual(allowed.split(', '));
    expect(headers.get('x-error-id')).toMatch(/^[0-9a-f]{32}$/);
  });

  test.each([
    ['GET', '/'],
    ['POST', '/tw-550e84-a1b2c3d4/explode'],
    ['GET', '/tw-550e84-a1b2c3d4/stop/now'],
  ])('404 in the envelope of the family: %s %s', async (method, path) => {
    const { status, headers, body } = await admin(method, path);

    expect(status).toBe(404);
    expect(headers.get('x-error')).not.toBeNull();
    expect(body).toMatchObject({ status: 404, reason: 'unknown_path' });
  });
});

test('what administrators and owners do at the same time ends in order, and every invariant holds', async () => {
  const cloud = await startLocalCloud({ args: QUICK_MACHINES });
  const alice = new ComputeUser(cloud, 'alice');
  const ids = await Promise.all([alice.running(), alice.running()]);

  await Promise.all(
    ids.flatMap((id) =>
      ['stop', 'start', 'restart', 'reset'].flatMap((verb) => [
        alice.power(id, verb as 'stop'),
        cloud.request('admin', 'POST', `${ADMIN}/${id}/${verb}`),
      ]),
    ),
  );
  await cloud.request('admin', 'DELETE', `${ADMIN}/${ids[0]}`);

  await settled(cloud);
  await expectInvariants(cloud);
});
