import { INSTANCE_STATUSES, OPERATION_KINDS, STATUS_GROUP, type Instance } from '#shared/domain/instance.ts';
import { OPERATION_STATES, isFinal, type Operation } from '#shared/domain/operation.ts';
import { EVENT_STATUSES, eventId, type InstanceEvent } from '#shared/domain/history.ts';
import { fleetStatus } from '#shared/domain/fleet-status.ts';
import { METERS, periodId, type PricePeriod } from '#shared/domain/metering.ts';
import type { Orders } from '#shared/domain/orders.ts';
import { position, timeText } from '#shared/domain/sort-key.ts';
import { catalogUses } from '#shared/domain/catalog-uses.ts';
import { CATALOG_KINDS } from './catalog-rows.ts';
import {
  flag,
  plainFlag,
  indexedInteger,
  integer,
  json,
  nullable,
  plainText,
  text,
  texts,
  time,
  word,
} from './field.ts';
import { kind, type Kind } from './kind.ts';

/*
 * Every kind of row. Values without an index cost nothing at each write, so only what a query names is indexed.
 * Kinds that end by themselves have `expireAtMs`, the property of their TTL policy; TTL deletes within a day or so, so
 * code checks the time as well.
 */

export const INSTANCE: Kind<Instance> = kind<Instance>(
  'Instance',
  {
    id: text,
    userId: text,
    customerId: text,
    project: text,
    visibleBy: texts,
    displayName: plainText,
    zone: text,
    machine: json(),
    templateId: text,
    configId: plainText,
    spec: json(),
    bid: nullable(text),
    reservation: nullable(text),
    status: word(INSTANCE_STATUSES),
    statusReason: json(),
    statusSinceMs: integer,
    preempted: flag,
    statusSyncedAtMs: { ...time, indexed: false, encode: (ms) => ({ ...time.encode(ms), excludeFromIndexes: true }) },
    externalIp: plainText,
    internalIp: plainText,
    cloudId: plainText,
    createdAtMs: time,
    queue: json(),
    eventCount: integer,
    checkAtMs: nullable(time),
    metering: json(),
  },
  {
    derived: (instance) => ({
      statusGroup: { stringValue: STATUS_GROUP[instance.status] },
      machineType: { stringValue: instance.machine.machineType },
      // Sorted lists of a project, each by one property that is value and id in one.
      byCreated: { stringValue: position(timeText(instance.createdAtMs), instance.id) },
      byStatus: { stringValue: position(fleetStatus(instance), instance.id) },
      byType: { stringValue: position(instance.machine.machineType, instance.id) },
      // Lets the catalogue find who uses an entry before it removes it.
      uses: { arrayValue: { values: catalogUses(instance).map((use) => ({ stringValue: use })) } },
    }),
  },
);

export const OPERATION: Kind<Operation> = kind<Operation>(
  'Operation',
  {
    id: text,
    kind: word(OPERATION_KINDS),
    instanceId: text,
    state: word(OPERATION_STATES),
    actor: json(),
    customerId: plainText,
    visibleBy: texts,
    requestId: plainText,
    attempts: integer,
    leaseUntilMs: integer,
    leaseToken: plainText,
    call: json(),
    callCount: integer,
    error: json(),
    createdAtMs: time,
    startedAtMs: nullable(time),
    completedAtMs: nullable(time),
  },
  {
    derived: (operation) => ({
      // Null once final: the reconciler's query for what was left behind walks a short index, not all operations ever.
      openSince: isFinal(operation.state) ? { nullValue: 'NULL_VALUE' } : time.encode(operation.createdAtMs),
      expireAt:
        operation.completedAtMs === null
          ? { nullValue: 'NULL_VALUE' }
          : time.encode(operation.completedAtMs + OPERATION_RETENTION_MS),
    }),
  },
);

const DAY_MS = 86_400_000;
/** Operations can be read for 90 days after they ended. */
const OPERATION_RETENTION_MS = 90 * DAY_MS;
/** History can be read for 400 days: thirteen months, so that a year can be compared with the one before. */
const HISTORY_RETENTION_MS = 400 * DAY_MS;

export const EVENT_CAUSES = ['operation', 'drift', 'cloud event', 'admin'] as const;

