import { BID } from '#shared/datastore/bid-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref, type Row } from '#shared/datastore/write.ts';
import { type Bid, bidNotFound } from '#shared/domain/bid.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { isInProjects } from './require-project.ts';

/** A bid as a request names it. */
export interface BidRequest {
  readonly caller: Principal;
  /** fid. */
  readonly bid: string;
  /** Where the caller says which project the bid is of, it must be that one. */
  readonly project: string | undefined;
}

/** The bid of this id. Throws the same `not_found` for one that does not exist and for one that is not the caller's. */
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
