import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { deadLetterParams, DESK, DESK_CHANGE_FAILURES } from './desk-contract.ts';
import { ReplayedDeadLetter } from './desk-schemas.ts';

export const deadLettersReplay = contract({
  ...DESK,
  name: 'admin-dead-letters-replay',
  method: 'POST',
  path: '/api/compute/v1/admin/dead-letters/{id}/replay',
  summary: 'Replay a dead letter',
  description:
    'Publishes the operation of a dead letter again, and says what came of it. Safe to repeat: an operation that has ended is not touched.',
  clients: ['datastore', 'pubsub'],
  params: deadLetterParams,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'What came of it.', body: ReplayedDeadLetter }],
  failures: [...DESK_CHANGE_FAILURES, 'dead_letter_not_found'],
  examples: [{ summary: 'What came of it', answer: { outcome: 'no_operation', operation: null } }],
});
