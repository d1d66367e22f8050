import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { BILLING_FAILURES } from './billing-failures.ts';
import { Quotas } from './schemas.ts';

/** Reading limits and quotas is not rate limited. */
export const quotasGet = contract({
  name: 'billing-quotas-get',
  family: 'compute',
  method: 'GET',
  path: '/api/billing/v1/quotas',
  tag: 'Limits',
  summary: 'Read your quotas',
  description: 'How many instances your customer can have.',
  role: null,
  limit: null,
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'What applies to your customer now.', body: Quotas }],
  failures: BILLING_FAILURES,
  examples: [
    {
      summary: 'A customer with three instances allowed',
      answer: {
        customerId: 'acme',
        tierName: 'pro',
        quotas: { 'compute-api': { max_instances: { value: 3, description: 'Instances at the same time' } } },
      },
    },
  ],
});
