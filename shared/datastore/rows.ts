import { catalogUses } from '#shared/domain/catalog-uses.ts';
import { fleetStatus } from '#shared/domain/fleet-status.ts';
import { EVENT_CAUSES, eventId, type InstanceEvent } from '#shared/domain/history.ts';
import { type Instance, type MachineSpec, OPERATION_KINDS } from '#shared/domain/instance.ts';
import { NO_LOGIN } from '#shared/domain/login.ts';
import { METERS, periodId, type PricePeriod } from '#shared/domain/metering.ts';
import { isFinal, type Operation, OPERATION_STATES } from '#shared/domain/operation.ts';
import { position, timeText } from '#shared/domain/sort-key.ts';
import { EVENT_STATUSES, INSTANCE_STATUSES, STATUS_GROUP } from '#shared/domain/status.ts';
import { known } from '#shared/domain/stored-word.ts';
import {
  ABSENT,
  expiry,
  indexedInteger,
  integer,
  json,
  nullable,
  plainFlag,
  plainText,
  plainTime,
  text,
  texts,
  time,
  type Field,
  type Value,
  unindexed,
  word,
} from './field.ts';
import { NO_EXTRAS } from './catalog-rows.ts';
import { kind, type Kind } from './kind.ts';
import { HISTORY_RETENTION_MS, OPERATION_RETENTION_MS } from './retention.ts';

/*
 * The kinds of rows. Every index makes writes more expensive, so only properties that a query uses are indexed, and of
 * these only the values that it looks for: not null. Kinds
 * that expire have `expireAt`, the property of their TTL policy; Datastore deletes expired rows within about a day, so
 * code checks the time as well.
 */

/** Earlier versions wrote machines without accelerators and Local SSD. */
const machine: Field<MachineSpec> = {
  ...json(),
  decode: (value) => ({ ...NO_EXTRAS, ...json<MachineSpec>().decode(value) }),
};

export const INSTANCE: Kind<Instance> = kind<Instance>(
  'Instance',
  {
    id: plainText,
    userId: text,
    customerId: text,
    project: text,
    visibleBy: texts,
    displayName: plainText,
    zone: text,
    machine,
    login: json(),
    templateId: text,
    configId: plainText,
    spec: json(),
    bid: nullable(plainText),
    reservation: nullable(text),
    status: unindexed(word(INSTANCE_STATUSES)),
    statusReason: json(),
    statusSinceMs: integer,
    preempted: plainFlag,
    statusSyncedAtMs: plainTime,
    externalIp: plainText,
    internalIp: plainText,
    cloudId: plainText,
    createdAtMs: time,
    deletionProtection: plainFlag,
    queue: json(),
    lastOperation: json(),
    eventCount: integer,
    lastEventAtMs: integer,
    checkAtMs: nullable(time),
    metering: json(),
  },
  {
    derived: (instance) => ({
      ...ofStatus(instance),
      machineType: { stringValue: instance.machine.machineType },
      byCreated: { stringValue: position(timeText(instance.createdAtMs), instance.id) },
      byType: { stringValue: position(instance.machine.machineType, instance.id) },
      // Used to find the users of a catalogue entry before it is removed.
      uses: { arrayValue: { values: catalogUses(instance).map((use) => ({ stringValue: use })) } },
    }),
    missing: () => ({ lastEventAtMs: 0, login: NO_LOGIN, lastOperation: null, deletionProtection: false }),
  },
);

/** Returns the properties that derive from the status, among them a sort key of status and id. */
function ofStatus(instance: Instance) {
  const status = known(INSTANCE_STATUSES, instance.status);
  if (status === undefined) return {};
  return {
    statusGroup: { stringValue: STATUS_GROUP[status] },
    byStatus: { stringValue: position(fleetStatus(instance), instance.id) },
  };
}

