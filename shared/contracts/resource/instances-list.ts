import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { RUNNING_RESOURCE } from './example-values.ts';
import { ResourceInstanceList } from './schemas.ts';

export const instancesList = contract({
  name: 'resource-instances-list',
  family: 'resource',
  method: 'GET',
  path: '/v1/instances',
  tag: 'Resources',
  summary: 'List your instances as resources',
  description: `Lists the instances that you own and can see, whichever family they were made through. State and addresses are the last
known ones; read a single instance to have them compared with the VM.`,
  role: null,
  limit: 'list',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: nothing,
  body: null,
  success: [{ status: 200, description: 'Your instances.', body: ResourceInstanceList }],
  failures: LIMITED_FAILURES,
  examples: [{ summary: 'One running instance', answer: { items: [RUNNING_RESOURCE] } }],
});
