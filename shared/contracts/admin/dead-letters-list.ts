import { Type } from 'typebox';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { ADMIN_FAILURES } from './admin-failures.ts';
import { DESK } from './desk-contract.ts';
import { DeadLetterPage } from './desk-schemas.ts';

export const deadLettersList = contract({
  ...DESK,
  name: 'admin-dead-letters-list',
  method: 'GET',
  path: '/api/compute/v1/admin/dead-letters',
  summary: 'List dead letters',
  description:
    'Lists the messages that could not be handled in all their attempts, newest first, with what their operations are now.',
  clients: ['datastore'],
  params: nothing,
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
  success: [{ status: 200, description: 'One page of dead letters.', body: DeadLetterPage }],
  failures: [...ADMIN_FAILURES, 'invalid_cursor'],
  examples: [{ summary: 'One page of dead letters', answer: { deadLetters: [], nextCursor: null } }],
});