export const OPERATION: Kind<Operation> = kind<Operation>(
  'Operation',
  {
    id: plainText,
    kind: unindexed(word(OPERATION_KINDS)),
    instanceId: text,
    state: word(OPERATION_STATES),
    actor: json(),
    customerId: text,
    visibleBy: texts,
    requestId: plainText,
    attempts: integer,
    leaseUntilMs: integer,
    dueAtMs: integer,
    leaseToken: plainText,
    call: json(),
    edit: json(),
    callCount: integer,
    error: json(),
    seenStatus: nullable(unindexed(word(INSTANCE_STATUSES))),
    createdAtMs: plainTime,
    startedAtMs: nullable(plainTime),
    completedAtMs: nullable(plainTime),
  },
  {
    derived: (operation) => ({
      // Filters and sort key of lists of operations. Operations of earlier versions lack them and are not listed.
      reason: operation.error === null ? ABSENT : { stringValue: operation.error.reason },
      listed: { stringValue: position(timeText(operation.createdAtMs), operation.id) },
      // Null once the operation has ended, so that the reconciler's query reads a short index, not all operations ever.
      openSince: openSince(operation),
      expireAt: expiry(operation.completedAtMs === null ? null : operation.completedAtMs + OPERATION_RETENTION_MS),
    }),
    missing: () => ({ dueAtMs: 0, seenStatus: null, edit: null }),
  },
);

function openSince({ state, createdAtMs }: Operation): Value | undefined {
  if (known(OPERATION_STATES, state) === undefined) return undefined;
  return isFinal(state) ? ABSENT : time.encode(createdAtMs);
}

export const EVENT: Kind<InstanceEvent> = kind<InstanceEvent>(
  'InstanceEvent',
  {
    instanceId: text,
    sequence: indexedInteger,
    status: unindexed(word(EVENT_STATUSES)),
    atMs: plainTime,
    cause: unindexed(word(EVENT_CAUSES)),
    actor: json(),
    operationId: nullable(plainText),
    reason: nullable(plainText),
    note: plainFlag,
    // Not limited to a closed list: a newer version may write kinds of operations that this one does not know.
    action: nullable(plainText),
    userId: plainText,
    customerId: plainText,
    visibleBy: texts,
    project: text,
    bid: nullable(text),
    reservation: nullable(text),
  },
  {
    missing: () => ({ action: null }),
    derived: (event) => ({
      // Null for a note, which is no status change, so that the status history need not skip it.
      timeline: event.note
        ? ABSENT
        : { stringValue: position(timeText(event.atMs), eventId(event.instanceId, event.sequence)) },
      expireAt: expiry(event.atMs + HISTORY_RETENTION_MS),
    }),
  },
);

/** What an instance cost during a period; also the credit of a stopped instance that uses a reservation. */
export const PRICE_PERIOD: Kind<PricePeriod> = kind<PricePeriod>(
  'PricePeriod',
  {
    instanceId: text,
    sequence: indexedInteger,
    meter: unindexed(word(METERS)),
    machineType: plainText,
    priceCents: integer,
    startMs: plainTime,
    endMs: nullable(plainTime),
    customerId: plainText,
    visibleBy: texts,
    project: text,
    bid: nullable(text),
    reservation: nullable(text),
  },
  {
    // Rows of earlier versions lack the customer. Their project does not identify it, since a token may have claimed
    // the project.
    missing: () => ({ customerId: '' }),
    derived: (period) => ({
      // Null for a credit, which is not part of what is charged.
      timeline: chargeTimeline(period),
      // A period that is still open does not expire.
      expireAt: expiry(period.endMs === null ? null : period.endMs + HISTORY_RETENTION_MS),
    }),
  },
);

function chargeTimeline({ meter, startMs, instanceId, sequence }: PricePeriod): Value | undefined {
  if (known(METERS, meter) === undefined) return undefined;
  if (meter === 'credit') return ABSENT;
  return { stringValue: position(timeText(startMs), periodId(instanceId, sequence)) };
}
