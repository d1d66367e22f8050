import { Type } from 'typebox';
import { UNCHECKED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { FleetImageVersion } from './offer-schemas.ts';
import { ignored } from './parameters.ts';

export const imageVersionsList = contract({
  name: 'fleet-image-versions-list',
  family: 'fleet',
  method: 'GET',
  path: '/v2/image-versions',
  tag: 'Fleet',
  summary: 'List images',
  description: 'Lists the images that a launch can name.',
  role: null,
  limit: 'catalog',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: ignored,
  body: null,
  success: [{ status: 200, description: 'The images.', body: Type.Array(FleetImageVersion) }],
  failures: [...UNCHECKED_FAILURES, 'config_not_found'],
  examples: [
    {
      summary: 'One image',
      answer: [
        {
          image_version_fid: 'imgver_ubuntu-22.04',
          image_version_name: 'ubuntu-22.04',
          os: 'Ubuntu 22.04 LTS',
          kernel: 'linux',
          stable: true,
          supported_regions: ['us-central1-a'],
          deactivated_at: null,
          nvidia_driver: null,
          cuda: null,
          cuda_toolkit: null,
          nvidia_container_toolkit: null,
          packages: null,
        },
      ],
    },
  ],
});
