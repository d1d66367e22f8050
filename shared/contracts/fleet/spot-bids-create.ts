import { LIMITED_FAILURES, POST_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { BID, NEW_BID } from './bid-examples.ts';
import { FleetBid, FleetNewBid } from './bid-schemas.ts';
import { ignored } from './parameters.ts';

export const spotBidsCreate = contract({
  name: 'fleet-spot-bids-create',
  family: 'fleet',
  method: 'POST',
  path: '/v2/spot/bids',
  tag: 'Fleet',
  summary: 'Place a spot bid',
  description: `Places a bid for Spot machines. It gets all of them or none: while the spot price is above the limit, or the cloud has not
enough to spare, the bid stays Open, and is tried again. Instances are called \`<name>-1\`, \`<name>-2\`, … The same request by
the same user within ten minutes answers with the bid that it made, as long as that one has not been paused or cancelled;
an \`Idempotency-Key\` tells two bids of the same content apart. A bid that the quota has no room for is 403; while
instances that are being deleted are all that it lacks, the bid is Open, and is launched when they are gone.`,
  role: null,
  limit: 'create',
  idempotent: true,
  clients: ['datastore', 'pubsub'],
  params: nothing,
  query: ignored,
  body: FleetNewBid,
  success: [{ status: 201, description: 'Placed.', body: FleetBid }],
  failures: [
    ...LIMITED_FAILURES,
    ...POST_FAILURES,
    'project_not_found',
    'instance_type_not_found',
    'image_version_not_found',
    'cluster_not_found',
    'ssh_key_not_found',
    'no_groups',
    'volume_not_found',
    'volume_region',
    'volume_in_use',
    'quota_exceeded',
    'image_missing',
  ],
  examples: [{ summary: 'Two machines', body: NEW_BID, answer: BID }],
});
