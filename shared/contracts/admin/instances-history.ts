import { Type } from 'typebox';
import { instanceParams } from '../common/parameters.ts';
import { HistoryPage } from '../compute/schemas.ts';
import { contract } from '../contract.ts';
import { ADMIN_FAILURES } from './admin-failures.ts';
import { DESK } from './desk-contract.ts';

export const instancesHistory = contract({
  ...DESK,
  name: 'admin-instances-history',
  method: 'GET',
  path: '/api/compute/v1/admin/instances/{id}/history',
  summary: 'Read the history of any instance',
  description:
    'Lists every change of status and every act of an administrator, newest first, whichever customer the instance belongs to, also when it is gone.',
  clients: ['datastore'],
  params: instanceParams,
  query: Type.Object(
    {
      limit: Type.Integer({ description: 'Entries on a page.', minimum: 1, maximum: 100, default: 20 }),
      cursor: Type.Optional(
        Type.String({
          description: '`nextCursor` of the page before; absent for the first page.',
          minLength: 1,
          maxLength: 1024,
        }),
      ),
    },
    { additionalProperties: false },
  ),
  body: null,
  success: [{ status: 200, description: 'One page of events.', body: HistoryPage }],
  failures: [...ADMIN_FAILURES, 'instance_not_found', 'invalid_cursor'],
  examples: [{ summary: 'One page of events', answer: { events: [], nextCursor: null } }],
});
