import { Type } from 'typebox';
import { INSTANCE_STATUSES } from '#shared/domain/status.ts';
import { contract } from '../contract.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { cursorParameter } from '../common/list-parameters.ts';
import { optionalLimit, ownListFilters } from '../common/own-list.ts';
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

Without parameters all are answered at once, and when you have no instances the answer is 404, not an empty list. With
\`limit\` they come in pages: the \`Link\` header has the next one.`,
  role: null,
  limit: 'list',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: Type.Object(
    {
      ...ownListFilters,
      status: Type.Optional(
        Type.Enum(INSTANCE_STATUSES, { type: 'string', description: 'Only instances in this status.' }),
      ),
      limit: optionalLimit,
      cursor: cursorParameter('The cursor in the `Link` header'),
    },
    { additionalProperties: false },
  ),
  body: null,
  success: [
    {
      status: 200,
      description: 'Your instances; with filters or a limit possibly none.',
      body: Type.Array(Instance),
      headers: { Link: 'The next page (`rel="next"`, RFC 8288); absent on the last one, and where no limit was sent.' },
    },
  ],
  failures: [...LIMITED_FAILURES, 'no_instances', 'invalid_cursor'],
  examples: [{ summary: 'One running instance', answer: [RUNNING_INSTANCE] }],
});
