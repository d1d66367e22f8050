import { Type } from 'typebox';
import { OPERATION_KINDS } from '#shared/domain/instance.ts';
import { OPERATION_STATES } from '#shared/domain/operation.ts';
import { INSTANCE_ACTIONS } from '#shared/domain/power.ts';
import { UNKNOWN_WORD } from '#shared/domain/stored-word.ts';

const reasonMembers = {
  reason: Type.String({ description: 'Stable word for programs.' }),
  message: Type.String({ description: 'One sentence for people.' }),
};
const operationId = Type.String({ description: 'Id of the operation.', examples: ['op-01jk2m3n4p5q6r7s8t9v'] });
const kind = Type.Enum([...OPERATION_KINDS, UNKNOWN_WORD], { type: 'string', description: 'What was asked for.' });

export const statusReasonField = Type.Optional(
  Type.Union([Type.Object(reasonMembers), Type.Null()], { description: 'Why the status is ERROR; null otherwise.' }),
);

/** Members about an instance's pending and last operation, the same for owners and administrators. */
export const ActivityFields = {
  pendingOperation: Type.Optional(
    Type.Union(
      [
        Type.Object({
          id: operationId,
          kind,
          state: Type.Enum([...OPERATION_STATES, UNKNOWN_WORD], { type: 'string', description: 'How far it is.' }),
          createdAt: Type.String({ description: 'When it was accepted, in UTC.', format: 'date-time' }),
          attempts: Type.Integer({ description: 'How often it was tried.', minimum: 0 }),
        }),
        Type.Null(),
      ],
      { description: 'The operation that is being worked on, or is next; null when there is none.' },
    ),
  ),
  lastOperation: Type.Optional(
    Type.Union(
      [
        Type.Object({
          id: operationId,
          kind,
          state: Type.Enum(['completed', 'failed'], { type: 'string', description: 'How it ended.' }),
          completedAt: Type.String({ description: 'When it ended, in UTC.', format: 'date-time' }),
          error: Type.Union([Type.Object(reasonMembers), Type.Null()], {
            description: 'Why it failed; null unless it did.',
          }),
        }),
        Type.Null(),
      ],
      { description: 'The operation that ended last; null before any has.' },
    ),
  ),
  allowedActions: Type.Optional(
    Type.Array(Type.Enum(INSTANCE_ACTIONS, { type: 'string' }), {
      description: 'What would be accepted now.',
      examples: [['stop', 'restart', 'reset', 'delete']],
    }),
  ),
  blockedBecause: Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      description: 'Why each other action would be refused: the `reason` of that answer, by action.',
    }),
  ),
};
