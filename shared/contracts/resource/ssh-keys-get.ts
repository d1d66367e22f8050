import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing, sshKeyParams } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { EXAMPLE_RESOURCE_SSH_KEY, ResourceSshKey } from './ssh-key-schemas.ts';

export const sshKeysGet = contract({
  name: 'resource-ssh-keys-get',
  family: 'resource',
  method: 'GET',
  path: '/v1/ssh-keys/{id}',
  tag: 'SSH keys',
  summary: 'Get an SSH key as a resource',
  description:
    'Reads one key of your projects. A key that does not exist and one that you may not use get the same answer.',
  role: null,
  limit: 'get',
  idempotent: false,
  clients: ['datastore'],
  params: sshKeyParams,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'The key.', body: ResourceSshKey }],
  failures: [...LIMITED_FAILURES, 'ssh_key_not_found'],
  examples: [{ summary: 'The key of a laptop', answer: EXAMPLE_RESOURCE_SSH_KEY }],
});
