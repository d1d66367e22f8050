import { CHANGE_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { contract } from '../contract.ts';
import { BID } from './bid-examples.ts';
import { bidParams, bidQuery } from './bid-parameters.ts';
import { FleetBid, FleetBidChange } from './bid-schemas.ts';
import { INSTANCE_FID, OTHER_INSTANCE_FID } from './example-values.ts';

export const spotBidsUpdate = contract({
  name: 'fleet-spot-bids-update',
  family: 'fleet',
  method: 'PATCH',
  path: '/v2/spot/bids/{bid_fid}',
  tag: 'Fleet',
  summary: 'Change a spot bid',
  description: `Pauses or resumes a bid, or changes its limit price or volumes. Pausing stops every instance, resuming starts the same ones
again, in the same order. A limit below the spot price takes the instances away; they are started again when the price
falls. What the bid has already is no change. A bid that has ended is 409.`,
  role: null,
  limit: 'start',
  idempotent: false,
  clients: ['datastore', 'pubsub'],
  params: bidParams,
  query: bidQuery,
  body: FleetBidChange,
  success: [{ status: 200, description: 'The bid, with its new status.', body: FleetBid }],
  failures: [
    ...LIMITED_FAILURES,
    ...CHANGE_FAILURES,
    'bid_not_found',
    'bid_terminated',
    'too_many_operations',
    'volume_not_found',
    'volume_region',
    'volume_in_use',
    'volume_name_taken',
  ],
  examples: [
    {
      summary: 'Stop the instances',
      body: { paused: true },
      answer: { ...BID, status: 'Paused', instances: [INSTANCE_FID, OTHER_INSTANCE_FID] },
    },
  ],
});
