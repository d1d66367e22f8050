import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { BILLING_FAILURES } from './billing-failures.ts';
import { usageParams } from './parameters.ts';
import { FeatureUsage } from './schemas.ts';

export const limitsUsageFeature = contract({
  name: 'billing-limits-usage-feature',
  family: 'compute',
  method: 'GET',
  path: '/api/billing/v1/limits/usage/{feature}',
  tag: 'Limits',
  summary: 'Read how often you asked for one thing',
  description: 'Requests of this minute that one rate limit has counted.',
  role: null,
  limit: null,
  idempotent: false,
  clients: ['datastore'],
  params: usageParams,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'What applies to your customer now.', body: FeatureUsage }],
  failures: [...BILLING_FAILURES, 'feature_not_found'],
  examples: [
    {
      summary: 'A customer with three instances allowed',
      answer: {
        customerId: 'acme',
        featureKey: 'create_per_minute',
        currentUsage: 2,
        limit: 10,
        remaining: 8,
        window: 'minute',
        resetAt: 1704067260,
        isLocked: false,
        tierName: 'pro',
      },
    },
  ],
});
