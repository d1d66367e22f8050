import { CHANGE_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { contract } from '../contract.ts';
import { ignored, sshKeyParams } from './parameters.ts';

export const sshKeysDelete = contract({
  name: 'fleet-ssh-keys-delete',
  family: 'fleet',
  method: 'DELETE',
  path: '/v2/ssh-keys/{fid}',
  tag: 'SSH keys',
  summary: 'Delete an SSH key of a project',
  description:
    'Removes the stored key. Instances that carry it keep it. A key that a live spot bid still makes instances with is kept, and the answer is 409.',
  role: null,
  limit: 'delete',
  idempotent: false,
  clients: ['datastore'],
  params: sshKeyParams,
  query: ignored,
  body: null,
  success: [{ status: 204, description: 'The key is removed.', body: null }],
  failures: [...LIMITED_FAILURES, ...CHANGE_FAILURES, 'ssh_key_not_found', 'ssh_key_in_use'],
});
