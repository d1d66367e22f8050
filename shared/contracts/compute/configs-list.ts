import { Type } from 'typebox';
import { contract } from '../contract.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { NetworkConfig } from './schemas.ts';

export const configsList = contract({
  name: 'compute-configs-list',
  family: 'compute',
  method: 'GET',
  path: '/api/compute/v1/configs',
  tag: 'Catalogue',
  summary: 'List network configurations',
  description: 'Lists the network configurations that instances can be made with.',
  role: null,
  limit: 'catalog',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'All network configurations.', body: Type.Array(NetworkConfig) }],
  failures: LIMITED_FAILURES,
  examples: [
    {
      summary: 'One network configuration',
      answer: [
        {
          id: 'default-network',
          name: 'Default network',
          description: 'The default network, with an external address.',
          zone: 'us-central1-a',
          network: 'global/networks/default',
          subnetwork: '',
          tags: ['http-server'],
          externalIp: true,
        },
      ],
    },
  ],
});
