import type { Reply } from '#shared/contracts/reply.ts';
import type { IdempotencyRecord } from '#shared/datastore/bookkeeping-rows.ts';
import { Failure } from '#shared/domain/failure.ts';
import { isLeased } from '#shared/domain/lease.ts';
import { requestUuid } from '#shared/domain/request-uuid.ts';
import { CloudError, type CloudReason, toCloudError } from '#shared/gce/cloud-error.ts';
import type { ZoneOperation } from '#shared/gce/compute.ts';
import { askCompute } from '#shared/lifecycle/ask-compute.ts';
import { cloudFailure, machineOf } from '#shared/lifecycle/cloud-failure.ts';
import { findMachine } from '#shared/lifecycle/find-machine.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { recordStockout } from '#shared/lifecycle/record-stockout.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { accept, type Accepted, type CreateRequest } from './accept-create.ts';
import { confirm } from './confirm-create.ts';
import { CreateLease } from './create-lease.ts';
import { replayed } from './idempotent.ts';
import { oneCreateAtATime } from './one-create-at-a-time.ts';
import { undo } from './undo-create.ts';

/** A first request with the same Idempotency-Key is waited for this long before the caller is told to come back. */
const WAIT_FOR_FIRST_MS = 2_500;
const WAIT_STEP_MS = 50;

/**
 * Makes an instance. One commit holds the idempotency record, the quota, the instance, its operation and its first event;
 * then Compute Engine is asked. A refusal undoes the commit; an answer that never comes leaves the operation to the
 * worker, which asks again under the same name and requestId.
 */
export async function createInstance(request: CreateRequest, tools: Tools): Promise<Reply> {
  const waitUntilMs = tools.nowMs() + WAIT_FOR_FIRST_MS;
  for (;;) {
    const outcome = await oneCreateAtATime(request.caller.customerId, () => accept(request, tools), tools);
    if ('reply' in outcome) return carryOut(request, outcome, tools);
    const { earlier } = outcome;
    const nowMs = tools.nowMs();
    if (!isLeased(earlier, nowMs)) return replayOf(earlier, tools);
    if (nowMs >= waitUntilMs) {
      throw new Failure('conflict', 'The first request with this Idempotency-Key is still at work. Please try again.', {
        reason: 'idempotency_key_in_use',
        // By then the first request has answered, has renewed its lease, or is known to have died.
        retryAfterSeconds: Math.ceil((earlier.leaseUntilMs - nowMs) / 1000),
      });
    }
    await tools.sleep(WAIT_STEP_MS);
  }
}

/**
 * The first answer again. If the first request died before it released its lease, nothing has published the operation yet:
 * this request does.
 */
async function replayOf(earlier: IdempotencyRecord, tools: Tools): Promise<Reply> {
  const { operationId, instanceId, customerId, leaseUntilMs } = earlier;
  if (leaseUntilMs !== 0) await publishOperations([{ operationId, instanceId, customerId }], tools);
  return replayed(earlier);
}

async function carryOut(
  request: CreateRequest,
  { instance, operation, reply, rows }: Accepted,
  tools: Tools,
): Promise<Reply> {
  const place = { zone: instance.zone, name: instance.id };
  let zoneOperation: ZoneOperation | undefined;
  const failures: CloudReason[] = [];
  const lease = new CreateLease(request, operation, tools);
  try {
    zoneOperation = await askCompute(async () => {
      await lease.keep();
      try {
        return await tools.compute.insert(place, instance.machine, requestUuid(operation.id, 1));
      } catch (thrown) {
        failures.push(toCloudError(thrown).reason);
        throw thrown;
      }
    }, tools);
    if (zoneOperation.error !== null) {
      failures.push(zoneOperation.error.reason);
      const { reason, message, stockout } = zoneOperation.error;
      throw new CloudError(reason, message, { stockout });
    }
  } catch (thrown) {
    const error = toCloudError(thrown);
    await lease.keep();
    if (!(await mayBeThere({ place, error, failures }, tools))) {
      const wasClear = !failures.includes('backend_error');
      if (await undo(request, operation, { error, wasClear }, tools)) {
        await recordStockout(error.reason, instance, tools);
        throw cloudFailure(error, machineOf(instance), 'insert');
      }
    }
    tools.log.warn('the outcome of an insert is open; the worker will find out', {
      operationId: operation.id,
      instanceId: instance.id,
      cause: error,
    });
  }
  await confirm(request, { operation, rows: lease.wasRenewed ? undefined : rows, zoneOperation }, tools);
  const { id: operationId, instanceId, customerId } = operation;
  await publishOperations([{ operationId, instanceId, customerId }], tools);
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
    return (await askCompute(() => findMachine(place, tools), tools)) !== undefined;
  } catch {
    return true;
  }
}
