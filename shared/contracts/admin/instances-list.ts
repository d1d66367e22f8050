import { Type } from 'typebox';
import { STATUS_GROUPS } from '#shared/domain/status.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { ADMIN_FAILURES } from './admin-failures.ts';
import { ADMIN_INSTANCE } from './example-values.ts';
import { AdminInstancePage } from './schemas.ts';

const filter = (description: string) => Type.Optional(Type.String({ description, minLength: 1, maxLength: 128 }));

/**
 * `pageSize` and `limit` are aliases. Neither has a default here, because the action has to know which one was sent:
 * without both the size is 20, and both together are refused.
 */
export const instancesList = contract({
  name: 'admin-instances-list',
  family: 'compute',
  method: 'GET',
  path: '/api/compute/v1/admin/instances',
  tag: 'Administration',
  summary: 'List all instances',
  description:
    'Lists the instances of all customers, newest first, a page at a time. An instance is listed when it matches all filters that were sent.',
  role: 'compute_admin',
  limit: null,
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: Type.Object(
    {
      page: Type.Integer({ description: 'Page to read; the first is 1.', minimum: 1, default: 1 }),
      pageSize: Type.Optional(
        Type.Integer({ description: 'Instances on a page; 20 when not sent.', minimum: 1, maximum: 100 }),
      ),
      limit: Type.Optional(
        Type.Integer({ description: 'The same as `pageSize`; not beside it.', minimum: 1, maximum: 100 }),
      ),
      userID: filter('Only instances of this user.'),
      customerID: filter('Only instances of this customer.'),
      status: Type.Optional(Type.Enum(STATUS_GROUPS, { type: 'string', description: 'Only instances in this state.' })),
      zone: filter('Only instances in this zone.'),
      templateID: filter('Only instances made from this template.'),
    },
    { additionalProperties: false, dependentSchemas: { pageSize: { properties: { limit: false } } } },
  ),
  body: null,
  success: [{ status: 200, description: 'One page.', body: AdminInstancePage }],
  failures: ADMIN_FAILURES,
  examples: [
    {
      summary: 'The first of 17 pages',
      answer: {
        instances: [ADMIN_INSTANCE],
        pagination: { page: 1, pageSize: 50, totalCount: 812, totalPages: 17, hasNext: true, hasPrev: false },
        pages: 17,
        items: 812,
      },
    },
  ],
});
