import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { BILLING_FAILURES } from './billing-failures.ts';
import { serviceParams } from './parameters.ts';
import { ServiceQuotas } from './schemas.ts';

export const quotasService = contract({
  name: 'billing-quotas-service',
  family: 'compute',
  method: 'GET',
  path: '/api/billing/v1/quotas/{service}',
  tag: 'Limits',
  summary: 'Read the quotas of one service',
  description: 'Quotas of one service, by feature.',
  role: null,
  limit: null,
  idempotent: false,
  clients: ['datastore'],
  params: serviceParams,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'What applies to your customer now.', body: ServiceQuotas }],
  failures: [...BILLING_FAILURES, 'feature_not_found'],
  examples: [
    {
      summary: 'A customer with three instances allowed',
      answer: {
        customerId: 'acme',
        tierName: 'pro',
        service: 'compute-api',
        quotas: { max_instances: { value: 3, description: 'Instances at the same time' } },
      },
    },
  ],
});
