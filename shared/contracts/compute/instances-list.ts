import { Type } from 'typebox';
import { contract } from '../contract.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { RUNNING_INSTANCE } from './example-values.ts';
import { nothing } from '../common/parameters.ts';
import { Instance } from './schemas.ts';

export const instancesList = contract({
  name: 'compute-instances-list',
  family: 'compute',
  method: 'GET',
  path: '/api/compute/v1/instances',
  tag: 'Instances',
  summary: 'List your instances',
  description: `Lists the instances that you own and can see. Status and addresses are the last known ones; read a single instance
to have them compared with the VM.

When you have no instances the answer is 404, not an empty list.`,
  role: null,
  limit: 'list',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'Your instances, at least one.', body: Type.Array(Instance, { minItems: 1 }) }],
  failures: [...LIMITED_FAILURES, 'no_instances'],
  examples: [{ summary: 'One running instance', answer: [RUNNING_INSTANCE] }],
});
