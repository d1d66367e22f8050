import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { deadLetterParams, DESK, DESK_CHANGE_FAILURES } from './desk-contract.ts';

export const deadLettersDiscard = contract({
  ...DESK,
  name: 'admin-dead-letters-discard',
  method: 'DELETE',
  path: '/api/compute/v1/admin/dead-letters/{id}',
  summary: 'Discard a dead letter',
  description: 'Takes a dead letter off the list. Its operation stays as it is.',
  clients: ['datastore'],
  params: deadLetterParams,
  query: nothing,
  body: null,
  success: [{ status: 204, description: 'It is off the list.', body: null }],
  failures: [...DESK_CHANGE_FAILURES, 'dead_letter_not_found'],
});
