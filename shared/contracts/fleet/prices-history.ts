import { Type } from 'typebox';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { FleetPriceSeriesList } from './offer-schemas.ts';
import { fidList, optionalFid, time } from './parameters.ts';

export const pricesHistory = contract({
  name: 'fleet-prices-history',
  family: 'fleet',
  method: 'GET',
  path: '/v2/pricing/history',
  tag: 'Fleet',
  summary: 'Read prices over time',
  description:
    'Answers what types of machine cost at some times: evenly spread over the window, or at every change. The window ends now, and begins thirty days earlier, when nothing is said.',
  role: null,
  limit: 'history',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: Type.Object(
    {
      instance_types: fidList('Only these types; all that can be launched when absent.', 'it_n1-standard-2'),
      region: optionalFid('Only this region.', 'us-central1-a'),
      num_samples: Type.Integer({
        description: 'Times of each series; -1: every change.',
        minimum: -1,
        maximum: 1000,
        default: 100,
      }),
      start_time: time('Begin of the window.'),
      end_time: time('End of the window.'),
    },
    { additionalProperties: true },
  ),
  body: null,
  success: [{ status: 200, description: 'The prices.', body: FleetPriceSeriesList }],
  failures: [...LIMITED_FAILURES, 'config_not_found', 'instance_type_not_found'],
  examples: [
    {
      summary: 'A price that went up',
      answer: {
        series: [
          {
            instance_type: 'it_n1-standard-2',
            region: 'us-central1-a',
            timestamps: ['2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z'],
            spot_prices: ['$0.04', '$0.05'],
            reserved_prices: ['$0.10', '$0.10'],
            region_disabled: false,
          },
        ],
        complete: true,
      },
    },
  ],
});
