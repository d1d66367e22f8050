import { isAdmin } from '#shared/domain/access.ts';
import { Failure } from '#shared/domain/failure.ts';
import { eventId, nextEvent, type InstanceEvent } from '#shared/domain/history.ts';
import { instanceId, operationId } from '#shared/domain/ids.ts';
import type { Instance, MachineSpec } from '#shared/domain/instance.ts';
import { KeyedMutex } from '#shared/concurrency/keyed-mutex.ts';
import { UNMETERED } from '#shared/domain/metering.ts';
import type { Operation } from '#shared/domain/operation.ts';
import { allot, withPlaces, type Allotment } from '#shared/domain/orders.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { release, reserve } from '#shared/domain/quota.ts';
import { requestUuid } from '#shared/domain/request-uuid.ts';
import type { Tier } from '#shared/domain/tier.ts';
import {
  EVENT,
  IDEMPOTENCY,
  INSTANCE,
  OPERATION,
  ORDERS,
  ORPHAN,
  USAGE,
  type IdempotencyRecord,
} from '#shared/datastore/rows.ts';
import {
  insert,
  put,
  ref,
  remove,
  replace,
  rowAfter,
  type Ref,
  type Row,
  type Write,
} from '#shared/datastore/store.ts';
import { CloudError, toCloudError, type CloudReason } from '#shared/gce/cloud-error.ts';
import type { ZoneOperation } from '#shared/gce/compute.ts';
import type { IdempotencyKey } from '#shared/http/idempotency.ts';
import type { Reply } from '#shared/contracts/reply.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { askCompute } from '#shared/lifecycle/ask-compute.ts';
import { cloudFailure } from '#shared/lifecycle/cloud-failure.ts';
import { IDEMPOTENCY_KEPT_MS, requireSameUse, replayed } from './idempotent.ts';
import { firstWrites, removalWrites } from '#shared/lifecycle/instance-writes.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** What is to be made, after names have been looked up. */
export interface Blueprint {
  readonly zone: string;
  readonly machine: MachineSpec;
  readonly templateId: string;
  readonly configId: string;
  /** `null`: the id. */
  readonly displayName: string | null;
  readonly spec: Instance['spec'];
  readonly project: string;
}

export interface CreateRequest {
  readonly caller: Principal;
  readonly tier: Tier;
  readonly requestId: string;
  readonly idempotencyKey: IdempotencyKey | undefined;
  readonly admitted: Promise<void>;
  /** First part of the ids: `tw`. */
  readonly idPrefix: string;
  /** Looked up beside everything else; throws `not_found` for unknown names. */
  readonly blueprint: () => Promise<Blueprint>;
  /** The answer to the caller, which is kept with the Idempotency-Key. */
  readonly answer: (instance: Instance, operation: Operation) => Reply;
}

/** Longest time that one create request works; nobody else touches its operation until then. */
const CREATE_LEASE_MS = 60_000;
/** A first request with the same Idempotency-Key is waited for this long before the caller is told to come back. */
const WAIT_FOR_FIRST_MS = 2_500;
const WAIT_STEP_MS = 50;
/** After a create that was given up without a clear answer, the VM could still appear; so long it is looked for. */
export const LATE_INSERT_MS = 10 * 60_000;
/** The reconciler looks after a new VM by itself when nothing else has by then. */
const FIRST_CHECK_MS = 120_000;

/** Creates of one customer in this process take turns, or they would only make each other's commits fail. */
const perCustomer = new KeyedMutex();

/** A create that has waited this long for others of its customer is told to come back, before its caller gives up. */
const QUEUED_MS_MAX = 8_000;

function tooManyCreates(): Failure {
  return new Failure('unavailable', 'Too many creates at the same time. Please try again.', {
    reason: 'contention',
    retryAfterSeconds: 2,
  });
}

interface Accepted {
  readonly instance: Instance;
  readonly operation: Operation;
  readonly reply: Reply;
  /** As the commit left them; `undefined` when its answer was lost. */
  readonly rows?: NewRows;
}

/** The request's operation and its idempotency record, if that is still the one it wrote. */
type OwnRows = readonly [Row<Operation> | undefined, Row<IdempotencyRecord> | undefined];

