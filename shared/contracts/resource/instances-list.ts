import { Type } from 'typebox';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { cursorParameter } from '../common/list-parameters.ts';
import { optionalLimit, ownListFilters } from '../common/own-list.ts';
import { RUNNING_RESOURCE } from './example-values.ts';
import { ResourceInstanceList } from './schemas.ts';
import { RESOURCE_STATES } from './states.ts';

export const instancesList = contract({
  name: 'resource-instances-list',
  family: 'resource',
  method: 'GET',
  path: '/v1/instances',
  tag: 'Resources',
  summary: 'List your instances as resources',
  description: `Lists the instances that you own and can see, whichever family they were made through. State and addresses are the last
known ones; read a single instance to have them compared with the VM. Without \`limit\` all are answered at once; with it, in
pages: \`next_cursor\` is then beside \`items\`.`,
  role: null,
  limit: 'list',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: Type.Object(
    {
      ...ownListFilters,
      status: Type.Optional(
        Type.Enum(RESOURCE_STATES, { type: 'string', description: 'Only instances in this state.' }),
      ),
      limit: optionalLimit,
      next_cursor: cursorParameter('next_cursor'),
    },
    { additionalProperties: false },
  ),
  body: null,
  success: [{ status: 200, description: 'Your instances.', body: ResourceInstanceList }],
  failures: [...LIMITED_FAILURES, 'invalid_cursor'],
  examples: [{ summary: 'One running instance', answer: { items: [RUNNING_RESOURCE] } }],
});
