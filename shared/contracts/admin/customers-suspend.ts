import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { customerParams, DESK, DESK_CHANGE_FAILURES } from './desk-contract.ts';
import { SuspendCustomer, SuspendedCustomer } from './desk-schemas.ts';

export const customersSuspend = contract({
  ...DESK,
  name: 'admin-customers-suspend',
  method: 'POST',
  path: '/api/compute/v1/admin/customers/{id}/suspend',
  summary: 'Suspend a customer',
  description:
    'Refuses new instances, starts, resets, restarts and edits of the customer with 403 `customer_suspended` and the reason given here; reading, stopping and deleting still work. Functions notice within ten seconds, for which they remember credentials.',
  clients: ['datastore', 'pubsub'],
  params: customerParams,
  query: nothing,
  body: SuspendCustomer,
  success: [{ status: 200, description: 'The customer is suspended.', body: SuspendedCustomer }],
  failures: [...DESK_CHANGE_FAILURES, 'unknown_customer'],
  examples: [
    {
      summary: 'The customer is suspended',
      body: { reason: 'Unpaid since January.', stop_instances: true },
      answer: {
        suspension: {
          reason: 'Unpaid since January.',
          since: '2026-03-14T15:02:17Z',
          by: '5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e',
        },
        stops: [],
      },
    },
  ],
});
