import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { BILLING_FAILURES } from './billing-failures.ts';
import { featureParams } from './parameters.ts';
import { FeatureValue } from './schemas.ts';

export const quotasFeature = contract({
  name: 'billing-quotas-feature',
  family: 'compute',
  method: 'GET',
  path: '/api/billing/v1/quotas/{service}/{feature}',
  tag: 'Limits',
  summary: 'Read one quota',
  description: 'One quota.',
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
        feature: 'max_instances',
        value: 3,
        description: 'Instances at the same time',
      },
    },
  ],
});