export const EVENT: Kind<InstanceEvent> = kind<InstanceEvent>(
  'InstanceEvent',
  {
    instanceId: text,
    sequence: indexedInteger,
    status: word(EVENT_STATUSES),
    atMs: time,
    cause: word(EVENT_CAUSES),
    actor: json(),
    operationId: nullable(plainText),
    reason: nullable(plainText),
    note: plainFlag,
    userId: plainText,
    customerId: plainText,
    visibleBy: texts,
    project: text,
    bid: nullable(text),
    reservation: nullable(text),
  },
  {
    derived: (event) => ({
      // Null for a note: it is no change of status, and who reads those must not have to skip it.
      timeline: event.note
        ? { nullValue: 'NULL_VALUE' }
        : { stringValue: position(timeText(event.atMs), eventId(event.instanceId, event.sequence)) },
      expireAt: time.encode(event.atMs + HISTORY_RETENTION_MS),
    }),
  },
);

/** What an instance cost when; and what a paused one in a reserved place gave back. */
export const PRICE_PERIOD: Kind<PricePeriod> = kind<PricePeriod>(
  'PricePeriod',
  {
    instanceId: text,
    sequence: indexedInteger,
    meter: word(METERS),
    machineType: plainText,
    priceCents: integer,
    startMs: time,
    endMs: nullable(time),
    visibleBy: texts,
    project: text,
    bid: nullable(text),
    reservation: nullable(text),
  },
  {
    derived: (period) => ({
      // Null for a credit: it is no part of what is charged.
      timeline:
        period.meter === 'credit'
          ? { nullValue: 'NULL_VALUE' }
          : { stringValue: position(timeText(period.startMs), periodId(period.instanceId, period.sequence)) },
      // An open one is kept for as long as it runs.
      expireAt: period.endMs === null ? { nullValue: 'NULL_VALUE' } : time.encode(period.endMs + HISTORY_RETENTION_MS),
    }),
  },
);

/** What a project has ordered; the id is the project's. */
export const ORDERS: Kind<Orders> = kind<Orders>('Orders', {
  project: text,
  customerId: text,
  reservations: json(),
  bids: json(),
});

/** Instances that exist, per customer; the id is the customer's. */
export interface Usage {
  readonly instances: number;
}
export const USAGE: Kind<Usage> = kind<Usage>('Usage', { instances: integer });

/** Requests of one customer and operation in one minute; the id says which. Counted by increments, never read and written. */
export interface RateCounter {
  readonly count: number;
}
export const RATE_COUNTER: Kind<RateCounter> = kind<RateCounter>('RateCounter', { count: integer });

/** The first answer to a request with an Idempotency-Key. */
export interface IdempotencyRecord {
  readonly bodyHash: string;
  readonly operationId: string;
  readonly instanceId: string;
  /** Who may have the answer again: those who may see what it is about. `null`: an earlier version did not say. */
  readonly visibleBy: readonly string[] | null;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text, `""` for an answer without a body. */
  readonly body: string;
  /** The first request is still at work until then, unless it says earlier that it is done (0). */
  readonly leaseUntilMs: number;
  readonly expireAtMs: number;
}
export const IDEMPOTENCY: Kind<IdempotencyRecord> = kind<IdempotencyRecord>(
  'IdempotencyRecord',
  {
    bodyHash: plainText,
    operationId: plainText,
    instanceId: plainText,
    visibleBy: nullable(texts),
    status: integer,
    headers: json(),
    body: plainText,
    leaseUntilMs: integer,
    expireAtMs: integer,
  },
  { derived: (record) => ({ expireAt: time.encode(record.expireAtMs) }), missing: { visibleBy: null } },
);

/** A VM that must go: left by a delete, by a create that came to nothing, or found without a record. The id is the VM's name. */
export interface Orphan {
  readonly name: string;
  readonly zone: string;
  readonly why: 'deleted' | 'given_up' | 'unrecorded';
  readonly foundAtMs: number;
  /** It is deleted from then on. */
  readonly deleteAtMs: number;
  /** It counts as gone when it is absent and this has passed: an insert that is still on its way could yet make it. */
  readonly absentFromMs: number;
  readonly dueAtMs: number;
  readonly attempts: number;
}
export const ORPHAN: Kind<Orphan> = kind<Orphan>('Orphan', {
  name: text,
  zone: plainText,
  why: word(['deleted', 'given_up', 'unrecorded']),
  foundAtMs: time,
  deleteAtMs: time,
  absentFromMs: time,
  dueAtMs: time,
  attempts: integer,
});

