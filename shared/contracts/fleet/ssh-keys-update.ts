import { CHANGE_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { contract } from '../contract.ts';
import { ignored, sshKeyParams } from './parameters.ts';
import { EXAMPLE_FLEET_SSH_KEY, FleetChangeSshKey, FleetSshKey } from './ssh-key-schemas.ts';

export const sshKeysUpdate = contract({
  name: 'fleet-ssh-keys-update',
  family: 'fleet',
  method: 'PATCH',
  path: '/v2/ssh-keys/{fid}',
  tag: 'SSH keys',
  summary: 'Decide whether every instance carries an SSH key',
  description:
    'For administrators: every new instance of the project carries a required key, whatever its creator names. Instances that exist stay as they are.',
  role: 'compute_admin',
  limit: 'create',
  idempotent: false,
  clients: ['datastore'],
  params: sshKeyParams,
  query: ignored,
  body: FleetChangeSshKey,
  success: [{ status: 200, description: 'The key, as it is now.', body: FleetSshKey }],
  failures: [...LIMITED_FAILURES, ...CHANGE_FAILURES, 'role_missing', 'ssh_key_not_found'],
  examples: [
    { summary: 'Every new instance', body: { required: true }, answer: { ...EXAMPLE_FLEET_SSH_KEY, required: true } },
  ],
});
