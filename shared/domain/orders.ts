import { Failure } from './failure.ts';

/** Capacity that a project has reserved: new instances of this machine type use free places first. */
export interface Reservation {
  /** `res_…` */
  readonly id: string;
  readonly machineType: string;
  /** Number of instances that can use the reservation. */
  readonly places: number;
  readonly taken: number;
  /** Refund for a place while its instance is stopped, in cents per hour. */
  readonly buybackCents: number;
  readonly createdAtMs: number;
  /** When an operator ended the reservation, after which no new instance uses it; `null`: not ended. */
  readonly endedAtMs: number | null;
  /** The agreed terms; absent in rows of earlier versions, for which `termsOf` returns defaults. */
  readonly terms?: ReservationTerms;
}

/** The agreed terms of a reservation. */
export interface ReservationTerms {
  readonly name: string;
  /** The user who ordered it; `""`: the platform's operators. */
  readonly userId: string;
  /** Bare zone; `null`: any zone. */
  readonly zone: string | null;
  /** Instances can use the reservation from this time on. */
  readonly startMs: number;
  /** Instances can use the reservation until this time; `null`: no end was agreed. */
  readonly endMs: number | null;
  /** Price of a place, cents per instance-hour. */
  readonly unitCents: number;
}

export const RESERVATION_STATUSES = ['Pending', 'Active', 'Paused', 'Canceled', 'Ended'] as const;
/** The status of a reservation. `Paused` does not occur, because this service cannot pause reservations. */
export type ReservationStatus = (typeof RESERVATION_STATUSES)[number];

/**
 * Returns the terms of a reservation. Those of an earlier version have no name, begin at the creation and cost nothing.
 */
export function termsOf({ id, createdAtMs, terms }: Reservation): ReservationTerms {
  return terms ?? { name: id, userId: '', zone: null, startMs: createdAtMs, endMs: null, unitCents: 0 };
}

export function reservationStatus(reservation: Reservation, nowMs: number): ReservationStatus {
  const { startMs, endMs } = termsOf(reservation);
  if (endMs !== null && endMs <= (reservation.endedAtMs ?? nowMs)) return 'Ended';
  if (reservation.endedAtMs !== null) return 'Canceled';
  return startMs > nowMs ? 'Pending' : 'Active';
}

/** Returns the cost of all places from start to end (without an end: to `nowMs`), in cents. */
export function totalCents(reservation: Reservation, nowMs: number): number {
  const { startMs, endMs, unitCents } = termsOf(reservation);
  const endsMs = Math.min(reservation.endedAtMs ?? Number.POSITIVE_INFINITY, endMs ?? Number.POSITIVE_INFINITY);
  const hours = Math.max(0, (Number.isFinite(endsMs) ? endsMs : nowMs) - startMs) / 3_600_000;
  return Math.round(unitCents * reservation.places * hours);
}

/** A project's orders, in one row per project, so that a create reads them without a query. */
export interface Orders {
  /** `proj_…` */
  readonly project: string;
  readonly customerId: string;
  readonly reservations: readonly Reservation[];
  /** Data that an earlier version stored here; it is kept unchanged. Bids now have rows of their own. */
  readonly bids?: readonly unknown[];
}

/** The bid or reservation that a new instance belongs to; both `null` for an on-demand instance. */
export interface Allotment {
  readonly reservation: string | null;
  readonly bid: string | null;
}

export const ON_DEMAND: Allotment = { reservation: null, bid: null };

/**
 * Returns the oldest usable reservation with a free place. Never returns a bid, because only bids create their
 * instances.
 */
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

/** Returns the orders with one more or one less place of a reservation in use. */
export function withPlaces(orders: Orders, reservationId: string, change: 1 | -1): Orders {
  return {
    ...orders,
    reservations: orders.reservations.map((order) =>
      order.id === reservationId ? { ...order, taken: Math.max(0, order.taken + change) } : order,
    ),
  };
}

/** Returns the orders after one of them was ended, so that no new instance uses it. Throws `not_found`. */
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
