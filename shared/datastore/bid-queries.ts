import type { Bid } from '#shared/domain/bid.ts';
import { BID } from './bid-rows.ts';
import { BID_FILTERS, type BidFilter, BID_SORTS, type BidSort } from './list-filters.ts';
import type { Direction, Shape } from './query.ts';

/* The queries of spot bids; `queries.ts` lists them with all others. */

const DIRECTIONS: readonly Direction[] = ['asc', 'desc'];

/** Every subset of the filters, in the filters' order. */
const FILTER_SETS: readonly (readonly BidFilter[])[] = Array.from({ length: 2 ** BID_FILTERS.length }, (_, bits) =>
  BID_FILTERS.filter((_name, i) => (bits & (1 << i)) !== 0),
);

/** One query for each sort order; for the order of creation, one for each set of filters. */
const BIDS: ReadonlyMap<string, Shape<Bid>> = new Map(
  DIRECTIONS.flatMap((direction) =>
    BID_SORTS.flatMap((property) =>
      (property === 'byCreated' ? FILTER_SETS : [[]]).map((filters): [string, Shape<Bid>] => [
        [property, direction, ...filters].join(),
        { kind: BID, equal: ['project', ...filters], range: property, order: [{ property, direction }] },
      ]),
    ),
  ),
);
export const BIDS_OF_PROJECT: readonly Shape<Bid>[] = [...BIDS.values()];

/** Finds the bids of a project that match all filters, in a total order (each position is unique). */
export function projectBids(sort: BidSort, direction: Direction, filters: ReadonlySet<BidFilter>): Shape<Bid> {
  const served = sort === 'byCreated' ? BID_FILTERS.filter((name) => filters.has(name)) : [];
  const shape = BIDS.get([sort, direction, ...served].join());
  if (shape === undefined) throw new Error('There is a query for every order.');
  return shape;
}

/** Finds bids that are due for a check, the longest due first. */
export const DUE_BIDS: Shape<Bid> = {
  kind: BID,
  equal: [],
  atMost: 'checkAtMs',
  order: [{ property: 'checkAtMs', direction: 'asc' }],
};

/** Finds bids for a machine type that hold instances and whose limit is at most a price; the lowest limit first. */
export const HELD_BIDS: Shape<Bid> = {
  kind: BID,
  equal: ['heldType'],
  atMost: 'limitCents',
  order: [{ property: 'limitCents', direction: 'asc' }],
};

/** The bids of a project that have not ended. */
export const LIVE_BIDS_OF_PROJECT: Shape<Bid> = {
  kind: BID,
  equal: ['liveProject'],
  order: [{ property: '__key__', direction: 'asc' }],
};

/** The bids of a customer that wait for room in its quota. */
export const BIDS_WAITING_FOR_ROOM: Shape<Bid> = {
  kind: BID,
  equal: ['waitsForRoom'],
  order: [{ property: '__key__', direction: 'asc' }],
};
