import { Type } from 'typebox';
import { UNCHECKED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { FleetInstanceType } from './offer-schemas.ts';
import { ignored } from './parameters.ts';

export const instanceTypesList = contract({
  name: 'fleet-instance-types-list',
  family: 'fleet',
  method: 'GET',
  path: '/v2/instance-types',
  tag: 'Fleet',
  summary: 'List what can be launched',
  description: `Lists the types of machine that you can launch. A name is Compute Engine's; \`GET /v2/spot/availability\` says in which regions, at which price.`,
  role: null,
  limit: 'catalog',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: ignored,
  body: null,
  success: [{ status: 200, description: 'The instance types.', body: Type.Array(FleetInstanceType) }],
  failures: [...UNCHECKED_FAILURES, 'config_not_found'],
  examples: [
    {
      summary: 'One type',
      answer: [
        {
          fid: 'it_n1-standard-2',
          name: 'n1-standard-2',
          num_cpus: 2,
          cpu_type: 'x86-64',
          ram_gb: 8,
          num_gpus: 0,
          gpu_type: '',
          gpu_memory_gb: 0,
          gpu_socket: '',
          local_storage_gb: 0,
          network_type: null,
          ib_count: 0,
          bridge_count: 0,
        },
      ],
    },
  ],
});
