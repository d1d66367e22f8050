import { Type } from 'typebox';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { project } from './parameters.ts';
import { EXAMPLE_FLEET_SSH_KEY, FleetSshKey } from './ssh-key-schemas.ts';

export const sshKeysList = contract({
  name: 'fleet-ssh-keys-list',
  family: 'fleet',
  method: 'GET',
  path: '/v2/ssh-keys',
  tag: 'SSH keys',
  summary: "List a project's SSH keys",
  description: 'Lists the keys of a project, newest first.',
  role: null,
  limit: 'list',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: Type.Object({ project }, { additionalProperties: true }),
  body: null,
  success: [{ status: 200, description: 'The keys.', body: Type.Array(FleetSshKey) }],
  failures: [...LIMITED_FAILURES, 'project_not_found'],
  examples: [{ summary: 'One key', answer: [EXAMPLE_FLEET_SSH_KEY] }],
});
