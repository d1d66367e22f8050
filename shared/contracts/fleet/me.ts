import { UNCHECKED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { FleetMe } from './account-schemas.ts';
import { ignored } from './parameters.ts';

export const me = contract({
  name: 'fleet-me',
  family: 'fleet',
  method: 'GET',
  path: '/v2/me',
  tag: 'Fleet',
  summary: 'Read who is asking',
  description: 'Answers the user that the credential proves.',
  role: null,
  limit: 'get',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: ignored,
  body: null,
  success: [{ status: 200, description: 'The user.', body: FleetMe }],
  failures: [...UNCHECKED_FAILURES],
  examples: [
    {
      summary: 'A member',
      answer: {
        id: '550e8400-e29b-41d4-a716-446655440000',
        fid: 'user_550e8400-e29b-41d4-a716-446655440000',
        email: '',
        user_name: 'alice',
        organization_id: 'acme',
        organization_role: 'member',
      },
    },
  ],
});
