import { Type } from 'typebox';
import { contract } from '../contract.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';

const Me = Type.Object(
  {
    userId: Type.String({ description: 'Who you are.', format: 'uuid' }),
    name: Type.String({ description: 'Your name; empty where only the issuer of your token knows it.' }),
    customerId: Type.String({ description: 'Customer whose quota and limits you use.' }),
    customerName: Type.String({ description: 'Its name.' }),
    tierName: Type.String({ description: 'Its tier.' }),
    projects: Type.Array(
      Type.Object({ id: Type.String({ description: 'fid.' }), name: Type.String({ description: 'Name.' }) }),
      { description: 'Your projects, the default one first.' },
    ),
    groups: Type.Array(Type.String(), { description: 'Your groups: who sees what you make, and whose you see.' }),
    roles: Type.Array(Type.String(), {
      description: 'Your roles; `compute_admin` opens the endpoints of administrators.',
    }),
    credential: Type.Object(
      {
        type: Type.Enum(['session', 'key', 'jwt'], { type: 'string', description: 'Kind of credential.' }),
        id: Type.String({ description: 'Which one, without its secret.' }),
        expiresAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
          description: 'When it ends; null when it does not.',
        }),
      },
      { description: 'What this request was sent with.' },
    ),
  },
  { title: 'Me', description: 'Who is asking.' },
);

export const meGet = contract({
  name: 'compute-me-get',
  family: 'compute',
  method: 'GET',
  path: '/api/compute/v1/me',
  tag: 'Limits',
  summary: 'Read who you are',
  description: 'Your user, customer, projects, groups, roles and tier, and when the credential of this request ends.',
  role: null,
  limit: 'get',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'Who the credential belongs to.', body: Me }],
  failures: LIMITED_FAILURES,
  examples: [
    {
      summary: 'A user with one project',
      answer: {
        userId: '550e8400-e29b-41d4-a716-446655440000',
        name: 'alice',
        customerId: 'acme',
        customerName: 'Acme',
        tierName: 'pro',
        projects: [{ id: 'proj_abc123456789', name: 'research' }],
        groups: ['group1'],
        roles: [],
        credential: { type: 'key', id: 'ak_live_0123456789abcdef', expiresAt: null },
      },
    },
  ],
});
