import { Type } from 'typebox';
import { EVENT_CAUSES } from '#shared/domain/history.ts';
import { UNKNOWN_WORD } from '#shared/domain/stored-word.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { contract } from '../contract.ts';
import { instanceParams } from './parameters.ts';
import { RESOURCE_STATES } from './states.ts';

const nullableText = (description: string) => Type.Union([Type.String(), Type.Null()], { description });

const ResourceEvent = Type.Object({
  state: Type.Enum(RESOURCE_STATES, { type: 'string', description: 'State that began then.' }),
  at: Type.String({ description: 'When, in UTC.', format: 'date-time' }),
  cause: Type.Enum([...EVENT_CAUSES, UNKNOWN_WORD], { type: 'string', description: 'What brought it about.' }),
  actor: Type.String({ description: 'User who asked for it, or the part of the service.' }),
  operation_id: nullableText('Operation that it belongs to; null when to none.'),
  reason: nullableText('Why, as a stable word; null where there is no more to say.'),
});

export const instancesHistory = contract({
  name: 'resource-instances-history',
  family: 'resource',
  method: 'GET',
  path: '/v1/instances/{id}/history',
  tag: 'Resources',
  summary: 'Read the history of an instance of a resource',
  description: 'What happened to an instance, newest first; also after it was deleted.',
  role: null,
  limit: 'history',
  idempotent: false,
  clients: ['datastore'],
  params: instanceParams,
  query: Type.Object(
    {
      limit: Type.Integer({ description: 'Events on a page.', minimum: 1, maximum: 100, default: 20 }),
      cursor: Type.Optional(
        Type.String({ description: '`next_cursor` of the page before.', minLength: 1, maxLength: 2048 }),
      ),
    },
    { additionalProperties: false },
  ),
  body: null,
  success: [
    {
      status: 200,
      description: 'One page of events.',
      body: Type.Object({
        items: Type.Array(ResourceEvent, { description: 'Newest first.' }),
        next_cursor: nullableText('Send it as `cursor` to read on; null at the end.'),
      }),
    },
  ],
  failures: [...LIMITED_FAILURES, 'instance_not_found', 'invalid_cursor'],
  examples: [
    {
      summary: 'An instance that has started',
      answer: {
        items: [
          {
            state: 'running',
            at: '2025-01-15T10:30:31Z',
            cause: 'operation',
            actor: '550e8400-e29b-41d4-a716-446655440000',
            operation_id: 'op-01jk2m3n4p5q6r7s8t9v',
            reason: null,
          },
        ],
        next_cursor: null,
      },
    },
  ],
});