/** What is confirmed once Compute Engine has answered: the request's own rows, the instance and its first event. */
type NewRows = readonly [OwnRows, readonly [Row<Instance> | undefined, Row<InstanceEvent> | undefined]];

/**
 * Makes an instance. One commit holds the idempotency record, the quota, the instance, its operation and its first event;
 * then Compute Engine is asked. A refusal undoes the commit; an answer that never comes leaves the operation to the
 * worker, which asks again under the same name and requestId.
 */
export async function createInstance(request: CreateRequest, tools: Tools): Promise<Reply> {
  const waitUntilMs = tools.nowMs() + WAIT_FOR_FIRST_MS;
  for (;;) {
    const queuedAtMs = tools.nowMs();
    const outcome = await perCustomer.run(request.caller.customerId, async () => {
      if (tools.nowMs() - queuedAtMs > QUEUED_MS_MAX) throw tooManyCreates();
      return accept(request, tools);
    });
    if ('reply' in outcome) return carryOut(request, outcome, tools);
    const { earlier } = outcome;
    if (earlier.leaseUntilMs <= tools.nowMs()) return replayed(earlier);
    if (tools.nowMs() >= waitUntilMs) {
      throw new Failure('conflict', 'The first request with this Idempotency-Key is still at work. Please try again.', {
        reason: 'idempotency_key_in_use',
        retryAfterSeconds: 2,
      });
    }
    await tools.sleep(WAIT_STEP_MS);
  }
}

