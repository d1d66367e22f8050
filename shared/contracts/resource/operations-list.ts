import { Type } from 'typebox';
import { OPERATION_KINDS } from '#shared/domain/instance.ts';
import { OPERATION_STATES } from '#shared/domain/operation.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { cursorParameter, pageLimit } from '../common/list-parameters.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { RUNNING_OPERATION } from './example-values.ts';
import { ResourceOperation } from './schemas.ts';

export const ResourceOperationList = Type.Object(
  {
    items: Type.Array(ResourceOperation, { description: 'Newest first; empty when nothing matches.' }),
    next_cursor: Type.Union([Type.String(), Type.Null()], {
      description: 'Send it as `next_cursor` to read on; null at the end.',
    }),
  },
  { title: 'ResourceOperationList', description: 'One page of operations.' },
);

export const operationsList = contract({
  name: 'resource-operations-list',
  family: 'resource',
  method: 'GET',
  path: '/v1/operations',
  tag: 'Resources',
  summary: 'List operations on resources',
  description: `Lists the operations on instances that are, or were, visible to you, newest first: also those whose id was lost, and those
of deleted instances. A failed one says why in \`result\`. Operations can be read for 90 days after their end.`,
  role: null,
  limit: 'operations',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: Type.Object(
    {
      resource_id: Type.Optional(
        Type.String({ description: 'Only operations on this instance.', minLength: 1, maxLength: 128 }),
      ),
      status: Type.Optional(Type.Enum(OPERATION_STATES, { type: 'string', description: 'Only those in this state.' })),
      type: Type.Optional(Type.Enum(OPERATION_KINDS, { type: 'string', description: 'Only those of this kind.' })),
      limit: pageLimit('Operations'),
      next_cursor: cursorParameter('next_cursor'),
    },
    { additionalProperties: false },
  ),
  body: null,
  success: [{ status: 200, description: 'One page of operations.', body: ResourceOperationList }],
  failures: [...LIMITED_FAILURES, 'invalid_cursor'],
  examples: [{ summary: 'One operation', answer: { items: [RUNNING_OPERATION], next_cursor: null } }],
});
