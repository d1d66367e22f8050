import { Type } from 'typebox';
import { FLEET_STATUSES } from '#shared/domain/fleet-status.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { CURSOR, FLEET_INSTANCE } from './example-values.ts';
import { fidList, limit, nextCursor, optionalFid, project } from './parameters.ts';
import { FleetInstancePage } from './schemas.ts';

export const instancesList = contract({
  name: 'fleet-instances-list',
  family: 'fleet',
  method: 'GET',
  path: '/v2/instances',
  tag: 'Fleet',
  summary: "List a project's instances",
  description: `Lists the instances of a project that you can see, whichever family they were made through. Filters combine with AND;
lists may be comma-separated, repeated, or both. Pages hold while instances come and go: one that is there throughout is on
exactly one page. A page can have fewer instances than asked for, and there is more as long as \`next_cursor\` is not null.
A cursor belongs to its list: filters, order and project must stay the same.`,
  role: null,
  limit: 'list',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: Type.Object(
    {
      project,
      next_cursor: nextCursor,
      sort_by: Type.Optional(
        Type.Enum(['created_at', 'instance_status', 'instance_type_fid'], {
          type: 'string',
          description: 'Order; `created_at` when absent.',
        }),
      ),
      sort_dir: Type.Optional(
        Type.Enum(['asc', 'desc'], { type: 'string', description: 'Direction of the order; `desc` when absent.' }),
      ),
      instance_type: optionalFid('Only this type of machine.', 'it_n1-standard-2'),
      region: optionalFid('Only this zone.', 'us-central1-a'),
      status_in: Type.Optional(
        Type.Array(Type.Enum(FLEET_STATUSES, { type: 'string' }), { description: 'Only these statuses.' }),
      ),
      order_type_in: Type.Optional(
        Type.Array(Type.Enum(['Bid', 'Reservation'], { type: 'string' }), {
          description: 'Only instances of spot bids, or of reservations, or of both.',
        }),
      ),
      bid_fid_in: fidList('Only instances of these spot bids.', 'bid_abc123456789'),
      reservation_fid_in: fidList('Only instances of these reservations.', 'res_abc123456789'),
      limit: limit('Instances'),
    },
    { additionalProperties: false },
  ),
  body: null,
  success: [{ status: 200, description: 'One page of instances.', body: FleetInstancePage }],
  failures: [...LIMITED_FAILURES, 'project_not_found', 'invalid_cursor'],
  examples: [{ summary: 'A first page', answer: { data: [FLEET_INSTANCE], next_cursor: CURSOR } }],
});
