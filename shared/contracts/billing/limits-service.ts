import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { BILLING_FAILURES } from './billing-failures.ts';
import { serviceParams } from './parameters.ts';
import { ServiceLimits } from './schemas.ts';

export const limitsService = contract({
  name: 'billing-limits-service',
  family: 'compute',
  method: 'GET',
  path: '/api/billing/v1/limits/{service}',
  tag: 'Limits',
  summary: 'Read the rate limits of one service',
  description: 'Rate limits of one service, by feature.',
  role: null,
  limit: null,
  idempotent: false,
  clients: ['datastore'],
  params: serviceParams,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'What applies to your customer now.', body: ServiceLimits }],
  failures: [...BILLING_FAILURES, 'feature_not_found'],
  examples: [
    {
      summary: 'A customer with three instances allowed',
      answer: {
        customerId: 'acme',
        tierName: 'pro',
        service: 'compute-api',
        limits: {
          create_per_minute: { value: 10, window: 'minute', description: 'Creations of instances per minute' },
        },
      },
    },
  ],
});