/** A message that could not be handled in all its attempts. */
export interface DeadLetter {
  readonly operationId: string;
  readonly instanceId: string;
  readonly messageId: string;
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly recordedAtMs: number;
}
export const DEAD_LETTER: Kind<DeadLetter> = kind<DeadLetter>(
  'DeadLetter',
  {
    operationId: text,
    instanceId: text,
    messageId: plainText,
    data: plainText,
    attributes: json(),
    recordedAtMs: time,
  },
  { derived: (letter) => ({ expireAt: time.encode(letter.recordedAtMs + OPERATION_RETENTION_MS) }) },
);

/** What a scheduled job remembers between its runs; the id is the job's. */
export interface JobState {
  readonly cursor: string;
  readonly ranAtMs: number;
}
export const JOB_STATE: Kind<JobState> = kind<JobState>('JobState', { cursor: plainText, ranAtMs: time });

/** A key with which we seal what callers carry for us; the id says what. It is made once and never changes. */
export interface SealingKey {
  /** Lower-case hex of 256 random bits. */
  readonly key: string;
}
export const SEALING_KEY: Kind<SealingKey> = kind<SealingKey>('SealingKey', { key: plainText });

// Accounts

export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly tier: string;
}
export const CUSTOMER: Kind<Customer> = kind<Customer>('Customer', { id: text, name: plainText, tier: text });

export interface User {
  /** UUID. */
  readonly id: string;
  readonly customerId: string;
  readonly name: string;
  readonly projects: readonly string[];
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly createdAtMs: number;
}
export const USER: Kind<User> = kind<User>('User', {
  id: text,
  customerId: text,
  name: plainText,
  projects: texts,
  groups: texts,
  roles: texts,
  createdAtMs: time,
});

export interface Project {
  /** `proj_…` */
  readonly id: string;
  readonly customerId: string;
  readonly name: string;
}
export const PROJECT: Kind<Project> = kind<Project>('Project', { id: text, customerId: text, name: plainText });

/** An API key: the public half is the id of the row (`ak_live_…`), of the secret half only the hash is kept. */
export interface ApiKey {
  readonly id: string;
  readonly userId: string;
  readonly customerId: string;
  readonly name: string;
  /** Lower-case hex SHA-256 of the secret; secrets are 256 random bits, so nothing slower is needed. */
  readonly secretHash: string;
  readonly createdAtMs: number;
  /** `null`: until revoked. */
  readonly expiresAtMs: number | null;
  readonly revokedAtMs: number | null;
  readonly lastUsedAtMs: number | null;
}
export const API_KEY: Kind<ApiKey> = kind<ApiKey>('ApiKey', {
  id: text,
  userId: text,
  customerId: text,
  name: plainText,
  secretHash: plainText,
  createdAtMs: time,
  expiresAtMs: nullable(time),
  revokedAtMs: nullable(time),
  lastUsedAtMs: nullable(time),
});

/** A session; the id of the row is the SHA-256 (lower-case hex) of the token, which is not kept. */
export interface Session {
  readonly userId: string;
  readonly customerId: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly revokedAtMs: number | null;
}
export const SESSION: Kind<Session> = kind<Session>(
  'Session',
  { userId: text, customerId: text, createdAtMs: time, expiresAtMs: time, revokedAtMs: nullable(time) },
  { derived: (session) => ({ expireAt: time.encode(session.expiresAtMs) }) },
);

/** All kinds, for tests of the codecs and for Terraform's list of TTL policies. */
export const KINDS: readonly Kind<unknown>[] = [
  INSTANCE,
  OPERATION,
  EVENT,
  PRICE_PERIOD,
  ORDERS,
  USAGE,
  RATE_COUNTER,
  IDEMPOTENCY,
  ORPHAN,
  DEAD_LETTER,
  JOB_STATE,
  SEALING_KEY,
  CUSTOMER,
  USER,
  PROJECT,
  API_KEY,
  SESSION,
  ...CATALOG_KINDS,
];

/** Kinds whose rows Datastore deletes by itself, by the property `expireAt`. */
export const EXPIRING_KINDS: readonly string[] = [
  'Operation',
  'InstanceEvent',
  'PricePeriod',
  'RateCounter',
  'IdempotencyRecord',
  'DeadLetter',
  'Session',
];
