import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { BILLING_FAILURES } from './billing-failures.ts';
import { Limits } from './schemas.ts';

/** Reading limits and quotas is not rate limited. */
export const limitsGet = contract({
  name: 'billing-limits-get',
  family: 'compute',
  method: 'GET',
  path: '/api/billing/v1/limits',
  tag: 'Limits',
  summary: 'Read your rate limits',
  description: 'How many requests your customer can send per minute, by operation.',
  role: null,
  limit: null,
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'What applies to your customer now.', body: Limits }],
  failures: BILLING_FAILURES,
  examples: [
    {
      summary: 'A customer with three instances allowed',
      answer: {
        customerId: 'acme',
        tierName: 'pro',
        limits: {
          'compute-api': { create_per_minute: { value: 10, window: 'minute', description: 'Creations per minute' } },
        },
      },
    },
  ],
});
