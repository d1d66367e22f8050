import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { BILLING_FAILURES } from './billing-failures.ts';
import { LimitUsage } from './schemas.ts';

/** Reading limits and quotas is not rate limited. */
export const limitsUsage = contract({
  name: 'billing-limits-usage',
  family: 'compute',
  method: 'GET',
  path: '/api/billing/v1/limits/usage',
  tag: 'Limits',
  summary: 'Read how much of your rate limits is used',
  description: 'What was counted in the running minute, and what is left.',
  role: null,
  limit: null,
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'What applies to your customer now.', body: LimitUsage }],
  failures: BILLING_FAILURES,
  examples: [
    {
      summary: 'A customer with three instances allowed',
      answer: {
        customerId: 'acme',
        identifier: 'acme',
        identifierType: 'customer',
        services: {
          'compute-api': {
            serviceName: 'Compute API',
            features: [
              {
                featureKey: 'create_per_minute',
                currentUsage: 4,
                limit: 10,
                remaining: 6,
                window: 'minute',
                resetAt: 1704067260,
                isLocked: false,
                tierName: 'pro',
              },
            ],
          },
        },
        totalFeatures: 1,
        fetchedAt: '2024-01-01T00:00:00Z',
      },
    },
  ],
});
