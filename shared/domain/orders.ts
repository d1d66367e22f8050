import { Failure } from './failure.ts';

/** Places that a project has bought for a while: instances of this machine type take them first. */
export interface Reservation {
  /** `res_…` */
  readonly id: string;
  readonly machineType: string;
  /** Instances it has room for. */
  readonly places: number;
  readonly taken: number;
  /** What a place gives back while its instance is paused, cents per hour. */
  readonly buybackCents: number;
  readonly createdAtMs: number;
  /** No new instance takes a place from then on; `null`: it goes on. */
  readonly endedAtMs: number | null;
  /** What was agreed; absent in rows of earlier versions, which `termsOf` completes. */
  readonly terms?: ReservationTerms;
}

/** What was agreed on a reservation. */
export interface ReservationTerms {
  readonly name: string;
  /** Who ordered it; `""`: the platform's operators. */
  readonly userId: string;
  /** Bare zone; `null`: any. */
  readonly zone: string | null;
  /** Instances take its places from then on. */
  readonly startMs: number;
  /** Until then; `null`: it has no end yet. */
  readonly endMs: number | null;
  /** Price of a place, cents per instance-hour. */
  readonly unitCents: number;
}

export const RESERVATION_STATUSES = ['Pending', 'Active', 'Paused', 'Canceled', 'Ended'] as const;
/** Nothing of ours pauses a reservation. */
export type ReservationStatus = (typeof RESERVATION_STATUSES)[number];

/** The terms of a reservation, of an earlier version's too: unnamed, from its creation on, without a price. */
export function termsOf({ id, createdAtMs, terms }: Reservation): ReservationTerms {
  return terms ?? { name: id, userId: '', zone: null, startMs: createdAtMs, endMs: null, unitCents: 0 };
}

export function reservationStatus(reservation: Reservation, nowMs: number): ReservationStatus {
  const { startMs, endMs } = termsOf(reservation);
  if (endMs !== null && endMs <= (reservation.endedAtMs ?? nowMs)) return 'Ended';
  if (reservation.endedAtMs !== null) return 'Canceled';
  return startMs > nowMs ? 'Pending' : 'Active';
}

/** What all its places cost from its start to its end, in cents; to `nowMs` where it has no end. */
export function totalCents(reservation: Reservation, nowMs: number): number {
  const { startMs, endMs, unitCents } = termsOf(reservation);
  const endsMs = Math.min(reservation.endedAtMs ?? Number.POSITIVE_INFINITY, endMs ?? Number.POSITIVE_INFINITY);
  const hours = Math.max(0, (Number.isFinite(endsMs) ? endsMs : nowMs) - startMs) / 3_600_000;
  return Math.round(unitCents * reservation.places * hours);
}

/** What a project has ordered. One row per project, so that a create finds it without a query. */
export interface Orders {
  /** `proj_…` */
  readonly project: string;
  readonly customerId: string;
  readonly reservations: readonly Reservation[];
  /** What an earlier version kept here, carried along for it. Bids have rows of their own. */
  readonly bids?: readonly unknown[];
}

/** What a new instance belongs to. Both `null`: it is made on demand. */
export interface Allotment {
  readonly reservation: string | null;
  readonly bid: string | null;
}

export const ON_DEMAND: Allotment = { reservation: null, bid: null };

/** A free place of the oldest reservation. No new instance joins a bid: bids make their own. */
export function allot(
  orders: Orders | undefined,
  { machineType, zone, nowMs }: { readonly machineType: string; readonly zone: string; readonly nowMs: number },
): Allotment {
  const reservation = orders?.reservations.find(
    (order) =>
      order.machineType === machineType &&
      [null, zone].includes(termsOf(order).zone) &&
      reservationStatus(order, nowMs) === 'Active' &&
      order.taken < order.places,
  );
  return { reservation: reservation?.id ?? null, bid: null };
}

/** The orders with one place of a reservation more, or less, in use. */
export function withPlaces(orders: Orders, reservationId: string, change: 1 | -1): Orders {
  return {
    ...orders,
    reservations: orders.reservations.map((order) =>
      order.id === reservationId ? { ...order, taken: Math.max(0, order.taken + change) } : order,
    ),
  };
}

/** The orders without new instances for one of them. Throws `not_found`. */
export function withEnd(orders: Orders, id: string, atMs: number): Orders {
  if (!orders.reservations.some((order) => order.id === id)) {
    throw new Failure('not_found', `Project ${orders.project} has no order ${id}.`, { reason: 'unknown_order' });
  }
  return {
    ...orders,
    reservations: orders.reservations.map((order) =>
      order.id === id && order.endedAtMs === null ? { ...order, endedAtMs: atMs } : order,
    ),
  };
}
