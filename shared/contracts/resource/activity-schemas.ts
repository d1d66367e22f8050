import { Type, type TSchema } from 'typebox';
import { OPERATION_KINDS } from '#shared/domain/instance.ts';
import { OPERATION_STATES } from '#shared/domain/operation.ts';
import { INSTANCE_ACTIONS } from '#shared/domain/power.ts';
import { UNKNOWN_WORD } from '#shared/domain/stored-word.ts';

const nullable = <T extends TSchema>(schema: T, description: string) =>
  Type.Optional(Type.Union([schema, Type.Null()], { description }));

const when = (description: string) => Type.String({ description, format: 'date-time' });
const operationId = Type.String({ description: 'Id of the operation.', examples: ['op-01jk2m3n4p5q6r7s8t9v'] });
const type = Type.Enum([...OPERATION_KINDS, UNKNOWN_WORD], { type: 'string', description: 'What was asked for.' });

/** Members of an instance's status about its pending and last operation. */
export const ActivityFields = {
  synced_at: Type.Optional(when('When the state was last compared with the VM, in UTC.')),
  reason: nullable(Type.String(), 'Why the instance has failed, as a stable word for programs; null unless it has.'),
  message: nullable(Type.String(), 'The same in one sentence for people.'),
  pending_operation: nullable(
    Type.Object({
      id: operationId,
      type,
      status: Type.Enum([...OPERATION_STATES, UNKNOWN_WORD], { type: 'string', description: 'How far it is.' }),
      created_at: when('When it was accepted, in UTC.'),
      attempts: Type.Integer({ description: 'How often it was tried.', minimum: 0 }),
    }),
    'The operation that is being worked on, or is next; null when there is none.',
  ),
  last_operation: nullable(
    Type.Object({
      id: operationId,
      type,
      status: Type.Enum(['completed', 'failed'], { type: 'string', description: 'How it ended.' }),
      completed_at: when('When it ended, in UTC.'),
      error: Type.Union(
        [
          Type.Object({
            code: Type.String({ description: 'Stable word for programs.', examples: ['CAPACITY_EXHAUSTED'] }),
            message: Type.String({ description: 'One sentence for people.' }),
          }),
          Type.Null(),
        ],
        { description: 'Why it failed; null unless it did.' },
      ),
    }),
    'The operation that ended last; null before any has.',
  ),
  allowed_actions: Type.Optional(
    Type.Array(Type.Enum(INSTANCE_ACTIONS, { type: 'string' }), { description: 'What would be accepted now.' }),
  ),
  blocked_because: Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      description: 'Why each other action would be refused, by action.',
    }),
  ),
};
