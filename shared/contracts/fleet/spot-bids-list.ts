import { Type } from 'typebox';
import { BID_STATUSES } from '#shared/domain/bid.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { BID } from './bid-examples.ts';
import { FleetBidPage } from './bid-schemas.ts';
import { limit, nextCursor, optionalFid } from './parameters.ts';

export const spotBidsList = contract({
  name: 'fleet-spot-bids-list',
  family: 'fleet',
  method: 'GET',
  path: '/v2/spot/bids',
  tag: 'Fleet',
  summary: 'List spot bids',
  description: `Lists the bids that you can see, newest first: of one project, or of all your projects. Bids that have ended stay listed.
Filters combine with AND. A page can have fewer bids than asked for, and there is more as long as \`next_cursor\` is not
null. A cursor belongs to its list: filters, order and project must stay the same.`,
  role: null,
  limit: 'list',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: Type.Object({
    project: optionalFid('Only this project, one of yours.', 'proj_abc123456789'),
    name: Type.Optional(
      Type.String({ description: 'Only bids with exactly this name.', minLength: 1, maxLength: 128 }),
    ),
    instance_type: optionalFid('Only this type of machine.', 'it_n1-standard-2'),
    region: optionalFid('Only this zone.', 'us-central1-a'),
    status: Type.Optional(Type.Enum(BID_STATUSES, { type: 'string', description: 'Only this status.' })),
    sort_by: Type.Optional(
      Type.Enum(['created_at', 'status'], { type: 'string', description: 'Order; `created_at` when absent.' }),
    ),
    sort_dir: Type.Optional(
      Type.Enum(['asc', 'desc'], { type: 'string', description: 'Direction of the order; `desc` when absent.' }),
    ),
    limit: limit('Bids'),
    next_cursor: nextCursor,
  }),
  body: null,
  success: [{ status: 200, description: 'One page of bids.', body: FleetBidPage }],
  failures: [...LIMITED_FAILURES, 'invalid_cursor', 'project_not_found'],
  examples: [{ summary: 'The bids of one name', answer: { data: [BID], next_cursor: null } }],
});
