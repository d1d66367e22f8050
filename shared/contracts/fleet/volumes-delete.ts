import { CHANGE_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { contract } from '../contract.ts';
import { ignored, volumeParams } from './parameters.ts';

export const volumesDelete = contract({
  name: 'fleet-volumes-delete',
  family: 'fleet',
  method: 'DELETE',
  path: '/v2/volumes/{fid}',
  tag: 'Volumes',
  summary: 'Delete a volume',
  description: `Deletes a volume with all that is on it. Its GB are free at once. A volume that a spot bid has is kept, and the answer is
409: cancel the bid, or take the volume off it.`,
  role: null,
  limit: 'delete',
  idempotent: false,
  clients: ['datastore', 'compute'],
  params: volumeParams,
  query: ignored,
  body: null,
  success: [{ status: 204, description: 'The volume is deleted.', body: null }],
  failures: [...LIMITED_FAILURES, ...CHANGE_FAILURES, 'volume_not_found', 'volume_in_use'],
});
