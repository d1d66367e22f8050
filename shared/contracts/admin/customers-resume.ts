import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { customerParams, DESK, DESK_CHANGE_FAILURES } from './desk-contract.ts';
import { ResumedCustomer } from './desk-schemas.ts';

export const customersResume = contract({
  ...DESK,
  name: 'admin-customers-resume',
  method: 'POST',
  path: '/api/compute/v1/admin/customers/{id}/resume',
  summary: 'Resume a customer',
  description: 'Ends a suspension. Nothing is started.',
  clients: ['datastore'],
  params: customerParams,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'The customer is not suspended.', body: ResumedCustomer }],
  failures: [...DESK_CHANGE_FAILURES, 'unknown_customer'],
  examples: [{ summary: 'The customer is not suspended', answer: { resumed: true } }],
});
