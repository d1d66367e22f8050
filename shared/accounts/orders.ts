import { ORDERS, PROJECT } from '#shared/datastore/account-rows.ts';
import type { AuditedChange } from '#shared/datastore/audit-rows.ts';
import { ALL_ORDERS } from '#shared/datastore/queries.ts';
import { insert, ref, replace, type Row } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import { type Orders, type Reservation, type ReservationTerms, termsOf, withEnd } from '#shared/domain/orders.ts';
import { checkProjectId } from './account-names.ts';
import { type AccountsContext, audited, type ListOptions, type ListPage } from './accounts-context.ts';
import { newOrderId } from './credential-text.ts';

type Context = AccountsContext;

/* Reservations of projects, which operators order. Spot bids are placed by users through the API. */

const MACHINE_TYPE = /^[a-z][a-z0-9-]{1,62}$/;
/** Maximum number of orders of a project, which are all stored in one row. */
const ORDERS_MAX = 200;
const PLACES_MAX = 100_000;

export interface NewReservation {
  readonly project: string;
  readonly machineType: string;
  readonly places: number;
  /** Refund for a place while its instance is stopped, in cents per hour. */
  readonly buybackCents: number;
  /** The agreed terms. By default: no name, any zone, from now on, without end and price. */
  readonly terms?: Partial<ReservationTerms>;
}

/** Creates a reservation. Throws `not_found` for an unknown project, `invalid_request` for invalid values. */
export async function createReservation(context: Context, wanted: NewReservation): Promise<Reservation> {
  const id = newOrderId('res', context.random);
  const nowMs = context.clock.nowMs();
  const reservation: Reservation = {
    id,
    machineType: wanted.machineType,
    places: wanted.places,
    taken: 0,
    buybackCents: wanted.buybackCents,
    createdAtMs: nowMs,
    endedAtMs: null,
    terms: { name: id, userId: '', zone: null, startMs: nowMs, endMs: null, unitCents: 0, ...wanted.terms },
  };
  checkTerms(termsOf(reservation));
  checkWhole('places', reservation.places, PLACES_MAX);
  checkWhole('cents', reservation.buybackCents, Number.MAX_SAFE_INTEGER);
  const entry = {
    action: 'reservation.create',
    object: `reservation ${reservation.id}`,
    after: { project: wanted.project, ...reservation },
  } as const;
  await add(context, wanted, entry, (orders) => ({
    ...orders,
    reservations: [...orders.reservations, reservation],
  }));
  return reservation;
}

/** Ends an order: no new instance uses it; instances that use it keep it. Throws `not_found`. */
export async function endOrder(context: Context, project: string, id: string): Promise<void> {
  checkProjectId(project);
  await context.store.change(async () => {
    const row = await context.store.get(ref(ORDERS, project));
    if (row === undefined) throw unknownProject(project);
    const next = withEnd(row.value, id, context.clock.nowMs());
    if (JSON.stringify(next) === JSON.stringify(row.value)) return { writes: [], result: undefined };
    const entry = audited(context, {
      action: 'order.end',
      object: `${id.startsWith('bid') ? 'bid' : 'reservation'} ${id}`,
      before: { project, ended: false },
      after: { project, ended: true },
    });
    return { writes: [replace(row, next), entry], result: undefined };
  });
}

/** Lists the orders of all projects that have some, page by page. */
export async function listOrders(
  { store }: Pick<AccountsContext, 'store'>,
  options: ListOptions,
): Promise<ListPage<Row<Orders>>> {
  const page = await store.query(
    ALL_ORDERS,
    {},
    { limit: options.limit, ...(options.cursor === undefined ? {} : { cursor: options.cursor }) },
  );
  return { items: page.rows, cursor: page.cursor };
}

async function add(
  context: Context,
  { project, machineType }: { readonly project: string; readonly machineType: string },
  entry: AuditedChange,
  change: (orders: Orders) => Orders,
): Promise<void> {
  const { store } = context;
  checkProjectId(project);
  if (!MACHINE_TYPE.test(machineType)) {
    throw new Failure('invalid_request', 'A machine type is a name of Compute Engine, without zone: n1-standard-2.');
  }
  await store.change(async () => {
    const [owner, row] = await store.getAll([ref(PROJECT, project), ref(ORDERS, project)]);
    if (owner === undefined) throw unknownProject(project);
    const orders = row?.value ?? { project, customerId: owner.value.customerId, reservations: [] };
    const next = change(orders);
    if (next.reservations.length > ORDERS_MAX) {
      throw new Failure('invalid_request', `A project has at most ${ORDERS_MAX} orders.`);
    }
    const write = row === undefined ? insert(ORDERS, project, next) : replace(row, next);
    return { writes: [write, audited(context, entry)], result: undefined };
  });
}

function checkTerms({ startMs, endMs, unitCents, zone }: ReservationTerms): void {
  checkWhole('cents', unitCents, 100_000_000);
  if (Number.isNaN(startMs) || (endMs !== null && !(endMs > startMs))) {
    throw new Failure(
      'invalid_request',
      'A reservation begins and ends at times such as 2026-01-01T00:00:00Z, in that order.',
    );
  }
  if (zone !== null && !/^[a-z]+(?:-[a-z]+)+[0-9]+-[a-z]$/.test(zone)) {
    throw new Failure('invalid_request', 'A zone is a name of Compute Engine: us-central1-a.');
  }
}

function checkWhole(what: string, value: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= 0 && value <= max) return;
  throw new Failure('invalid_request', `The number of ${what} must be a whole number from 0 to ${max}.`);
}

function unknownProject(id: string): Failure {
  return new Failure('not_found', `There is no project ${id}, or it has no orders.`, { reason: 'unknown_project' });
}
