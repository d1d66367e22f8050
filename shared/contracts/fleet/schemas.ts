import { Type, type TSchema } from 'typebox';
import { OPERATION_STATES } from '#shared/domain/operation.ts';
import { UNKNOWN_WORD } from '#shared/domain/stored-word.ts';
import { FLEET_STATUSES } from '#shared/domain/fleet-status.ts';
import { ACCOUNT_SCHEMAS } from './account-schemas.ts';
import { OFFER_SCHEMAS } from './offer-schemas.ts';
import { fid, nullable, when } from './schema-parts.ts';
import { VOLUME_SCHEMAS } from './volume-schemas.ts';
import { BID_SCHEMAS } from './bid-schemas.ts';

// Responses may get further members, so their schemas are open; requests are closed, so that a misspelt member is an
// error.

const status = (description: string) => Type.Enum(FLEET_STATUSES, { type: 'string', description });

const nextCursor = nullable(Type.String(), '`next_cursor` of the next request; null when this was the end.');

const lastOperation = Type.Optional(
  nullable(
    Type.Object({
      id: Type.String({ description: 'Id of the operation.' }),
      type: Type.String({ description: 'What was asked for: `start`, `stop`, …', examples: ['start'] }),
      status: Type.Enum([...OPERATION_STATES, UNKNOWN_WORD], {
        type: 'string',
        description: 'How far it is, or how it ended.',
      }),
      error: nullable(
        Type.Object({
          code: Type.String({ description: 'Stable word for programs.' }),
          message: Type.String({ description: 'One sentence for people.' }),
        }),
        'Why it failed; null unless it did.',
      ),
    }),
    'The operation that is being worked on; with none, the one that ended last. Null before any.',
  ),
);

export const FleetInstance = Type.Object(
  {
    fid: fid('Id of the instance.', 'inst_tw-550e84-a1b2c3d4'),
    name: Type.String({ description: 'Name that its owner gave it, or its plain id.' }),
    project: fid('Project it belongs to.', 'proj_abc123456789'),
    created_at: when('When it was created, in UTC.'),
    created_by: fid('User who created it.', 'user_550e8400-e29b-41d4-a716-446655440000'),
    instance_type: fid('Type of machine.', 'it_n1-standard-2'),
    region: nullable(Type.String(), 'Zone it runs in: `us-central1-a`.'),
    bid: nullable(Type.String(), 'Spot bid it belongs to.'),
    reservation: nullable(Type.String(), 'Reservation in which it has a place.'),
    ssh_destination: nullable(Type.String(), 'External address; null until it runs, or when it has none.'),
    private_ip: nullable(Type.String(), 'Internal address; null until it is known.'),
    status: status('Status as last seen.'),
    last_operation: lastOperation,
  },
  { title: 'FleetInstance', description: 'A virtual machine of a project.' },
);

export const FleetInstancePage = Type.Object(
  {
    data: Type.Array(FleetInstance, { description: 'The instances of this page.' }),
    next_cursor: nextCursor,
  },
  { title: 'FleetInstancePage', description: "One page of a project's instances." },
);

/** The statuses that a batch request can set. */
export const TARGET_STATUSES = ['STATUS_RUNNING', 'STATUS_PAUSED'] as const;

export const FleetStatusChange = Type.Object(
  {
    instances: Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
      description: 'fids of the instances, each once.',
      minItems: 1,
      maxItems: 100,
      uniqueItems: true,
    }),
    status: Type.Enum(TARGET_STATUSES, {
      type: 'string',
      description: 'STATUS_RUNNING starts them, STATUS_PAUSED stops them.',
    }),
  },
  {
    title: 'FleetStatusChange',
    description: 'Which instances are to be started or paused.',
    additionalProperties: false,
  },
);

export const FleetStatusAnswer = Type.Object(
  {
    instances: Type.Record(Type.String(), status('Status after the request.'), {
      description: 'The status of every instance that was asked for, by fid.',
    }),
  },
  { title: 'FleetStatusAnswer', description: 'What became of each instance of a batch.' },
);

export const FleetInstanceStatus = Type.Object(
  {
    fid: fid('Id of the instance.', 'inst_tw-550e84-a1b2c3d4'),
    name: Type.String({ description: 'Name that its owner gave it, or its plain id.' }),
    status: status('Status, compared with the VM just now.'),
    bid: nullable(Type.String(), 'Spot bid it belongs to.'),
    reservation: nullable(Type.String(), 'Reservation in which it has a place.'),
    end_time: nullable(
      Type.String({ format: 'date-time' }),
      'When it ended: for STATUS_PREEMPTED, STATUS_TERMINATED and STATUS_ERROR; null otherwise.',
    ),
    last_operation: lastOperation,
  },
  { title: 'FleetInstanceStatus', description: 'The status of one instance.' },
);

const history = <T extends TSchema>(event: T) => ({
  instances: Type.Array(
    Type.Object({
      instance_fid: fid('Id of the instance.', 'inst_tw-550e84-a1b2c3d4'),
      events: Type.Array(event, { description: 'Its events on this page, oldest first.' }),
      bid_fid: nullable(Type.String(), 'Spot bid it belongs to.'),
      reservation_fid: nullable(Type.String(), 'Reservation in which it has a place.'),
    }),
    { description: 'The instances that have events on this page, in the order of their first one.' },
  ),
  next_cursor: nextCursor,
});

export const FleetStatusEvent = Type.Object(
  {
    timestamp: when('When the cloud changed the status, in UTC.'),
    status: status('Status from then on.'),
  },
  { title: 'FleetStatusEvent', description: 'One change of status.' },
);

export const FleetStatusHistory = Type.Object(history(FleetStatusEvent), {
  title: 'FleetStatusHistory',
  description: 'One page of changes of status, by instance.',
});

export const FleetPricePeriod = Type.Object(
  {
    price_cents: Type.Integer({ description: 'Cents per instance-hour.', minimum: 0 }),
    start_time: when('When the period began, in UTC.'),
    end_time: nullable(Type.String({ format: 'date-time' }), 'When it ended; null while it is open.'),
  },
  { title: 'FleetPricePeriod', description: 'A time in which an instance had one price.' },
);

export const FleetPriceHistory = Type.Object(history(FleetPricePeriod), {
  title: 'FleetPriceHistory',
  description: 'One page of price periods, by instance.',
});

export const FleetError = Type.Object(
  {
    detail: Type.Union(
      [
        Type.String(),
        Type.Array(
          Type.Object({
            loc: Type.Array(Type.Union([Type.String(), Type.Integer()]), {
              description: 'Where: `query`, `path`, `header` or `body`, then the way inside of it.',
              minItems: 1,
            }),
            msg: Type.String({ description: 'One sentence for people.' }),
            type: Type.String({ description: 'The rule that was broken.' }),
          }),
          { minItems: 1 },
        ),
      ],
      { description: 'One sentence; for 422 a list of everything that is wrong with the request.' },
    ),
  },
  { title: 'FleetError', description: 'Why a request was not done.' },
);

/** The named schemas of the fleet family, by title. */
export const FLEET_SCHEMAS = {
  FleetInstance,
  FleetInstancePage,
  FleetStatusChange,
  FleetStatusAnswer,
  FleetInstanceStatus,
  FleetStatusEvent,
  FleetStatusHistory,
  FleetPricePeriod,
  FleetPriceHistory,
  FleetError,
  ...VOLUME_SCHEMAS,
  ...OFFER_SCHEMAS,
  ...ACCOUNT_SCHEMAS,
  ...BID_SCHEMAS,
} as const;
