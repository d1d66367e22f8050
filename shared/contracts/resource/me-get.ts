import { Type } from 'typebox';
import { contract } from '../contract.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';

const ResourceMe = Type.Object(
  {
    id: Type.String({ description: 'Id of the user.', format: 'uuid' }),
    metadata: Type.Object({ name: Type.String({ description: 'Name.' }) }, { description: 'What you are called.' }),
    spec: Type.Object(
      {
        customer_id: Type.String({ description: 'Customer whose quota and limits you use.' }),
        customer_name: Type.String({ description: 'Its name.' }),
        tier: Type.String({ description: 'Its tier.' }),
        projects: Type.Array(
          Type.Object({ id: Type.String({ description: 'fid.' }), name: Type.String({ description: 'Name.' }) }),
          { description: 'Your projects, the default one first.' },
        ),
        groups: Type.Array(Type.String(), { description: 'Your groups.' }),
        roles: Type.Array(Type.String(), { description: 'Your roles.' }),
      },
      { description: 'What you belong to.' },
    ),
    credential: Type.Object(
      {
        type: Type.Enum(['session', 'key', 'jwt'], { type: 'string', description: 'Kind of credential.' }),
        id: Type.String({ description: 'Which one, without its secret.' }),
        expires_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
          description: 'When it ends; null when it does not.',
        }),
      },
      { description: 'What this request was sent with.' },
    ),
  },
  { title: 'ResourceMe', description: 'Who is asking.' },
);

export const meGet = contract({
  name: 'resource-me-get',
  family: 'resource',
  method: 'GET',
  path: '/v1/me',
  tag: 'Resources',
  summary: 'Read who you are, as a resource',
  description: 'Your user, customer, projects, groups, roles and tier, and when the credential of this request ends.',
  role: null,
  limit: 'get',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'Who the credential belongs to.', body: ResourceMe }],
  failures: LIMITED_FAILURES,
  examples: [
    {
      summary: 'A user with one project',
      answer: {
        id: '550e8400-e29b-41d4-a716-446655440000',
        metadata: { name: 'alice' },
        spec: {
          customer_id: 'acme',
          customer_name: 'Acme',
          tier: 'pro',
          projects: [{ id: 'proj_abc123456789', name: 'research' }],
          groups: ['group1'],
          roles: [],
        },
        credential: { type: 'key', id: 'ak_live_0123456789abcdef', expires_at: null },
      },
    },
  ],
});
