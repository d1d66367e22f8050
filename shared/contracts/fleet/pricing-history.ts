import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { INSTANCE_FID } from './example-values.ts';
import { historyQuery } from './parameters.ts';
import { FleetPriceHistory } from './schemas.ts';

export const pricingHistory = contract({
  name: 'fleet-pricing-history',
  family: 'fleet',
  method: 'GET',
  path: '/v2/instances/pricing/history',
  tag: 'Fleet',
  summary: 'Read the history of prices',
  description: `Lists the periods in which instances were charged, and at which price, oldest first. A period opens when the instance
runs, and closes when it has come to rest or when the price changes. That of an instance in a reservation runs through
pauses. Instances that are gone keep their history.`,
  role: null,
  limit: 'history',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: historyQuery('Periods'),
  body: null,
  success: [{ status: 200, description: 'One page of periods.', body: FleetPriceHistory }],
  failures: [...LIMITED_FAILURES, 'project_not_found', 'invalid_cursor'],
  examples: [
    {
      summary: 'An instance that was paused and runs again',
      answer: {
        instances: [
          {
            instance_fid: INSTANCE_FID,
            events: [
              { price_cents: 10, start_time: '2024-01-01T00:00:21Z', end_time: '2024-01-01T06:30:12Z' },
              { price_cents: 10, start_time: '2024-01-02T08:00:05Z', end_time: null },
            ],
            bid_fid: null,
            reservation_fid: null,
          },
        ],
        next_cursor: null,
      },
    },
  ],
});
