import { Type } from 'typebox';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { FLEET_VOLUME } from './example-values.ts';
import { optionalFid, project } from './parameters.ts';
import { FleetVolume } from './volume-schemas.ts';

export const volumesList = contract({
  name: 'fleet-volumes-list',
  family: 'fleet',
  method: 'GET',
  path: '/v2/volumes',
  tag: 'Volumes',
  summary: "List a project's volumes",
  description: `Lists the volumes of a project, newest first, whichever user of the project made them. \`bids\` says which spot bid has a volume;
\`attachments\` says on which instance, and as which device: \`/dev/disk/by-id/google-<name>\`.`,
  role: null,
  limit: 'list',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: Type.Object(
    {
      project,
      region: optionalFid('Only this region.', 'us-central1-a'),
      include_deleted: Type.Boolean({ description: 'Deleted volumes too, for ninety days.', default: false }),
    },
    { additionalProperties: true },
  ),
  body: null,
  success: [{ status: 200, description: 'The volumes.', body: Type.Array(FleetVolume) }],
  failures: [...LIMITED_FAILURES, 'project_not_found'],
  examples: [{ summary: 'One volume that nothing uses', answer: [FLEET_VOLUME] }],
});
