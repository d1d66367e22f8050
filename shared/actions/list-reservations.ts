import { ORDERS } from '#shared/datastore/account-rows.ts';
import { INSTANCES_OF_RESERVATION } from '#shared/datastore/queries.ts';
import type { Direction } from '#shared/datastore/query.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref } from '#shared/datastore/write.ts';
import { idOf } from '#shared/domain/fids.ts';
import { type Reservation, reservationStatus, type ReservationStatus, termsOf } from '#shared/domain/orders.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { position, timeText } from '#shared/domain/sort-key.ts';
import { foreignCursor, invalidQuery } from '#shared/pagination/invalid-query.ts';
import type { ListTools } from '#shared/pagination/list-cursors.ts';
import { isInProjects, requireProject } from './require-project.ts';

export interface ReservationListRequest {
  readonly caller: Principal;
  readonly project: string;
  readonly sort: 'createdAt' | 'status';
  readonly direction: Direction;
  readonly filters: {
    /** fid. */
    readonly instanceType?: string;
    readonly zone?: string;
    readonly status?: ReservationStatus;
  };
  readonly limit: number;
  readonly cursor: string | undefined;
}

/** A reservation with its present status and instances. */
export interface ListedReservation {
  readonly project: string;
  readonly reservation: Reservation;
  readonly status: ReservationStatus;
  /** Ids of the instances that use the reservation and that the caller may see. */
  readonly instances: readonly string[];
}

/** Maximum number of instance ids shown per reservation; the list of instances has the rest. */
const INSTANCES_MAX = 1_000;

/**
 * Lists one page of a project's reservations, which are all stored in one row. The cursor is a position in the sort
 * order, so reservations that are added meanwhile shift no other.
 */
export async function listReservations(
  request: ReservationListRequest,
  { store, cursors, nowMs }: ListTools & { readonly nowMs: () => number },
): Promise<{ readonly reservations: readonly ListedReservation[]; readonly cursor: string | undefined }> {
  const { caller, project, sort, direction, filters, limit } = request;
  await requireProject(caller, project, { store });
  const asked = [project, sort, direction, { instanceType: null, zone: null, status: null, ...filters }];
  const scope = { list: 'fleet-reservations', caller, asked };
  const place = request.cursor === undefined ? undefined : await cursors.open(request.cursor, scope);
  if (request.cursor !== undefined && place === undefined) throw invalidQuery([foreignCursor('next_cursor')]);
  const orders = (await store.get(ref(ORDERS, project)))?.value;
  const atMs = nowMs();
  const placeOf = (reservation: Reservation) =>
    sort === 'createdAt'
      ? position(timeText(reservation.createdAtMs), reservation.id)
      : position(reservationStatus(reservation, atMs), reservation.id);
  const isAfter = (a: string, b: string) => (direction === 'asc' ? a > b : a < b);
  // Another customer may have a project of the same id; its reservations must not be shown.
  const isOwn =
    orders !== undefined && (orders.customerId === caller.customerId || caller.roles.includes('compute_admin'));
  const rest = (isOwn ? orders.reservations : [])
    .filter((reservation) => passes(reservation, filters, atMs))
    .filter((reservation) => place === undefined || isAfter(placeOf(reservation), place))
    .sort((a, b) => (isAfter(placeOf(a), placeOf(b)) ? 1 : -1));
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return {
    reservations: await Promise.all(
      page.map(async (reservation) => ({
        project,
        reservation,
        status: reservationStatus(reservation, atMs),
        instances: await instancesOf(reservation, caller, store),
      })),
    ),
    cursor: rest.length > limit && last !== undefined ? await cursors.seal(placeOf(last), scope) : undefined,
  };
}

async function instancesOf(
  { id }: Reservation,
  caller: Principal,
  store: Pick<Store, 'query'>,
): Promise<readonly string[]> {
  const { rows } = await store.query(
    INSTANCES_OF_RESERVATION,
    { reservation: { stringValue: id } },
    { limit: INSTANCES_MAX },
  );
  return rows.filter(({ value }) => isInProjects(caller, value)).map((row) => row.id);
}

function passes(reservation: Reservation, filters: ReservationListRequest['filters'], atMs: number): boolean {
  const { instanceType, zone, status } = filters;
  return (
    (instanceType === undefined || idOf('instanceType', instanceType) === reservation.machineType) &&
    (zone === undefined || termsOf(reservation).zone === zone) &&
    (status === undefined || reservationStatus(reservation, atMs) === status)
  );
}
