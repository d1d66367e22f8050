import { Type } from 'typebox';
import { contract } from '../contract.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { Template } from './schemas.ts';

export const templatesList = contract({
  name: 'compute-templates-list',
  family: 'compute',
  method: 'GET',
  path: '/api/compute/v1/templates',
  tag: 'Catalogue',
  summary: 'List templates',
  description: 'Lists what instances can be made from, and what they cost in an hour.',
  role: null,
  limit: 'catalog',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'All templates.', body: Type.Array(Template) }],
  failures: LIMITED_FAILURES,
  examples: [
    {
      summary: 'One template',
      answer: [
        {
          id: 'ubuntu-22-standard',
          name: 'Ubuntu 22.04, standard',
          description: '2 CPUs, 7.5 GB of memory, 50 GB of disk.',
          machineType: 'n1-standard-2',
          diskSizeGb: 50,
          diskType: 'pd-standard',
          image: 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts',
          region: 'us-central1',
          price: { centsPerHour: 10, currency: 'USD' },
        },
      ],
    },
  ],
});
