import { CHANGE_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { contract } from '../contract.ts';
import { apiKeyParams, ignored } from './parameters.ts';

export const apiKeysDelete = contract({
  name: 'fleet-api-keys-delete',
  family: 'fleet',
  method: 'DELETE',
  path: '/v2/api-keys/{fid}',
  tag: 'Fleet',
  summary: 'Delete an API key',
  description:
    'Ends a key of the caller. Functions that have just accepted the key go on doing so for up to ten seconds.',
  role: null,
  limit: 'delete',
  idempotent: false,
  clients: ['datastore'],
  params: apiKeyParams,
  query: ignored,
  body: null,
  success: [{ status: 204, description: 'The key is ended.', body: null }],
  failures: [...LIMITED_FAILURES, ...CHANGE_FAILURES, 'api_key_not_found'],
});
