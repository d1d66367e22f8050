import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { BILLING_FAILURES } from './billing-failures.ts';
import { featureParams } from './parameters.ts';
import { FeatureValue } from './schemas.ts';

export const limitsFeature = contract({
  name: 'billing-limits-feature',
  family: 'compute',
  method: 'GET',
  path: '/api/billing/v1/limits/{service}/{feature}',
  tag: 'Limits',
  summary: 'Read one rate limit',
  description: 'One rate limit.',
  role: null,
  limit: null,
  idempotent: false,
  clients: ['datastore'],
  params: featureParams,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'What applies to your customer now.', body: FeatureValue }],
  failures: [...BILLING_FAILURES, 'feature_not_found'],
  examples: [
    {
      summary: 'A customer with three instances allowed',
      answer: {
        customerId: 'acme',
        tierName: 'pro',
        service: 'compute-api',
        feature: 'create_per_minute',
        value: 10,
        window: 'minute',
        description: 'Creations of instances per minute',
      },
    },
  ],
});
