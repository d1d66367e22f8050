import { Type } from 'typebox';
import { UNCHECKED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { FleetAvailability } from './offer-schemas.ts';
import { ignored } from './parameters.ts';

export const availabilityList = contract({
  name: 'fleet-availability-list',
  family: 'fleet',
  method: 'GET',
  path: '/v2/spot/availability',
  tag: 'Fleet',
  summary: 'List where machines can be launched',
  description:
    'Lists every instance type in every region in which a spot bid can have it, with the price of now. A region where Compute Engine had no room lately shows a capacity of 0 for some minutes.',
  role: null,
  limit: 'catalog',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: ignored,
  body: null,
  success: [{ status: 200, description: 'The availability.', body: Type.Array(FleetAvailability) }],
  failures: [...UNCHECKED_FAILURES, 'config_not_found'],
  examples: [
    {
      summary: 'One type in one region',
      answer: [
        {
          fid: 'auc_n1-standard-2_us-central1-a',
          instance_type: 'it_n1-standard-2',
          region: 'us-central1-a',
          capacity: 3,
          last_instance_price: '$0.04',
          lowest_allocated_price: null,
          adjustable_memory: false,
          default_image_version: 'imgver_ubuntu-24.04',
        },
      ],
    },
  ],
});
