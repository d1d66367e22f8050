import { Type } from 'typebox';
import { UNCHECKED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { FleetTeammate } from './account-schemas.ts';
import { PROJECT_FID } from './example-values.ts';
import { ignored } from './parameters.ts';

export const teammates = contract({
  name: 'fleet-teammates',
  family: 'fleet',
  method: 'GET',
  path: '/v2/me/teammates',
  tag: 'Fleet',
  summary: 'List the users of your customer',
  description: 'Lists the users of the same customer, the caller included.',
  role: null,
  limit: 'list',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: ignored,
  body: null,
  success: [{ status: 200, description: 'The users.', body: Type.Array(FleetTeammate) }],
  failures: [...UNCHECKED_FAILURES],
  examples: [
    {
      summary: 'One user',
      answer: [
        {
          id: '550e8400-e29b-41d4-a716-446655440000',
          fid: 'user_550e8400-e29b-41d4-a716-446655440000',
          user_name: 'alice',
          email: null,
          organization_role: 'member',
          project_ids: [PROJECT_FID],
          deactivated_at: null,
        },
      ],
    },
  ],
});
