import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { EXAMPLE_RESOURCE_SSH_KEY, ResourceSshKeyList } from './ssh-key-schemas.ts';

export const sshKeysList = contract({
  name: 'resource-ssh-keys-list',
  family: 'resource',
  method: 'GET',
  path: '/v1/ssh-keys',
  tag: 'SSH keys',
  summary: 'List the SSH keys of your projects as resources',
  description: 'Lists the keys that are stored for your projects, newest first.',
  role: null,
  limit: 'list',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'The keys.', body: ResourceSshKeyList }],
  failures: [...LIMITED_FAILURES],
  examples: [{ summary: 'One key', answer: { items: [EXAMPLE_RESOURCE_SSH_KEY] } }],
});
