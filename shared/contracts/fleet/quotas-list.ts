import { Type } from 'typebox';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { FleetQuota } from './account-schemas.ts';
import { PROJECT_FID } from './example-values.ts';
import { project } from './parameters.ts';

export const quotasList = contract({
  name: 'fleet-quotas-list',
  family: 'fleet',
  method: 'GET',
  path: '/v2/quotas',
  tag: 'Fleet',
  summary: 'List quotas',
  description: `Lists the quotas of instances and volumes, and what of them is in use. They are your customer's: every project sees the same.`,
  role: null,
  limit: 'get',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: Type.Object({ project }, { additionalProperties: true }),
  body: null,
  success: [{ status: 200, description: 'The quotas.', body: Type.Array(FleetQuota) }],
  failures: [...LIMITED_FAILURES, 'project_not_found'],
  examples: [
    {
      summary: 'One of three instances',
      answer: [
        {
          fid: 'quota_instance',
          project: PROJECT_FID,
          instance_type: null,
          product_type: 'Instance',
          total_quantity: 3,
          used_quantity: 1,
          units: 'instances',
          name: 'Instances at the same time',
        },
      ],
    },
  ],
});
