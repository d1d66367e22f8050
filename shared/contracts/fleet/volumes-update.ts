import { CHANGE_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { contract } from '../contract.ts';
import { FLEET_VOLUME } from './example-values.ts';
import { ignored, volumeParams } from './parameters.ts';
import { FleetChangeVolume, FleetVolume } from './volume-schemas.ts';

export const volumesUpdate = contract({
  name: 'fleet-volumes-update',
  family: 'fleet',
  method: 'PATCH',
  path: '/v2/volumes/{fid}',
  tag: 'Volumes',
  summary: 'Rename a volume',
  description:
    'Gives a volume another name. An instance that has it keeps the name of the device until it is attached anew.',
  role: null,
  limit: 'create',
  idempotent: false,
  clients: ['datastore'],
  params: volumeParams,
  query: ignored,
  body: FleetChangeVolume,
  success: [{ status: 200, description: 'The volume, as it is now.', body: FleetVolume }],
  failures: [...LIMITED_FAILURES, ...CHANGE_FAILURES, 'volume_not_found', 'volume_name_taken'],
  examples: [{ summary: 'Another name', body: { name: 'datasets' }, answer: { ...FLEET_VOLUME, name: 'datasets' } }],
});
