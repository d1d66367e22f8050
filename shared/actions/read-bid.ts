import { BID } from '#shared/datastore/bid-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref, type Row } from '#shared/datastore/write.ts';
import { type Bid, bidNotFound } from '#shared/domain/bid.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { isInProjects } from './require-project.ts';

/** Identifies the bid of a request. */
export interface BidRequest {
  readonly caller: Principal;
  /** fid. */
  readonly bid: string;
  /** The project that the request names, if it does; the bid must belong to it. */
  readonly project: string | undefined;
}

/** Reads the bid. Throws the same `not_found` for a bid that does not exist and for one that is not the caller's. */
export async function requireBid(
  { caller, bid, project }: BidRequest,
  { store }: { readonly store: Pick<Store, 'get'> },
): Promise<Row<Bid>> {
  const row = bid.startsWith('bid_') ? await store.get(ref(BID, bid)) : undefined;
  if (row === undefined || !isInProjects(caller, row.value)) throw bidNotFound();
  if (project !== undefined && project !== row.value.project) throw bidNotFound();
  return row;
}

export async function readBid(request: BidRequest, tools: { readonly store: Pick<Store, 'get'> }): Promise<Bid> {
  return (await requireBid(request, tools)).value;
}
