import { CHANGE_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { EXAMPLE_PUBLIC_KEY } from '../common/ssh-key-fields.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { PROJECT_FID } from './example-values.ts';
import { ignored } from './parameters.ts';
import { EXAMPLE_FLEET_SSH_KEY, FleetCreateSshKey, FleetNewSshKey } from './ssh-key-schemas.ts';

export const sshKeysCreate = contract({
  name: 'fleet-ssh-keys-create',
  family: 'fleet',
  method: 'POST',
  path: '/v2/ssh-keys',
  tag: 'SSH keys',
  summary: 'Store or make an SSH key for a project',
  description: `Stores the public half of a key, which all users of the project can put on instances. Without \`public_key\` the service
makes an RSA pair and answers its private half, once: it is kept nowhere. The same name or the same key again is a new key.`,
  role: null,
  limit: 'create',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: ignored,
  body: FleetCreateSshKey,
  success: [{ status: 201, description: 'The key is stored.', body: FleetNewSshKey }],
  failures: [
    ...LIMITED_FAILURES,
    ...CHANGE_FAILURES,
    'role_missing',
    'project_not_found',
    'too_many_ssh_keys',
    'invalid_public_key',
  ],
  examples: [
    {
      summary: 'A key of your own',
      body: { project: PROJECT_FID, name: 'sky-alice-1704067200', public_key: EXAMPLE_PUBLIC_KEY },
      answer: { ...EXAMPLE_FLEET_SSH_KEY, private_key: null },
    },
  ],
});
