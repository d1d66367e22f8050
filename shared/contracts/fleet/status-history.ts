import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { INSTANCE_FID, RESERVATION_FID } from './example-values.ts';
import { historyQuery } from './parameters.ts';
import { FleetStatusHistory } from './schemas.ts';

export const statusHistory = contract({
  name: 'fleet-status-history',
  family: 'fleet',
  method: 'GET',
  path: '/v2/instances/status/history',
  tag: 'Fleet',
  summary: 'Read the history of statuses',
  description: `Lists when the cloud changed the status of which instance, oldest first: of the whole project, or of what the selectors
name together. A limit counts events. Instances that are gone keep their history.`,
  role: null,
  limit: 'history',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: historyQuery('Events'),
  body: null,
  success: [{ status: 200, description: 'One page of events.', body: FleetStatusHistory }],
  failures: [...LIMITED_FAILURES, 'project_not_found', 'invalid_cursor'],
  examples: [
    {
      summary: 'An instance that was made and has started',
      answer: {
        instances: [
          {
            instance_fid: INSTANCE_FID,
            events: [
              { timestamp: '2024-01-01T00:00:00Z', status: 'STATUS_INITIALIZING' },
              { timestamp: '2024-01-01T00:00:08Z', status: 'STATUS_STARTING' },
              { timestamp: '2024-01-01T00:00:21Z', status: 'STATUS_RUNNING' },
            ],
            bid_fid: null,
            reservation_fid: RESERVATION_FID,
          },
        ],
        next_cursor: null,
      },
    },
  ],
});
