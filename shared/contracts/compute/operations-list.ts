import { Type } from 'typebox';
import { OPERATION_KINDS } from '#shared/domain/instance.ts';
import { OPERATION_STATES } from '#shared/domain/operation.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { cursorParameter, pageLimit, timeParameter } from '../common/list-parameters.ts';
import { INSTANCE_ID_PATTERN, nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { PENDING_OPERATION } from './example-values.ts';
import { OperationPage } from './operation-schemas.ts';

export const operationsList = contract({
  name: 'compute-operations-list',
  family: 'compute',
  method: 'GET',
  path: '/api/compute/v1/operations',
  tag: 'Operations',
  summary: 'List operations',
  description: `Lists the operations on instances that are, or were, visible to you, newest first: also those whose id was lost, and those
of deleted instances. A failed one says why in \`error\`. Operations can be read for 90 days after their end.`,
  role: null,
  limit: 'operations',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: Type.Object(
    {
      instance: Type.Optional(
        Type.String({ description: 'Only operations on this instance.', pattern: INSTANCE_ID_PATTERN }),
      ),
      state: Type.Optional(Type.Enum(OPERATION_STATES, { type: 'string', description: 'Only those in this state.' })),
      kind: Type.Optional(Type.Enum(OPERATION_KINDS, { type: 'string', description: 'Only those of this kind.' })),
      since: timeParameter('Only those that were accepted then or later.'),
      limit: pageLimit('Operations'),
      cursor: cursorParameter('nextCursor'),
    },
    { additionalProperties: false },
  ),
  body: null,
  success: [{ status: 200, description: 'One page of operations.', body: OperationPage }],
  failures: [...LIMITED_FAILURES, 'invalid_cursor'],
  examples: [{ summary: 'One operation', answer: { operations: [PENDING_OPERATION], nextCursor: null } }],
});
