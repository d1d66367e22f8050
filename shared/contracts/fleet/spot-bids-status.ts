import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { contract } from '../contract.ts';
import { bidParams, bidQuery } from './bid-parameters.ts';
import { FleetBidStatus } from './bid-schemas.ts';
import { BID_FID } from './example-values.ts';

export const spotBidsStatus = contract({
  name: 'fleet-spot-bids-status',
  family: 'fleet',
  method: 'GET',
  path: '/v2/spot/bids/{bid_fid}/status',
  tag: 'Fleet',
  summary: 'Read the status of a spot bid',
  description: `Answers the status, and why the bid does not have what it asks for.`,
  role: null,
  limit: 'get',
  idempotent: false,
  clients: ['datastore'],
  params: bidParams,
  query: bidQuery,
  body: null,
  success: [{ status: 200, description: 'The status.', body: FleetBidStatus }],
  failures: [...LIMITED_FAILURES, 'bid_not_found'],
  examples: [
    {
      summary: 'A bid below the spot price',
      answer: {
        bid_fid: BID_FID,
        status: 'Open',
        reason: 'The spot price is $0.30, above the limit of $0.25.',
      },
    },
  ],
});
