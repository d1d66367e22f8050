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
}

/** An offer to take machines of a type when the cloud has some to spare: new instances of it are spot VMs. */
export interface SpotBid {
  /** `bid_…` */
  readonly id: string;
  readonly machineType: string;
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
}

/** What a project has ordered. One row per project, so that a create finds it without a query. */
export interface Orders {
  /** `proj_…` */
  readonly project: string;
  readonly customerId: string;
  readonly reservations: readonly Reservation[];
  readonly bids: readonly SpotBid[];
}

/** What a new instance belongs to. Both `null`: it is made on demand. */
export interface Allotment {
  readonly reservation: string | null;
  readonly bid: string | null;
}

export const ON_DEMAND: Allotment = { reservation: null, bid: null };

/** A free place of the oldest reservation comes first, then the oldest open bid. */
export function allot(orders: Orders | undefined, machineType: string): Allotment {
  const fits = (order: Reservation | SpotBid) => order.machineType === machineType && order.endedAtMs === null;
  const reservation = orders?.reservations.find((order) => fits(order) && order.taken < order.places);
  if (reservation !== undefined) return { reservation: reservation.id, bid: null };
  return { reservation: null, bid: orders?.bids.find(fits)?.id ?? null };
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
  const ended = <T extends Reservation | SpotBid>(order: T): T =>
    order.id === id && order.endedAtMs === null ? { ...order, endedAtMs: atMs } : order;
  if (![...orders.reservations, ...orders.bids].some((order) => order.id === id)) {
    throw new Failure('not_found', `Project ${orders.project} has no order ${id}.`, { reason: 'unknown_order' });
  }
  return { ...orders, reservations: orders.reservations.map(ended), bids: orders.bids.map(ended) };
}
