import { Type } from 'typebox';
import { RESERVATION_STATUSES } from '#shared/domain/orders.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { BID, LAUNCH } from './bid-examples.ts';
import { FleetReservationPage } from './bid-schemas.ts';
import { INSTANCE_FID, PROJECT_FID, RESERVATION_FID } from './example-values.ts';
import { limit, nextCursor, optionalFid, project } from './parameters.ts';

export const reservationsList = contract({
  name: 'fleet-reservations-list',
  family: 'fleet',
  method: 'GET',
  path: '/v2/reservation',
  tag: 'Fleet',
  summary: 'List reservations',
  description: `Lists the reservations of a project, newest first. Filters combine with AND. A cursor belongs to its list: filters, order
and project must stay the same.`,
  role: null,
  limit: 'list',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: Type.Object({
    project,
    status: Type.Optional(Type.Enum(RESERVATION_STATUSES, { type: 'string', description: 'Only this status.' })),
    instance_type: optionalFid('Only this type of machine.', 'it_n1-standard-2'),
    region: optionalFid('Only this zone.', 'us-central1-a'),
    sort_by: Type.Optional(
      Type.Enum(['created_at', 'status'], { type: 'string', description: 'Order; `created_at` when absent.' }),
    ),
    sort_dir: Type.Optional(
      Type.Enum(['asc', 'desc'], { type: 'string', description: 'Direction of the order; `desc` when absent.' }),
    ),
    limit: limit('Reservations'),
    next_cursor: nextCursor,
  }),
  body: null,
  success: [{ status: 200, description: 'One page of reservations.', body: FleetReservationPage }],
  failures: [...LIMITED_FAILURES, 'invalid_cursor', 'project_not_found'],
  examples: [
    {
      summary: 'Two places for a month',
      answer: {
        data: [
          {
            fid: RESERVATION_FID,
            name: 'january',
            project: PROJECT_FID,
            created_by: BID.created_by,
            created_at: '2024-01-01T00:00:00Z',
            deactivated_at: null,
            instance_quantity: 2,
            instance_type: 'it_n1-standard-2',
            region: null,
            instances: [INSTANCE_FID],
            launch_specification: { ...LAUNCH, ssh_keys: [] },
            status: 'Active',
            start_time: '2024-01-01T00:00:00Z',
            end_time: '2024-02-01T00:00:00Z',
            total_price: '$119.04',
            unit_price: '$0.08',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});
