import { Type } from 'typebox';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { EXAMPLE_SSH_KEY, SshKey } from './ssh-key-schemas.ts';

export const sshKeysList = contract({
  name: 'compute-ssh-keys-list',
  family: 'compute',
  method: 'GET',
  path: '/api/compute/v1/ssh-keys',
  tag: 'SSH keys',
  summary: 'List the SSH keys of your projects',
  description: 'Lists the keys that are stored for your projects, newest first. An empty list is an empty array.',
  role: null,
  limit: 'list',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'The keys.', body: Type.Array(SshKey) }],
  failures: [...LIMITED_FAILURES],
  examples: [{ summary: 'One key', answer: [EXAMPLE_SSH_KEY] }],
});
