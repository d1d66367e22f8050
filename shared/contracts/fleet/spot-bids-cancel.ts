import { CHANGE_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { contract } from '../contract.ts';
import { bidParams, bidQuery } from './bid-parameters.ts';

export const spotBidsCancel = contract({
  name: 'fleet-spot-bids-cancel',
  family: 'fleet',
  method: 'DELETE',
  path: '/v2/spot/bids/{bid_fid}',
  tag: 'Fleet',
  summary: 'Cancel a spot bid',
  description: `Ends a bid. Its instances are STATUS_TERMINATED in every list at once, and go; its volumes stay. Cancelling a bid that has
ended changes nothing. While one of its instances is protected from deletion, it is 409, and nothing is done.`,
  role: null,
  limit: 'delete',
  idempotent: false,
  clients: ['datastore', 'pubsub'],
  params: bidParams,
  query: bidQuery,
  body: null,
  success: [{ status: 204, description: 'Ended.', body: null }],
  failures: [...LIMITED_FAILURES, ...CHANGE_FAILURES, 'bid_not_found', 'deletion_protected'],
  examples: [{ summary: 'Cancel a bid' }],
});