async function accept(
  request: CreateRequest,
  { store, nowMs, random }: Tools,
): Promise<Accepted | { readonly earlier: IdempotencyRecord }> {
  const { caller, tier, idempotencyKey } = request;
  const usageRef = ref(USAGE, caller.customerId);
  // Made once: after a lost answer the operation's row tells whether the commit was applied.
  const operationRef = ref(OPERATION, operationId(nowMs(), random));
  return store.change<Accepted | { readonly earlier: IdempotencyRecord }>(async () => {
    const lookedUp = request.blueprint();
    // What is not in the catalogue (any more) matters only to a request that is not a repeat.
    lookedUp.catch(() => undefined);
    const [usage, earlier, orders] = await store.getAll([
      usageRef,
      ref(IDEMPOTENCY, idempotencyKey?.id ?? 'none'),
      ref(ORDERS, caller.projects[0] ?? 'none'),
    ]);
    await request.admitted;
    const atMs = nowMs();
    if (idempotencyKey !== undefined && earlier !== undefined && earlier.value.expireAtMs > atMs) {
      requireSameUse(earlier.value, idempotencyKey, caller);
      return { writes: [], result: { earlier: earlier.value } };
    }
    requireGroups(caller);
    const blueprint = await lookedUp;
    const instances = reserve(usage?.value.instances ?? 0, tier.maxInstances);
    const id = instanceId(request.idPrefix, caller.userId, random);
    const operation = newOperation(operationRef, { id, request, atMs });
    const allotment = allot(orders?.value, blueprint.machine.machineType);
    const blank = newInstance(blueprint, { id, request, operation, allotment, atMs });
    const event = nextEvent(blank, {
      status: 'PROVISIONING',
      atMs,
      cause: 'operation',
      actor: operation.actor,
      operationId: operation.id,
    });
    const instance = { ...blank, eventCount: 1 };
    const reply = request.answer(instance, operation);
    const writes: Write[] = [
      insert(OPERATION, operation.id, operation),
      ...firstWrites({ instance, event }),
      usage === undefined ? insert(USAGE, caller.customerId, { instances }) : replace(usage, { instances }),
    ];
    if (orders !== undefined && allotment.reservation !== null)
      writes.push(replace(orders, withPlaces(orders.value, allotment.reservation, 1)));
    const accepted = { instance, operation, reply };
    const record = idempotencyKey === undefined ? undefined : newRecord(idempotencyKey, { reply, operation, atMs });
    if (idempotencyKey !== undefined && record !== undefined) {
      // An expired record that TTL has not taken yet is written over, on condition that it still is that one.
      writes.push(earlier === undefined ? insert(IDEMPOTENCY, idempotencyKey.id, record) : replace(earlier, record));
    }
    return {
      writes,
      result: accepted,
      applied: (versionOf) => ({
        ...accepted,
        rows: [
          [
            rowAfter(versionOf, operationRef, operation),
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
  });
}

/** An instance is visible by the groups of its creator: without any, nobody could stop or delete what he pays for. */
function requireGroups(caller: Principal): void {
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
    actor: { type: 'user', id: request.caller.userId },
    customerId: request.caller.customerId,
    visibleBy: request.caller.groups,
    requestId: request.requestId,
    attempts: 0,
    leaseUntilMs: atMs + CREATE_LEASE_MS,
    leaseToken: request.requestId,
    call: {
      verb: 'insert',
      requestId: requestUuid(id, 1),
      askedAtMs: atMs,
      zoneOperation: null,
      done: false,
      mayBeApplied: true,
    },
    callCount: 1,
    error: null,
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
    eventCount: 0,
    checkAtMs: atMs + FIRST_CHECK_MS,
    metering: UNMETERED,
  };
}

function newRecord(
  key: IdempotencyKey,
  { reply, operation, atMs }: { readonly reply: Reply; readonly operation: Operation; readonly atMs: number },
): IdempotencyRecord {
  return {
    bodyHash: key.bodyHash,
    operationId: operation.id,
    instanceId: operation.instanceId,
    visibleBy: operation.visibleBy,
    status: reply.status,
    headers: reply.headers ?? {},
    body: reply.body === undefined ? '' : JSON.stringify(reply.body),
    leaseUntilMs: operation.leaseUntilMs,
    expireAtMs: atMs + IDEMPOTENCY_KEPT_MS,
  };
}

async function carryOut(
  request: CreateRequest,
  { instance, operation, reply, rows }: Accepted,
  tools: Tools,
): Promise<Reply> {
  const place = { zone: instance.zone, name: instance.id };
  let zoneOperation: ZoneOperation | undefined;
  const failures: CloudReason[] = [];
  try {
    zoneOperation = await askCompute(async () => {
      try {
        return await tools.compute.insert(place, instance.machine, requestUuid(operation.id, 1));
      } catch (thrown) {
        failures.push(toCloudError(thrown).reason);
        throw thrown;
      }
    }, tools);
    if (zoneOperation.error !== null) {
      failures.push(zoneOperation.error.reason);
      throw new CloudError(zoneOperation.error.reason, zoneOperation.error.message);
    }
  } catch (thrown) {
    const error = toCloudError(thrown);
    if (!(await mayBeThere({ place, error, failures }, tools))) {
      await undo(request, operation, { error, wasClear: !failures.includes('backend_error') }, tools);
      throw cloudFailure(error, instance.zone);
    }
    tools.log.warn('the answer to an insert was lost; the worker will find out', {
      operationId: operation.id,
      instanceId: instance.id,
      cause: error,
    });
  }
  await confirm(request, { operation, rows, zoneOperation }, tools);
  await publishOperations([{ operationId: operation.id, instanceId: instance.id }], tools);
  return reply;
}

/**
 * Whether a VM may have come of attempts that all failed. A refusal says nothing about an attempt before it that was never
 * answered, and a 5xx is a "no" that can be wrong: taken back although the VM is there, the same Idempotency-Key would make
 * a second one.
 */
async function mayBeThere(
  {
    place,
    error,
    failures,
  }: {
    readonly place: { readonly zone: string; readonly name: string };
    readonly error: CloudError;
    readonly failures: readonly CloudReason[];
  },
  tools: Tools,
): Promise<boolean> {
  if (failures.includes('lost')) return true;
  // It is the answer to an attempt before: nobody else makes this name.
  if (error.reason === 'already_exists' && failures.length > 1) return true;
  if (!failures.includes('backend_error')) return false;
  try {
    return (await askCompute(() => tools.compute.get(place), tools)) !== undefined;
  } catch {
    return true;
  }
}

/** Notes what Compute Engine answered, and ends the leases of operation and idempotency record. */
async function confirm(
  request: CreateRequest,
  {
    operation: { id, instanceId },
    rows,
    zoneOperation,
  }: {
    readonly operation: Operation;
    readonly rows: NewRows | undefined;
    readonly zoneOperation: ZoneOperation | undefined;
  },
  { store, log }: Tools,
): Promise<void> {
  // Mostly nobody was in between. Whoever finds otherwise reads.
  let known = rows;
  try {
    await store.change(async () => {
      const read = (): Promise<NewRows> =>
        Promise.all([
          readOwn(request, id, store),
          store.getAll([ref(INSTANCE, instanceId), ref(EVENT, eventId(instanceId, 1))]),
        ]);
      const [[row, record], [instance, first]] = known ?? (await read());
      known = undefined;
      if (row?.value.state !== 'running' || row.value.leaseToken !== request.requestId)
        return { writes: [], result: undefined };
      const { call } = row.value;
      const writes: Write[] = [
        replace(row, {
          ...row.value,
          leaseUntilMs: 0,
          call: call === null ? null : { ...call, zoneOperation: zoneOperation?.name ?? call.zoneOperation },
        }),
      ];
      if (record !== undefined) writes.push(replace(record, { ...record.value, leaseUntilMs: 0 }));
      if (zoneOperation !== undefined) writes.push(...begunWrites(zoneOperation, { instance, first }));
      return { writes, result: undefined };
    });
  } catch (thrown) {
    // The VM was asked for and is on record: the request has succeeded. Leases end by themselves.
    log.warn('a create could not be confirmed on record; its lease will run out', { operationId: id, cause: thrown });
  }
}

/** The VM exists from now on, and since when is what the cloud says: the record was made a little earlier. */
function begunWrites(
  { startedAtMs, targetId }: ZoneOperation,
  { instance, first }: { readonly instance: Row<Instance> | undefined; readonly first: Row<InstanceEvent> | undefined },
): readonly Write[] {
  // Somebody has looked at the VM already, and has written down what he saw.
  if (instance === undefined || first === undefined || instance.value.eventCount > 1) return [];
  const atMs = startedAtMs ?? first.value.atMs;
  const cloudId = instance.value.cloudId === '' ? targetId : instance.value.cloudId;
  return [
    replace(instance, { ...instance.value, cloudId, statusSinceMs: atMs }),
    replace(first, { ...first.value, atMs }),
  ];
}

/**
 * Takes back what was accepted. After a 5xx Compute Engine may yet make the VM that could not be seen, so that one is put on
 * the list of VMs that have to go.
 */
async function undo(
  request: CreateRequest,
  operation: Operation,
  { error, wasClear }: { readonly error: CloudError; readonly wasClear: boolean },
  { store, nowMs, log }: Tools,
): Promise<void> {
  log.warn('Compute Engine refused an insert', {
    operationId: operation.id,
    instanceId: operation.instanceId,
    reason: error.reason,
    cause: error,
  });
  await store.change(async () => {
    const [[row, record], [instance, usage]] = await Promise.all([
      readOwn(request, operation.id, store),
      store.getAll([ref(INSTANCE, operation.instanceId), ref(USAGE, request.caller.customerId)]),
    ]);
    if (row?.value.completedAtMs !== null) return { writes: [], result: undefined };
    const atMs = nowMs();
    const { reason, message } = cloudFailure(error, instance?.value.zone ?? '');
    const writes: Write[] = [
      replace(row, { ...row.value, state: 'failed', leaseUntilMs: 0, error: { reason, message }, completedAtMs: atMs }),
    ];
    if (instance !== undefined) {
      const event = nextEvent(instance.value, {
        status: 'DELETED',
        atMs,
        cause: 'operation',
        actor: operation.actor,
        operationId: operation.id,
        reason,
      });
      writes.push(...(await removalWrites(instance, event, store)));
      if (usage !== undefined) writes.push(replace(usage, { instances: release(usage.value.instances) }));
      if (!wasClear) writes.push(put(ORPHAN, instance.id, orphanOf(instance.value, atMs)));
    }
    if (record !== undefined) writes.push(remove(record));
    return { writes, result: undefined };
  });
}

function orphanOf(instance: Instance, atMs: number) {
  return {
    name: instance.id,
    zone: instance.zone,
    why: 'given_up' as const,
    foundAtMs: atMs,
    deleteAtMs: atMs,
    absentFromMs: atMs + LATE_INSERT_MS,
    dueAtMs: atMs,
    attempts: 0,
  };
}

async function readOwn({ idempotencyKey }: CreateRequest, id: string, store: Tools['store']): Promise<OwnRows> {
  const [operation, record] = await store.getAll([ref(OPERATION, id), ref(IDEMPOTENCY, idempotencyKey?.id ?? 'none')]);
  return [operation, record?.value.operationId === id ? record : undefined];
}
