import { Type } from 'typebox';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { FleetCurrentPrice } from './offer-schemas.ts';
import { fid, optionalFid } from './parameters.ts';

export const pricesCurrent = contract({
  name: 'fleet-prices-current',
  family: 'fleet',
  method: 'GET',
  path: '/v2/pricing/current',
  tag: 'Fleet',
  summary: 'Read the price of an instance type',
  description: 'Answers what a type of machine costs now: in a region, or in the cheapest one.',
  role: null,
  limit: 'catalog',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: Type.Object(
    {
      instance_type: fid('Type of machine.', 'it_n1-standard-2'),
      region: optionalFid('Region; the cheapest when absent.', 'us-central1-a'),
      instance_quantity: Type.Integer({
        description: 'How many instances; the price of each is the same.',
        minimum: 1,
        maximum: 256,
        default: 1,
      }),
    },
    { additionalProperties: true },
  ),
  body: null,
  success: [{ status: 200, description: 'The price.', body: FleetCurrentPrice }],
  failures: [...LIMITED_FAILURES, 'config_not_found', 'instance_type_not_found'],
  examples: [
    {
      summary: 'Four cents an hour',
      answer: {
        spot_price_cents: 4,
        reserved_price_cents: 10,
        minimum_price_cents: 4,
        lowest_allocated_bid_cents: null,
        dynamic_win_price_cents: 4,
        available_capacity: 3,
        total_capacity: 3,
      },
    },
  ],
});
