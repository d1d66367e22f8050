import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { contract } from '../contract.ts';
import { BID } from './bid-examples.ts';
import { bidParams, bidQuery } from './bid-parameters.ts';
import { FleetBid } from './bid-schemas.ts';
import { INSTANCE_FID, OTHER_INSTANCE_FID } from './example-values.ts';

export const spotBidsGet = contract({
  name: 'fleet-spot-bids-get',
  family: 'fleet',
  method: 'GET',
  path: '/v2/spot/bids/{bid_fid}',
  tag: 'Fleet',
  summary: 'Read a spot bid',
  description: `Answers the bid as it is on record.`,
  role: null,
  limit: 'get',
  idempotent: false,
  clients: ['datastore'],
  params: bidParams,
  query: bidQuery,
  body: null,
  success: [{ status: 200, description: 'The bid.', body: FleetBid }],
  failures: [...LIMITED_FAILURES, 'bid_not_found'],
  examples: [
    {
      summary: 'A bid that has its instances',
      answer: { ...BID, status: 'Allocated', instances: [INSTANCE_FID, OTHER_INSTANCE_FID] },
    },
  ],
});
