import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { BILLING_FAILURES } from './billing-failures.ts';
import { QuotaUsage } from './schemas.ts';

/** Reading limits and quotas is not rate limited. */
export const quotasUsage = contract({
  name: 'billing-quotas-usage',
  family: 'compute',
  method: 'GET',
  path: '/api/billing/v1/quotas/usage',
  tag: 'Limits',
  summary: 'Read how much of your quotas is used',
  description: 'What counts against your quotas now, and what is left.',
  role: null,
  limit: null,
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'What applies to your customer now.', body: QuotaUsage }],
  failures: BILLING_FAILURES,
  examples: [
    {
      summary: 'A customer with three instances allowed',
      answer: {
        customerId: 'acme',
        services: {
          'compute-api': {
            serviceName: 'Compute API',
            features: [{ featureKey: 'max_instances', currentUsage: 2, limit: 3, remaining: 1 }],
          },
        },
        totalFeatures: 1,
        fetchedAt: '2024-01-01T00:00:00Z',
      },
    },
  ],
});
