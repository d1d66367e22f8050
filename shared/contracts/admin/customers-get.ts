import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { ADMIN_FAILURES } from './admin-failures.ts';
import { customerParams, DESK } from './desk-contract.ts';
import { CustomerSheet } from './desk-schemas.ts';

export const customersGet = contract({
  ...DESK,
  name: 'admin-customers-get',
  method: 'GET',
  path: '/api/compute/v1/admin/customers/{id}',
  summary: 'Get a customer at one look',
  description:
    'Reads tier, suspension, quota and its use, instances by state, cost now and so far this month, the requests of this minute, and the API keys with their last use.',
  clients: ['datastore'],
  params: customerParams,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'The customer.', body: CustomerSheet }],
  failures: [...ADMIN_FAILURES, 'unknown_customer'],
  examples: [
    {
      summary: 'The customer',
      answer: {
        id: 'acme',
        name: 'Acme Ltd',
        tier: 'pro',
        suspension: null,
        quota: { used: 2, limit: 3 },
        instances: { running: 1, stopped: 1 },
        centsPerHour: 12,
        monthCents: 3120,
        requestsThisMinute: { create: 1, get: 7 },
        users: 1,
        keys: [
          {
            id: 'ak_live_0123456789abcdef',
            userId: '550e8400-e29b-41d4-a716-446655440000',
            name: 'laptop',
            state: 'valid',
            lastUsedAt: '2026-03-14T15:02:17Z',
          },
        ],
        complete: true,
      },
    },
  ],
});
