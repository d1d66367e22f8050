import { CUSTOMER, SUSPENSION } from '#shared/datastore/account-rows.ts';
import { type Auditor, auditWrite } from '#shared/datastore/audit-rows.ts';
import { INSTANCES_OF_CUSTOMER } from '#shared/datastore/queries.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { insert, ref, remove, replace } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import { operationId } from '#shared/domain/ids.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { fits, joinable, projectedStatus } from '#shared/domain/power.ts';
import { type Suspension, SUSPENSION_ACTOR } from '#shared/domain/suspension.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { enqueue } from '#shared/lifecycle/queue-operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import type { OperationMessage } from '#shared/pubsub/publisher.ts';

export interface SuspendRequest {
  readonly customerId: string;
  /** Shown to the customer's users; one line of at most 500 characters. */
  readonly reason: string;
  /** True: also stop the instances that run, or that will run once their queued operations have ended. */
  readonly stopInstances: boolean;
  /** Called after each stop, with the number of stops so far. */
  readonly onStop?: (stops: number) => void;
}

export interface Suspended {
  readonly suspension: Suspension;
  /** The accepted stop operations, at most one per instance. */
  readonly stops: readonly { readonly operationId: string; readonly instanceId: string }[];
}

/** Without a `publisher`, the next sweep publishes the stops. */
type SuspendTools = Pick<Tools, 'store' | 'log' | 'nowMs' | 'random'> & { readonly publisher?: Tools['publisher'] };

const PAGE_SIZE = 200;
const REASON_LENGTH_MAX = 500;

/**
 * Suspends a customer. It takes effect within seconds, the time for which functions cache credentials. Suspending again
 * for the same reason changes nothing; another reason replaces the first. Throws `not_found` and `invalid_request`.
 */
export async function suspendCustomer(
  request: SuspendRequest,
  auditor: Auditor,
  tools: SuspendTools,
): Promise<Suspended> {
  const { customerId } = request;
  const reason = checkedReason(request.reason);
  const suspension = await tools.store.change<Suspension>(async () => {
    const [customer, row] = await tools.store.getAll([ref(CUSTOMER, customerId), ref(SUSPENSION, customerId)]);
    if (customer === undefined) throw unknownCustomer(customerId);
    if (row?.value.reason === reason && !request.stopInstances) return { writes: [], result: row.value };
    const value = { reason, sinceMs: row?.value.sinceMs ?? tools.nowMs(), by: auditor.actor.id };
    const entry = auditWrite(auditor, {
      action: 'customer.suspend',
      object: `customer ${customerId}`,
      reason,
      before: row === undefined ? { suspended: false } : { suspended: true, reason: row.value.reason },
      after: { suspended: true, stopInstances: request.stopInstances },
    });
    // On condition of what was read: two operators at once make one suspension, on record once.
    const write = row === undefined ? insert(SUSPENSION, customerId, value) : replace(row, value);
    return { writes: [write, entry], result: value };
  });
  const stops = request.stopInstances ? await stopAll(request, auditor, tools) : [];
  const messages = stops.filter(({ isFirst }) => isFirst).map(({ message }) => message);
  const { publisher } = tools;
  if (publisher !== undefined && messages.length > 0) await publishOperations(messages, { ...tools, publisher });
  return {
    suspension,
    stops: stops.map(({ message: { operationId: id, instanceId } }) => ({ operationId: id, instanceId })),
  };
}

/** Ends a suspension without starting any instance. Returns whether the customer was suspended. Throws `not_found`. */
export async function resumeCustomer(
  { customerId, reason = '' }: { readonly customerId: string; readonly reason?: string },
  auditor: Auditor,
  { store }: Pick<Tools, 'store'>,
): Promise<{ readonly resumed: boolean }> {
  return store.change<{ readonly resumed: boolean }>(async () => {
    const [customer, row] = await store.getAll([ref(CUSTOMER, customerId), ref(SUSPENSION, customerId)]);
    if (customer === undefined) throw unknownCustomer(customerId);
    if (row === undefined) return { writes: [], result: { resumed: false } };
    const entry = auditWrite(auditor, {
      action: 'customer.resume',
      object: `customer ${customerId}`,
      reason,
      before: { suspended: true, reason: row.value.reason },
      after: { suspended: false },
    });
    return { writes: [remove(row), entry], result: { resumed: true } };
  });
}

interface Stop {
  readonly message: OperationMessage;
  /** True if no other operation is queued before this stop. */
  readonly isFirst: boolean;
}

async function stopAll(
  { customerId, onStop }: SuspendRequest,
  auditor: Auditor,
  tools: SuspendTools,
): Promise<readonly Stop[]> {
  const stops: Stop[] = [];
  let cursor: string | undefined;
  do {
    const page = await tools.store.query(
      INSTANCES_OF_CUSTOMER,
      { customerId: { stringValue: customerId } },
      { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) },
    );
    for (const { id, value } of page.rows) {
      const stop = needsStop(value) ? await stopOne({ instanceId: id, customerId }, auditor, tools) : undefined;
      if (stop === undefined) continue;
      stops.push(stop);
      onStop?.(stops.length);
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return stops;
}

function needsStop(instance: Instance): boolean {
  return joinable(instance, 'stop') === undefined && fits('stop', projectedStatus(instance), 'strict');
}

/**
 * In a commit of its own: an instance that changes all the time delays no other. Does nothing once the suspension has
 * ended: another operator may resume the customer meanwhile.
 */
async function stopOne(
  { instanceId, customerId }: { readonly instanceId: string; readonly customerId: string },
  auditor: Auditor,
  tools: SuspendTools,
): Promise<Stop | undefined> {
  const { store, nowMs, random } = tools;
  const id = operationId(nowMs(), random);
  return store.change<Stop | undefined>(async () => {
    const [row, suspension] = await store.getAll([ref(INSTANCE, instanceId), ref(SUSPENSION, customerId)]);
    if (row === undefined || suspension === undefined || !needsStop(row.value))
      return { writes: [], result: undefined };
    const atMs = nowMs();
    const made = { id, actor: SUSPENSION_ACTOR, requestId: auditor.requestId, atMs };
    const operation = pendingOperation('stop', row.value, made);
    return {
      writes: [insert(OPERATION, id, operation), ...enqueue(row, operation, atMs)],
      result: {
        message: { operationId: id, instanceId, customerId },
        isFirst: row.value.queue.length === 0,
      },
    };
  });
}

function checkedReason(text: string): string {
  const reason = text.trim();
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (reason === '' || reason.length > REASON_LENGTH_MAX || /[\u0000-\u001f\u007f]/.test(reason)) {
    throw new Failure('invalid_request', `A reason is one line of 1 to ${REASON_LENGTH_MAX} characters.`);
  }
  return reason;
}

function unknownCustomer(id: string): Failure {
  return new Failure('not_found', `There is no customer ${id}.`, { reason: 'unknown_customer' });
}
