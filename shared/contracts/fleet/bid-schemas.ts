import { Type, type TSchema } from 'typebox';
import { RESERVATION_STATUSES } from '#shared/domain/orders.ts';
import { BID_EVENTS, BID_QUANTITY_MAX, BID_STATUSES, DOLLARS_PATTERN } from '#shared/domain/bid.ts';

// Responses may get further members, so their schemas are open. Requests are open too, because clients of this family
// send members that the operations do not use.

const nullable = <T extends TSchema>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { description });

/** A member that may be absent or null. */
const optional = <T extends TSchema>(schema: T, description: string) =>
  Type.Optional(Type.Union([schema, Type.Null()], { description }));

const fid = (description: string, example: string) => Type.String({ description, examples: [example] });

const when = (description: string) =>
  Type.String({ description, format: 'date-time', examples: ['2024-01-01T00:00:00Z'] });

const VOLUMES_MAX = 16;
const SSH_KEYS_MAX = 100;
/** Maximum number of characters of a start-up script. */
const SCRIPT_LENGTH_MAX = 10_000;

const sentFid = Type.String({ minLength: 1, maxLength: 128 });

const sentVolumes = Type.Array(sentFid, {
  description: 'Volumes for its first instance, each once.',
  maxItems: VOLUMES_MAX,
  uniqueItems: true,
});

export const FleetLaunchSpecification = Type.Object(
  {
    volumes: Type.Array(Type.String(), { description: 'Volumes of its first instance.' }),
    ssh_keys: Type.Array(Type.String(), { description: 'Keys that log in as `ubuntu`.' }),
    startup_script: nullable(Type.String(), 'What each instance runs when it is first started.'),
    kubernetes_cluster: nullable(Type.String(), 'Always null: clusters are not offered.'),
    image_version: nullable(Type.String(), 'Image of the boot disk; null for the default Ubuntu.'),
    memory_gb: nullable(Type.Integer(), 'Always null, or the memory of the instance type.'),
  },
  { title: 'FleetLaunchSpecification', description: 'What the instances of a bid are launched with.' },
);

export const FleetBid = Type.Object(
  {
    fid: fid('Id of the bid.', 'bid_abc123456789'),
    name: Type.String({
      description: 'Name that its owner gave it; its instances are called `<name>-1`, `<name>-2`, …',
    }),
    project: fid('Project it belongs to.', 'proj_abc123456789'),
    created_by: fid('User who placed it.', 'user_550e8400-e29b-41d4-a716-446655440000'),
    created_at: when('When it was placed, in UTC.'),
    deactivated_at: nullable(Type.String({ format: 'date-time' }), 'When it became Terminated; null before.'),
    limit_price: Type.String({ description: 'Most that it pays for an instance-hour.', examples: ['$15.60'] }),
    instance_quantity: Type.Integer({ description: 'Instances that it asks for.', minimum: 1 }),
    instance_type: fid('Type of machine.', 'it_n1-standard-2'),
    region: nullable(Type.String(), 'Zone of its instances: `us-central1-a`.'),
    instances: Type.Array(Type.String(), {
      description: 'Its instances in the order of their names; empty until it has been given all of them.',
    }),
    launch_specification: FleetLaunchSpecification,
    status: Type.Enum(BID_STATUSES, { type: 'string', description: 'Open while it does not have what it asks for.' }),
  },
  { title: 'FleetBid', description: 'An offer for a number of Spot machines, which it gets all or none of.' },
);

export const FleetBidPage = Type.Object(
  {
    data: Type.Array(FleetBid, { description: 'The bids of this page.' }),
    next_cursor: nullable(Type.String(), '`next_cursor` of the next request; null when this was the end.'),
  },
  { title: 'FleetBidPage', description: 'One page of bids.' },
);

export const FleetBidStatus = Type.Object(
  {
    bid_fid: fid('Id of the bid.', 'bid_abc123456789'),
    status: Type.Enum([...BID_STATUSES, 'Relocating'], { type: 'string', description: 'Status of the bid.' }),
    reason: nullable(
      Type.String(),
      'Why it does not have what it asks for, or why the platform has ended it; otherwise null.',
    ),
  },
  { title: 'FleetBidStatus', description: 'The status of one bid.' },
);

export const FleetBidEvent = Type.Object(
  {
    timestamp: when('When it happened, in UTC.'),
    event_type: Type.Enum(BID_EVENTS, { type: 'string', description: 'What happened.' }),
    limit_price: nullable(Type.String(), 'The limit price, where the event says one.'),
    user_id: nullable(Type.String(), 'Who asked for it; null when the platform did it.'),
    memory_gb: nullable(Type.Integer(), 'The memory, where the event says one.'),
    persistent_disk_change: nullable(
      Type.Object({
        attached: nullable(Type.Array(Type.String()), 'Volumes that were added.'),
        removed: nullable(Type.Array(Type.String()), 'Volumes that were taken off.'),
      }),
      'Which volumes came or went; null where none did.',
    ),
  },
  { title: 'FleetBidEvent', description: 'One event in the life of a bid.' },
);

