import { Type } from 'typebox';
import { AUDIT_ACTIONS, AUDIT_ACTORS } from '#shared/domain/audit.ts';
import { UNKNOWN_WORD } from '#shared/domain/stored-word.ts';

const members = (description: string) =>
  Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()], { description });

export const AuditEntry = Type.Object(
  {
    id: Type.String({ description: 'Id of the entry.' }),
    at: Type.String({ description: 'When the change was made, in UTC.', format: 'date-time' }),
    actor: Type.Object(
      {
        type: Type.Enum([...AUDIT_ACTORS, UNKNOWN_WORD], {
          type: 'string',
          description: 'A user of the API, an operator at a command line, or the platform itself.',
        }),
        id: Type.String({ description: 'Id of the user; account and operating-system user of a command line.' }),
      },
      { description: 'Who made the change.' },
    ),
    action: Type.Enum([...AUDIT_ACTIONS, UNKNOWN_WORD], { type: 'string', description: 'What was done.' }),
    object: Type.String({ description: 'Kind and id of what was changed.', examples: ['customer acme'] }),
    reason: Type.Union([Type.String(), Type.Null()], { description: 'The reason that the actor gave, if any.' }),
    before: members('Members before the change; null where there was nothing. Never a secret.'),
    after: members('Members after the change; null where nothing is left. Never a secret.'),
    requestId: Type.String({ description: 'Id of the request, or of the run of the command line.' }),
  },
  { title: 'AuditEntry', description: 'One change, and who made it.' },
);

export const AuditPage = Type.Object(
  {
    entries: Type.Array(AuditEntry, { description: 'Newest first.' }),
    nextCursor: Type.Union([Type.String(), Type.Null()], {
      description: 'Send it as `cursor` to read on; null at the end.',
    }),
  },
  { title: 'AuditPage', description: 'One page of the audit trail.' },
);
