import { expect, test } from 'vitest';
import { listReservations, type ReservationListRequest } from '#shared/actions/list-reservations.ts';
import { ORDERS } from '#shared/datastore/account-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { put } from '#shared/datastore/write.ts';
import type { Reservation } from '#shared/domain/orders.ts';
import { presentReservation } from '#shared/families/fleet/present-reservation.ts';
import { ListCursors } from '#shared/pagination/list-cursors.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

const PROJECT = 'proj_a';
const HOUR_MS = 3_600_000;
const NOW_MS = 10 * HOUR_MS;

function reservation(n: number, overrides: Partial<Reservation> = {}): Reservation {
  const times = { createdAtMs: n * HOUR_MS, endedAtMs: null };
  return { id: `res_${n}`, machineType: 'n1-standard-2', places: 2, taken: 0, buybackCents: 0, ...times, ...overrides };
}

const TERMS = {
  name: 'autumn',
  userId: 'u1',
  zone: 'us-central1-a',
  startMs: HOUR_MS,
  endMs: 13 * HOUR_MS,
  unitCents: 25,
};

async function listOf(reservations: readonly Reservation[], customerId = 'acme') {
  const { store } = await testDatastore();
  await store.write([
    put(ORDERS, PROJECT, { project: PROJECT, customerId, reservations }),
    put(INSTANCE, 'tw-1', anInstance({ id: 'tw-1', project: PROJECT, reservation: 'res_1' })),
    put(INSTANCE, 'tw-2', anInstance({ id: 'tw-2', project: PROJECT, reservation: 'res_1', visibleBy: ['group2'] })),
  ]);
  const tools = { store, cursors: new ListCursors({ store, random: seededRandom(1) }), nowMs: () => NOW_MS };
  return (more: Partial<ReservationListRequest> = {}) =>
    listReservations(
      {
        caller: {
          userId: 'alice',
          customerId: 'acme',
          projects: [PROJECT],
          groups: ['group1'],
          roles: [],
          tier: 'pro',
          credential: { type: 'jwt', id: 't' },
        },
        project: PROJECT,
        sort: 'createdAt',
        direction: 'desc',
        filters: {},
        limit: 20,
        cursor: undefined,
        ...more,
      },
      tools,
    );
}

test('all keys are there, with prices, times and the instances that the caller may see', async () => {
  const page = await listOf([reservation(1, { terms: TERMS })]);

  const { reservations } = await page();

  expect(reservations.map((listed) => presentReservation(listed, NOW_MS))).toEqual([
    {
      fid: 'res_1',
      name: 'autumn',
      project: PROJECT,
      created_by: 'user_u1',
      created_at: '1970-01-01T01:00:00Z',
      deactivated_at: null,
      instance_quantity: 2,
      instance_type: 'it_n1-standard-2',
      region: 'us-central1-a',
      instances: ['inst_tw-1'],
      launch_specification: {
        volumes: [],
        ssh_keys: [],
        startup_script: null,
        kubernetes_cluster: null,
        image_version: null,
        memory_gb: null,
      },
      status: 'Active',
      start_time: '1970-01-01T01:00:00Z',
      end_time: '1970-01-01T13:00:00Z',
      total_price: '$6.00',
      unit_price: '$0.25',
    },
  ]);
});

test('a reservation of an earlier version has its id as name, any zone, no price and no end', async () => {
  const page = await listOf([reservation(1)]);

  const [shown] = (await page()).reservations.map((listed) => presentReservation(listed, NOW_MS));

  expect(shown).toMatchObject({
    name: 'res_1',
    region: null,
    unit_price: '$0.00',
    total_price: '$0.00',
    status: 'Active',
  });
  expect(shown?.end_time).toBe('9999-12-31T23:59:59Z');
});

test('the status says that a reservation is Pending, Active, Canceled or Ended', async () => {
  const page = await listOf([
    reservation(1, { terms: { ...TERMS, startMs: NOW_MS + 1 } }),
    reservation(2, { terms: TERMS, endedAtMs: 5 * HOUR_MS }),
    reservation(3, { terms: { ...TERMS, endMs: NOW_MS } }),
    reservation(4, { terms: TERMS }),
  ]);
  const found = async (more: Partial<ReservationListRequest>) =>
    (await page(more)).reservations.map(({ reservation: { id }, status }) => `${id} ${status}`);

  expect(await found({ direction: 'asc' })).toEqual(['res_1 Pending', 'res_2 Canceled', 'res_3 Ended', 'res_4 Active']);
  expect(await found({ sort: 'status', direction: 'asc' })).toEqual([
    'res_4 Active',
    'res_2 Canceled',
    'res_3 Ended',
    'res_1 Pending',
  ]);
  expect(await found({ filters: { status: 'Ended', instanceType: 'it_n1-standard-2' } })).toEqual(['res_3 Ended']);
  expect(await found({ filters: { zone: 'us-central1-b' } })).toEqual([]);
});

test('pages of one row hold every reservation once, and a cursor belongs to its list', async () => {
  const page = await listOf([1, 2, 3].map((n) => reservation(n)));
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const found = await page({ limit: 1, cursor });
    ids.push(...found.reservations.map((listed) => listed.reservation.id));
    if (cursor === undefined) {
      const foreign = page({ limit: 1, sort: 'status', cursor: found.cursor });
      await expect(foreign).rejects.toMatchObject({ kind: 'invalid_request' });
    }
    cursor = found.cursor;
  } while (cursor !== undefined);

  expect(ids).toEqual(['res_3', 'res_2', 'res_1']);
});

test('the reservations of another customer’s project of the same name are not seen', async () => {
  const page = await listOf([reservation(1)], 'umbrella');

  expect((await page()).reservations).toEqual([]);
});
