import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { contract } from '../contract.ts';
import { bidParams, bidQuery } from './bid-parameters.ts';
import { FleetBidHistory } from './bid-schemas.ts';
import { BID_FID } from './example-values.ts';

const PLACED = {
  timestamp: '2024-01-01T00:00:00Z',
  event_type: 'Placed',
  limit_price: '$0.25',
  user_id: 'user_550e8400-e29b-41d4-a716-446655440000',
  memory_gb: null,
  persistent_disk_change: null,
} as const;

const ALLOCATED = {
  ...PLACED,
  timestamp: '2024-01-01T00:00:21Z',
  event_type: 'Allocated',
  limit_price: null,
  user_id: null,
} as const;

export const spotBidsHistory = contract({
  name: 'fleet-spot-bids-history',
  family: 'fleet',
  method: 'GET',
  path: '/v2/spot/bids/{bid_fid}/history',
  tag: 'Fleet',
  summary: 'Read the history of a spot bid',
  description: `Lists what happened to the bid, oldest first.`,
  role: null,
  limit: 'history',
  idempotent: false,
  clients: ['datastore'],
  params: bidParams,
  query: bidQuery,
  body: null,
  success: [{ status: 200, description: 'The events.', body: FleetBidHistory }],
  failures: [...LIMITED_FAILURES, 'bid_not_found'],
  examples: [
    {
      summary: 'A bid that was placed and got its instances',
      answer: { bid_fid: BID_FID, events: [PLACED, ALLOCATED] },
    },
  ],
});
