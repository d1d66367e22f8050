import type { Reply } from '#shared/contracts/reply.ts';
import { ORDERS } from '#shared/datastore/account-rows.ts';
import { IDEMPOTENCY, type IdempotencyRecord, type Usage, USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { EVENT, INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { sharedRead, type SharedRows } from '#shared/datastore/shared-rows.ts';
import { type Change, insert, ref, type Ref, type Row, rowAfter, type Write } from '#shared/datastore/write.ts';
import { isAdmin } from '#shared/domain/access.ts';
import type { Blueprint } from '#shared/domain/blueprint.ts';
import { Failure } from '#shared/domain/failure.ts';
import { eventId, type InstanceEvent, nextEvent } from '#shared/domain/history.ts';
import type { IdempotencyKey } from '#shared/domain/idempotency-key.ts';
import { instanceId, operationId, type Random } from '#shared/domain/ids.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { LEASE_MS } from '#shared/domain/lease.ts';
import { UNMETERED } from '#shared/domain/metering.ts';
import type { Operation } from '#shared/domain/operation.ts';
import { allot, type Allotment, type Orders, withPlaces } from '#shared/domain/orders.ts';
import type { Actor, Principal } from '#shared/domain/principal.ts';
import { reserve } from '#shared/domain/quota.ts';
import { requestUuid } from '#shared/domain/request-uuid.ts';
import type { Tier } from '#shared/domain/tier.ts';
import { firstWrites } from '#shared/lifecycle/instance-writes.ts';
import { quotaOf } from '#shared/lifecycle/quota-places.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { recordOf, requireSameUse, writeRecord } from './idempotent.ts';

export interface CreateRequest {
  readonly caller: Principal;
  readonly actor: Actor;
  readonly tier: Tier;
  readonly requestId: string;
  readonly idempotencyKey: IdempotencyKey | undefined;
  /** Prefix of the generated ids, for example `tw`. */
  readonly idPrefix: string;
  /**
   * Resolves the blueprint; called while other rows are read. Throws `not_found` for names that the catalogue lacks.
   */
  readonly blueprint: () => Promise<Blueprint>;
  /** Builds the response; it is stored with the Idempotency-Key and replayed to repeats of the request. */
  readonly answer: (instance: Instance, operation: Operation) => Reply;
}

/** The reconciler compares a new record with its VM after this time, unless a request or the worker has by then. */
const FIRST_CHECK_MS = 120_000;

export interface Accepted {
  readonly instance: Instance;
  readonly operation: Operation;
  readonly reply: Reply;
  /** The rows as the commit wrote them; `undefined` when the commit's response was lost or the rows changed since. */
  readonly rows?: NewRows;
}

/** The request's operation, and its idempotency record unless another request has replaced that record. */
type OwnRows = readonly [Row<Operation> | undefined, Row<IdempotencyRecord> | undefined];

/**
 * The rows that are updated once Compute Engine has answered: the request's own rows, the instance and its first event.
 */
export type NewRows = readonly [OwnRows, readonly [Row<Instance> | undefined, Row<InstanceEvent> | undefined]];

/** A create that has waited this long for others of its customer is answered 503, before its caller gives up. */
const QUEUED_MS_MAX = 8_000;

type Acceptance = Accepted | { readonly earlier: IdempotencyRecord };

/** What a create is decided by, beside the shared rows. */
interface Own {
  readonly earlier: Row<IdempotencyRecord> | undefined;
  /** Throws what was wrong with it: that matters only to a request that is not a repeat. */
  readonly blueprint: () => Blueprint;
}

/**
 * Puts a create on record, or finds the record of an earlier one with its Idempotency-Key. Creates of one customer that
 * meet share a commit: the quota and the project's reservations are written once for all of them.
 */
export async function accept(request: CreateRequest, { store, nowMs, random }: Tools): Promise<Acceptance> {
  const { caller, idempotencyKey } = request;
  const [defaultProject] = caller.projects;
  const refs = {
    // Made once: after a lost answer the operation's row tells whether the commit was applied.
    operation: ref(OPERATION, operationId(nowMs(), random)),
    usage: ref(USAGE, caller.customerId),
    orders: defaultProject === undefined ? undefined : ref(ORDERS, defaultProject),
  };
  const queuedAtMs = nowMs();
  return store.changeTogether<Own, Acceptance>(quotaOf(caller.customerId), {
    read: async () => {
      const [blueprint, [usage, earlier, orders]] = await Promise.all([
        settledBlueprint(request),
        store.getAll([refs.usage, idempotencyKey && ref(IDEMPOTENCY, idempotencyKey.id), refs.orders]),
      ]);
      const shared = [sharedRead(refs.usage, usage)];
      return {
        own: { earlier, blueprint },
        shared: refs.orders === undefined ? shared : [...shared, sharedRead(refs.orders, orders)],
      };
    },
    decide: ({ earlier, blueprint }, shared) => {
      const atMs = nowMs();
      if (idempotencyKey !== undefined && earlier !== undefined && earlier.value.expireAtMs > atMs) {
        requireSameUse(earlier.value, idempotencyKey, caller);
        return { writes: [], result: { earlier: earlier.value } };
      }
      requireGroups(caller);
      if (atMs - queuedAtMs > QUEUED_MS_MAX) throw tooManyCreates();
      return acceptance(request, { refs, earlier, blueprint: blueprint(), atMs, random }, shared);
    },
  });
}

async function settledBlueprint({ blueprint }: CreateRequest): Promise<() => Blueprint> {
  const [outcome] = await Promise.allSettled([blueprint()]);
  return () => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  };
}

interface Acceptable {
  readonly refs: {
    readonly operation: Ref<Operation>;
    readonly usage: Ref<Usage>;
    readonly orders: Ref<Orders> | undefined;
  };
  readonly earlier: Row<IdempotencyRecord> | undefined;
  readonly blueprint: Blueprint;
  readonly atMs: number;
  readonly random: Random;
}

/** The records of a new instance, and its place in the customer's quota and in a reservation. */
function acceptance(
  request: CreateRequest,
  { refs, earlier, blueprint, atMs, random }: Acceptable,
  shared: SharedRows,
): Change<Acceptance> {
  const { caller, tier, idempotencyKey } = request;
  shared.set(refs.usage, { instances: reserve(shared.get(refs.usage)?.instances ?? 0, tier.maxInstances) });
  const id = instanceId(request.idPrefix, caller.userId, random);
  const operation = newOperation(refs.operation, { id, request, atMs });
  const allotment = takePlace(blueprint, { orders: refs.orders, customerId: caller.customerId, atMs }, shared);
  const blank = newInstance(blueprint, { id, request, operation, allotment, atMs });
  const event = nextEvent(blank, {
    status: 'PROVISIONING',
    atMs,
    cause: 'operation',
    actor: operation.actor,
    operationId: operation.id,
  });
  const instance = { ...blank, eventCount: 1, lastEventAtMs: atMs };
  const reply = request.answer(instance, operation);
  const writes: Write[] = [insert(OPERATION, operation.id, operation), ...firstWrites({ instance, event })];
  const accepted = { instance, operation, reply };
  const record = idempotencyKey === undefined ? undefined : recordOf(idempotencyKey, { reply, operation, atMs });
  if (idempotencyKey !== undefined && record !== undefined) {
    writes.push(writeRecord(idempotencyKey, earlier, record));
  }
  return {
    writes,
    result: accepted,
    applied: (versionOf) => ({
      ...accepted,
      rows: [
        [
          rowAfter(versionOf, refs.operation, operation),
          idempotencyKey === undefined || record === undefined
            ? undefined
            : rowAfter(versionOf, ref(IDEMPOTENCY, idempotencyKey.id), record),
        ],
        [
          rowAfter(versionOf, ref(INSTANCE, id), instance),
          rowAfter(versionOf, ref(EVENT, eventId(id, event.sequence)), event),
        ],
      ],
    }),
  };
}

/** A free place in a reservation of the caller's project, if there is one. */
function takePlace(
  { machine: { machineType }, zone }: Blueprint,
  {
    orders: target,
    customerId,
    atMs,
  }: { readonly orders: Ref<Orders> | undefined; readonly customerId: string; readonly atMs: number },
  shared: SharedRows,
): Allotment {
  const stored = target && shared.get(target);
  // Another customer's orders are not there for this caller.
  const orders = stored?.customerId === customerId ? stored : undefined;
  const allotment = allot(orders, { machineType, zone, nowMs: atMs });
  if (target !== undefined && orders !== undefined && allotment.reservation !== null)
    shared.set(target, withPlaces(orders, allotment.reservation, 1));
  return allotment;
}

function tooManyCreates(): Failure {
  return new Failure('unavailable', 'Too many creates at the same time. Please try again.', {
    reason: 'contention',
    retryAfterSeconds: 2,
  });
}

/**
 * Throws `forbidden`: an instance is visible by its creator's groups, so a caller without any could not stop or delete
 * it.
 */
export function requireGroups(caller: Principal): void {
  if (caller.groups.length > 0 || isAdmin(caller)) return;
  throw new Failure('forbidden', 'You belong to no group, and instances are visible by the groups of their creator.', {
    reason: 'no_groups',
  });
}

function newOperation(
  { id }: Ref<Operation>,
  { id: instance, request, atMs }: { readonly id: string; readonly request: CreateRequest; readonly atMs: number },
): Operation {
  return {
    id,
    kind: 'create',
    instanceId: instance,
    state: 'running',
    actor: request.actor,
    customerId: request.caller.customerId,
    visibleBy: request.caller.groups,
    requestId: request.requestId,
    attempts: 0,
    leaseUntilMs: atMs + LEASE_MS,
    dueAtMs: 0,
    leaseToken: request.requestId,
    call: {
      verb: 'insert',
      requestId: requestUuid(id, 1),
      askedAtMs: atMs,
      zoneOperation: null,
      done: false,
      mayBeApplied: true,
    },
    edit: null,
    callCount: 1,
    error: null,
    seenStatus: null,
    createdAtMs: atMs,
    startedAtMs: atMs,
    completedAtMs: null,
  };
}

function newInstance(
  blueprint: Blueprint,
  {
    id,
    request,
    operation,
    allotment,
    atMs,
  }: {
    readonly id: string;
    readonly request: CreateRequest;
    readonly operation: Operation;
    readonly allotment: Allotment;
    readonly atMs: number;
  },
): Instance {
  return {
    id,
    userId: request.caller.userId,
    customerId: request.caller.customerId,
    project: blueprint.project,
    visibleBy: request.caller.groups,
    displayName: blueprint.displayName ?? id,
    zone: blueprint.zone,
    machine: allotment.bid === null ? blueprint.machine : { ...blueprint.machine, spot: true },
    login: blueprint.login,
    templateId: blueprint.templateId,
    configId: blueprint.configId,
    spec: blueprint.spec,
    ...allotment,
    status: 'PROVISIONING',
    statusReason: null,
    statusSinceMs: atMs,
    preempted: false,
    statusSyncedAtMs: atMs,
    externalIp: '',
    internalIp: '',
    cloudId: '',
    createdAtMs: atMs,
    queue: [{ id: operation.id, kind: 'create' }],
    deletionProtection: false,
    lastOperation: null,
    eventCount: 0,
    lastEventAtMs: 0,
    checkAtMs: atMs + FIRST_CHECK_MS,
    metering: UNMETERED,
  };
}

export async function readOwn({ idempotencyKey }: CreateRequest, id: string, store: Tools['store']): Promise<OwnRows> {
  const [operation, record] = await store.getAll([
    ref(OPERATION, id),
    idempotencyKey && ref(IDEMPOTENCY, idempotencyKey.id),
  ]);
  return [operation, record?.value.operationId === id ? record : undefined];
}
