import { Type } from 'typebox';
import { UNCHECKED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { FleetApiKey } from './account-schemas.ts';
import { FLEET_API_KEY } from './example-values.ts';
import { ignored } from './parameters.ts';

export const apiKeysList = contract({
  name: 'fleet-api-keys-list',
  family: 'fleet',
  method: 'GET',
  path: '/v2/api-keys',
  tag: 'Fleet',
  summary: 'List your API keys',
  description: `Lists the caller's own keys, newest first, deleted ones included.`,
  role: null,
  limit: 'list',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: ignored,
  body: null,
  success: [{ status: 200, description: 'The keys.', body: Type.Array(FleetApiKey) }],
  failures: [...UNCHECKED_FAILURES],
  examples: [{ summary: 'One key', answer: [FLEET_API_KEY] }],
});
