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
import { CreateLease, takeOver } from './create-lease.ts';
import { replayed } from './idempotent.ts';
import { undo } from './undo-create.ts';

/** How long a repeat waits for the first request with its Idempotency-Key before it fails with `conflict`. */
const WAIT_FOR_FIRST_MS = 2_500;
const WAIT_STEP_MS = 50;

/**
 * Creates an instance. One commit writes the idempotency record, the quota, the instance, its operation and its first
 * event; then Compute Engine is called. If Compute Engine refuses, the commit is undone. If no answer arrives, the
 * worker repeats the call with the same VM name and requestId.
 */
export async function createInstance(request: CreateRequest, tools: Tools): Promise<Reply> {
  const waitUntilMs = tools.nowMs() + WAIT_FOR_FIRST_MS;
  for (;;) {
    const outcome = await accept(request, tools);
    if ('reply' in outcome) return carryOut(request, outcome, tools);
    const { earlier } = outcome;
    const nowMs = tools.nowMs();
    if (!isLeased(earlier, nowMs)) {
      const reply = await replayOf(request, earlier, tools);
      if (reply !== undefined) return reply;
    } else if (nowMs >= waitUntilMs) {
      throw new Failure('conflict', 'The first request with this Idempotency-Key is still at work. Please try again.', {
        reason: 'idempotency_key_in_use',
        // When the lease ends, the first request has either answered, renewed its lease or crashed.
        retryAfterSeconds: Math.ceil((earlier.leaseUntilMs - nowMs) / 1000),
      });
    }
    await tools.sleep(WAIT_STEP_MS);
  }
}

/**
 * Replays the first response. If the first request crashed before it released its lease, it has not published the
 * operation, so this request publishes it. Returns `undefined` if the first request is alive after all.
 */
async function replayOf(
  { idempotencyKey }: CreateRequest,
  earlier: IdempotencyRecord,
  tools: Tools,
): Promise<Reply | undefined> {
  const { operationId, instanceId, customerId, leaseUntilMs } = earlier;
  if (leaseUntilMs !== 0 && idempotencyKey !== undefined) {
    if (!(await takeOver(idempotencyKey, earlier, tools))) return undefined;
    await publishOperations([{ operationId, instanceId, customerId }], tools);
  }
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
      if (await undo(request, { instance, operation }, { error, wasClear }, tools)) {
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
  const { id: operationId, instanceId, customerId } = operation;
  // A worker that is faster than the commit meets the lease that the commit ends, and waits for it.
  await Promise.all([
    confirm(request, { operation, rows: lease.wasRenewed ? undefined : rows, zoneOperation }, tools),
    publishOperations([{ operationId, instanceId, customerId }], tools),
  ]);
  return reply;
}

/**
 * Returns whether a VM may exist although all attempts failed. A refusal says nothing about an earlier attempt that was
 * never answered, and after a 5xx the VM can exist all the same. If the create were undone while the VM exists, a retry
 * with the same Idempotency-Key would create a second VM.
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
  // Nothing else creates a VM of this name, so it was created by an earlier attempt of this request.
  if (error.reason === 'already_exists' && failures.length > 1) return true;
  if (!failures.includes('backend_error')) return false;
  try {
    return (await askCompute(() => findMachine(place, tools), tools)) !== undefined;
  } catch {
    return true;
  }
}
