import { CHANGE_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { FLEET_VOLUME, PROJECT_FID } from './example-values.ts';
import { ignored } from './parameters.ts';
import { FleetCreateVolume, FleetVolume } from './volume-schemas.ts';

export const volumesCreate = contract({
  name: 'fleet-volumes-create',
  family: 'fleet',
  method: 'POST',
  path: '/v2/volumes',
  tag: 'Volumes',
  summary: 'Create a volume',
  description: `Creates an empty block device in a region. A spot bid attaches it to its instance, where it is
\`/dev/disk/by-id/google-<name>\`; it stays when the instance goes. A name is given once in a project and region. The same request
again by the same user within ten minutes answers the same volume, so that it can be repeated when an answer got lost. The GB count
against the quota of volumes from this moment on.`,
  role: null,
  limit: 'create',
  idempotent: false,
  clients: ['datastore', 'compute'],
  params: nothing,
  query: ignored,
  body: FleetCreateVolume,
  success: [{ status: 201, description: 'The volume.', body: FleetVolume }],
  failures: [
    ...LIMITED_FAILURES,
    ...CHANGE_FAILURES,
    'project_not_found',
    'volume_name_taken',
    'volume_not_possible',
    'volume_refused',
    'volume_quota_exceeded',
  ],
  examples: [
    {
      summary: 'A hundred GB',
      body: {
        name: 'checkpoints',
        project: PROJECT_FID,
        disk_interface: 'Block',
        region: 'us-central1-a',
        size_gb: 100,
      },
      answer: FLEET_VOLUME,
    },
  ],
});
