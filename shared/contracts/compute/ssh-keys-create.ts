import { CHANGE_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { EXAMPLE_PUBLIC_KEY } from '../common/ssh-key-fields.ts';
import { contract } from '../contract.ts';
import { CreateSshKey, EXAMPLE_SSH_KEY, SshKey } from './ssh-key-schemas.ts';

export const sshKeysCreate = contract({
  name: 'compute-ssh-keys-create',
  family: 'compute',
  method: 'POST',
  path: '/api/compute/v1/ssh-keys',
  tag: 'SSH keys',
  summary: 'Store a public SSH key',
  description: `Stores the public half of a key for your default project. All users of the project see the key and can put it on
instances. Never send a private key: what looks like one is refused, and nothing of it is kept.

Name the key in \`ssh_key_ids\` when you create an instance, or store it with \`default: true\`: instances whose creator names
no key carry the default ones.`,
  role: null,
  limit: 'create',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: nothing,
  body: CreateSshKey,
  success: [
    {
      status: 201,
      description: 'The key is stored.',
      body: SshKey,
      headers: { Location: 'Path of the key.' },
    },
  ],
  failures: [...LIMITED_FAILURES, ...CHANGE_FAILURES, 'too_many_ssh_keys', 'invalid_public_key'],
  examples: [
    {
      summary: 'The key of a laptop',
      body: { name: 'laptop', public_key: EXAMPLE_PUBLIC_KEY, default: true },
      answer: EXAMPLE_SSH_KEY,
    },
  ],
});
