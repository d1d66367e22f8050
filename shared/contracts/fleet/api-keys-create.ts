import { CHANGE_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { FleetCreateApiKey, FleetNewApiKey } from './account-schemas.ts';
import { FLEET_API_KEY } from './example-values.ts';
import { ignored } from './parameters.ts';

export const apiKeysCreate = contract({
  name: 'fleet-api-keys-create',
  family: 'fleet',
  method: 'POST',
  path: '/v2/api-keys',
  tag: 'Fleet',
  summary: 'Make an API key',
  description:
    'Makes a key of the caller, which opens all families. Its secret is answered once and kept nowhere: a request that is repeated makes another key.',
  role: null,
  limit: 'create',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: ignored,
  body: FleetCreateApiKey,
  success: [{ status: 201, description: 'The key, with its secret.', body: FleetNewApiKey }],
  failures: [...LIMITED_FAILURES, ...CHANGE_FAILURES, 'unknown_user', 'too_many_api_keys'],
  examples: [
    {
      summary: 'A key for ten years',
      body: { name: 'laptop', expires_at: '2034-01-01T00:00:00Z' },
      answer: { ...FLEET_API_KEY, secret: 'fkey_abc123def456gh78_sk_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG' },
    },
  ],
});
