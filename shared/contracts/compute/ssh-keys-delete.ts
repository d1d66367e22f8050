import { CHANGE_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing, sshKeyParams } from '../common/parameters.ts';
import { contract } from '../contract.ts';

export const sshKeysDelete = contract({
  name: 'compute-ssh-keys-delete',
  family: 'compute',
  method: 'DELETE',
  path: '/api/compute/v1/ssh-keys/{id}',
  tag: 'SSH keys',
  summary: 'Delete an SSH key',
  description: `Removes the stored key: no new instance can get it. **Instances that carry the key keep it**: who could log in still can.
Replace the keys of an instance to end that. A key that a live spot bid still makes instances with is kept, and the answer is 409.`,
  role: null,
  limit: 'delete',
  idempotent: false,
  clients: ['datastore'],
  params: sshKeyParams,
  query: nothing,
  body: null,
  success: [{ status: 204, description: 'The key is removed.', body: null }],
  failures: [...LIMITED_FAILURES, ...CHANGE_FAILURES, 'ssh_key_not_found', 'ssh_key_in_use'],
});
