import { Type } from 'typebox';
import { STATUS_GROUPS } from '#shared/domain/status.ts';
import { AdminOperation } from '../compute/operation-schemas.ts';

const when = (description: string) => Type.String({ description, format: 'date-time' });
const maybe = <T extends ReturnType<typeof Type.String>>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { description });

export const AdminOperationDetails = Type.Object(
  {
    ...AdminOperation.properties,
    actor: Type.Object(
      {
        type: Type.String({ description: '`user`, `admin` or `system`.' }),
        id: Type.String({ description: 'Id of the user; name of the part of the platform.' }),
      },
      { description: 'Who asked.' },
    ),
    calls: Type.Integer({ description: 'Calls made to Compute Engine so far.', minimum: 0 }),
    lastCall: Type.Union(
      [
        Type.Object({
          verb: Type.String({ description: 'What Compute Engine was asked.' }),
          at: when('When.'),
          mayBeApplied: Type.Boolean({ description: 'Whether Compute Engine may have carried it out.' }),
        }),
        Type.Null(),
      ],
      { description: 'The last call to Compute Engine; null: none was made.' },
    ),
    leasedUntil: maybe(when('Until when a worker holds it.'), 'Until when a worker holds it; null: none does.'),
    dueAt: maybe(when('When it is published again.'), 'When it is published again; null: it was never put off.'),
  },
  { title: 'AdminOperationDetails', description: 'An operation with all that the platform knows of its execution.' },
);

export const RepairedOperation = Type.Object(
  {
    operation: AdminOperationDetails,
    published: Type.Boolean({
      description: 'Whether it was published at once; otherwise the sweep publishes it, or what is queued before it.',
    }),
  },
  { title: 'RepairedOperation', description: 'An operation that was brought on its way again.' },
);

export const DeadLetter = Type.Object(
  {
    id: Type.String({ description: 'Id of the message.' }),
    at: when('When Pub/Sub gave up on it.'),
    operationId: maybe(Type.String({ description: 'Its operation.' }), 'Its operation; null: it names none.'),
    instanceId: maybe(Type.String({ description: 'The instance.' }), 'The instance; null: it names none.'),
    data: Type.String({ description: 'The message, as JSON text.' }),
    operation: Type.Union([AdminOperationDetails, Type.Null()], {
      description: 'What the operation is now; null: there is none, or it is no longer kept.',
    }),
  },
  { title: 'DeadLetter', description: 'A message that could not be handled in all its attempts.' },
);

export const DeadLetterPage = Type.Object(
  {
    deadLetters: Type.Array(DeadLetter, { description: 'Newest first.' }),
    nextCursor: maybe(Type.String(), 'Send it as `cursor` to read on; null at the end.'),
  },
  { title: 'DeadLetterPage', description: 'One page of dead letters.' },
);

export const ReplayedDeadLetter = Type.Object(
  {
    outcome: Type.Enum(['published', 'due', 'ended', 'no_operation'] as const, {
      type: 'string',
      description:
        '`published`: its operation is on its way again. `due`: the sweep publishes it within a minute, or once what is queued before it has ended. `ended`: the operation has ended meanwhile. `no_operation`: there is nothing to replay.',
    }),
    operation: Type.Union([AdminOperationDetails, Type.Null()], { description: 'The operation, if there is one.' }),
  },
  { title: 'ReplayedDeadLetter', description: 'What came of a replay.' },
);

export const SuspensionState = Type.Object(
  {
    reason: Type.String({ description: "The operator's words, which the customer's users are shown." }),
    since: when('Since when.'),
    by: Type.String({ description: 'The operator.' }),
  },
  { title: 'SuspensionState', description: 'Why and since when a customer is suspended.' },
);

export const SuspendCustomer = Type.Object(
  {
    reason: Type.String({
      description: "Shown to the customer's users with every refusal: one line.",
      minLength: 1,
      maxLength: 500,
    }),
    stop_instances: Type.Optional(
      Type.Boolean({ description: 'Also stop what runs, as operations with the cause `suspension`.' }),
    ),
  },
  { title: 'SuspendCustomer', additionalProperties: false, description: 'Why to suspend a customer.' },
);

export const SuspendedCustomer = Type.Object(
  {
    suspension: SuspensionState,
    stops: Type.Array(
      Type.Object({
        operationId: Type.String({ description: 'The stop.' }),
        instanceId: Type.String({ description: 'What it stops.' }),
      }),
      { description: 'The stops that were accepted.' },
    ),
  },
  { title: 'SuspendedCustomer', description: 'The suspension, and what it stops.' },
);

export const ResumedCustomer = Type.Object(
  { resumed: Type.Boolean({ description: 'False: the customer was not suspended.' }) },
  { title: 'ResumedCustomer', description: 'What came of a resume. Nothing is started.' },
);

const counts = Object.fromEntries(
  STATUS_GROUPS.map((group) => [group, Type.Optional(Type.Integer({ description: `Instances that are ${group}.` }))]),
);

export const CustomerSheet = Type.Object(
  {
    id: Type.String({ description: 'Id of the customer.' }),
    name: Type.String({ description: 'Name for people.' }),
    tier: Type.String({ description: 'Its tier.' }),
    suspension: Type.Union([SuspensionState, Type.Null()], { description: 'Null: it is not suspended.' }),
    quota: Type.Object(
      {
        used: Type.Integer({ description: 'Instances that count.' }),
        limit: Type.Union([Type.Integer(), Type.Null()], { description: 'As its tier says; null: no such tier.' }),
      },
      { description: 'Instances at the same time.' },
    ),
    instances: Type.Object(counts, { description: 'Instances on record, by state.' }),
    centsPerHour: Type.Integer({ description: 'What the instances that are charged now cost.' }),
    monthCents: Type.Integer({ description: 'What was charged since the first of the month, in UTC.' }),
    requestsThisMinute: Type.Record(Type.String(), Type.Integer(), {
      description: 'Requests counted in this minute, by kind.',
    }),
    users: Type.Integer({ description: 'Its users.' }),
    keys: Type.Array(
      Type.Object({
        id: Type.String({ description: 'Public half.' }),
        userId: Type.String({ description: 'Whose key it is.' }),
        name: Type.String({ description: 'What it is for.' }),
        state: Type.Enum(['valid', 'revoked', 'expired'] as const, {
          type: 'string',
          description: 'Whether it opens.',
        }),
        lastUsedAt: maybe(when('Its last use.'), 'Its last use, to ten minutes; null: never.'),
      }),
      { description: 'API keys, without their secrets.' },
    ),
    complete: Type.Boolean({ description: 'False: there is more than is counted here.' }),
  },
  { title: 'CustomerSheet', description: 'A customer at one look.' },
);

export const DESK_SCHEMAS = {
  AdminOperationDetails,
  CustomerSheet,
  DeadLetter,
  DeadLetterPage,
  RepairedOperation,
  ReplayedDeadLetter,
  ResumedCustomer,
  SuspendCustomer,
  SuspendedCustomer,
  SuspensionState,
} as const;