export const FleetBidHistory = Type.Object(
  {
    bid_fid: fid('Id of the bid.', 'bid_abc123456789'),
    events: Type.Array(FleetBidEvent, { description: 'Its events, oldest first.' }),
  },
  { title: 'FleetBidHistory', description: 'What happened to a bid.' },
);

export const FleetReservation = Type.Object(
  {
    fid: fid('Id of the reservation.', 'res_abc123456789'),
    name: Type.String({ description: 'Its name.' }),
    project: fid('Project it belongs to.', 'proj_abc123456789'),
    created_by: fid('User who ordered it.', 'user_550e8400-e29b-41d4-a716-446655440000'),
    created_at: when('When it was ordered, in UTC.'),
    deactivated_at: nullable(Type.String({ format: 'date-time' }), 'When it ended; null before.'),
    instance_quantity: Type.Integer({ description: 'Instances it has room for.', minimum: 0 }),
    instance_type: fid('Type of machine.', 'it_n1-standard-2'),
    region: nullable(Type.String(), 'Zone of its instances; null for any.'),
    instances: Type.Array(Type.String(), { description: 'Instances that have its places.' }),
    launch_specification: FleetLaunchSpecification,
    status: Type.Enum(RESERVATION_STATUSES, { type: 'string', description: 'Active while instances take its places.' }),
    start_time: when('From when on instances take its places, in UTC.'),
    end_time: when('Until when, in UTC; the year 9999 while it has no end.'),
    total_price: Type.String({ description: 'Price of all places for the whole time.', examples: ['$1500.00'] }),
    unit_price: Type.String({ description: 'Price of a place, for an instance-hour.', examples: ['$0.25'] }),
  },
  { title: 'FleetReservation', description: 'Places that a project has bought for a while.' },
);

export const FleetReservationPage = Type.Object(
  {
    data: Type.Array(FleetReservation, { description: 'The reservations of this page.' }),
    next_cursor: nullable(Type.String(), '`next_cursor` of the next request; null when this was the end.'),
  },
  { title: 'FleetReservationPage', description: 'One page of reservations.' },
);

const limitPrice = Type.String({
  description: 'Most to pay for an instance-hour, in dollars.',
  pattern: DOLLARS_PATTERN,
  examples: ['$15.60'],
});

export const FleetNewBid = Type.Object(
  {
    project: Type.String({ description: 'Project, one of yours.', minLength: 1, maxLength: 128 }),
    region: Type.String({ description: 'Zone for the instances.', minLength: 1, maxLength: 128 }),
    instance_type: Type.String({
      description: 'Type of machine, from the instance types.',
      minLength: 1,
      maxLength: 128,
    }),
    limit_price: limitPrice,
    instance_quantity: Type.Integer({ description: 'Instances, all or none.', minimum: 1, maximum: BID_QUANTITY_MAX }),
    name: Type.String({
      description: 'Name of the bid; its instances are called `<name>-1`, `<name>-2`, …',
      minLength: 1,
      maxLength: 128,
      pattern: '^[^\\x00-\\x1f\\x7f]+$',
    }),
    launch_specification: Type.Object(
      {
        volumes: sentVolumes,
        ssh_keys: Type.Array(sentFid, {
          description: 'Keys that log in as `ubuntu`, beside those that the project requires.',
          maxItems: SSH_KEYS_MAX,
        }),
        startup_script: optional(
          Type.String({ maxLength: SCRIPT_LENGTH_MAX }),
          'What each instance runs when it is first started: a script, or user data of cloud-init.',
        ),
        kubernetes_cluster: optional(sentFid, 'Clusters are not offered.'),
        image_version: optional(sentFid, 'Image of the boot disk; the default Ubuntu when absent.'),
        memory_gb: optional(Type.Integer({ minimum: 1 }), 'The memory of the instance type; no other is offered.'),
      },
      { description: 'What the instances are launched with.' },
    ),
    notification_email: optional(Type.String({ maxLength: 320 }), 'Taken, and not used: no mail is sent.'),
  },
  { title: 'FleetNewBid', description: 'A bid to be placed.' },
);

export const FleetBidChange = Type.Object(
  {
    limit_price: optional(limitPrice, 'A new limit price.'),
    paused: optional(Type.Boolean(), 'true stops its instances, false starts them.'),
    volumes: optional(sentVolumes, 'All volumes that its first instance is to have.'),
    memory_gb: optional(Type.Integer({ minimum: 1 }), 'The memory of the instance type; no other is offered.'),
  },
  { title: 'FleetBidChange', description: 'What is to change about a bid: at least one of these.' },
);

/** The named schemas of bids, by title. */
export const BID_SCHEMAS = {
  FleetLaunchSpecification,
  FleetBid,
  FleetBidPage,
  FleetBidStatus,
  FleetBidEvent,
  FleetBidHistory,
  FleetNewBid,
  FleetBidChange,
  FleetReservation,
  FleetReservationPage,
} as const;
