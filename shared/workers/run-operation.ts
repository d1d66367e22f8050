import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { isLeased } from '#shared/domain/lease.ts';
import { isFinal, isUnderstood, type Operation } from '#shared/domain/operation.ts';
import { isLeaving } from '#shared/domain/power.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import type { Held } from '#shared/lifecycle/settle-operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import type { OperationMessage } from '#shared/pubsub/publisher.ts';
import { Delivery, type RunOptions, type Verdict } from './delivery.ts';
import { runDelete } from './run-delete.ts';
import { runPower } from './run-power.ts';

/**
 * Between two looks at a lease: the first when the request that published the operation has mostly ended its lease, since
 * it commits and publishes at the same time; then twice as long each time, up to the last.
 */
const LEASE_LOOK_MS = { first: 30, last: 500 };

type Named = Pick<OperationMessage, 'operationId' | 'instanceId'>;

/**
 * Works on one operation. Deliveries may be repeated, late or out of order: decisions depend on the stored rows, a
 * lease excludes other workers, and every call to Compute Engine is recorded with its requestId before it is made.
 * Throws only when the rows can be neither read nor written.
 */
export async function runOperation(message: Named, tools: Tools, options: RunOptions): Promise<Verdict> {
  const held = await whenFree(message, tools);
  if (held === 'held') return 'waiting';
  if (held === undefined) {
    tools.log.error('a message names an operation that is not on record', { ...message });
    return 'done';
  }
  const { operation, instance } = held;
  if (isFinal(operation.value.state)) return done(held, tools);
  if (!isUnderstood(operation.value)) return leftToNewer(operation.value, tools);
  const delivery = new Delivery(held, tools, options);
  return options.atWork.counted(operation.value.customerId, async () => {
    if (operation.value.kind === 'delete') return delivery.orPutOff(() => runDelete(delivery));
    if (instance === undefined || isLeaving(instance.value)) return delivery.superseded();
    const { queue } = instance.value;
    // The operation is published again when those queued before it have ended.
    if (queue[0]?.id !== operation.id && queue.some(({ id }) => id === operation.id)) return done(held, tools);
    return delivery.orPutOff(() => runPower(delivery));
  });
}

/**
 * Leaves an operation of a newer version of this software unchanged, as occurs during a deployment or before a
 * rollback. The sweep publishes it each minute until a worker of that version runs it.
 */
function leftToNewer({ id, instanceId, kind }: Operation, { log }: Tools): Verdict {
  log.warn('an operation of a newer version is left to that version', { operationId: id, instanceId, kind });
  return 'waiting';
}

/**
 * Reads the rows once no other worker holds the lease. If its holder has crashed, the lease ends within seconds.
 * `held`: the lease was renewed meanwhile, so its holder is alive and finishes the operation itself.
 */
async function whenFree({ operationId, instanceId }: Named, tools: Tools): Promise<Held | 'held' | undefined> {
  const { store, nowMs, sleep } = tools;
  let untilMs: number | undefined;
  for (let lookMs = LEASE_LOOK_MS.first; ; lookMs = Math.min(2 * lookMs, LEASE_LOOK_MS.last)) {
    const [operation, instance] = await store.getAll([ref(OPERATION, operationId), ref(INSTANCE, instanceId)]);
    if (operation === undefined) return undefined;
    const { value } = operation;
    if (isFinal(value.state) || !isLeased(value, nowMs())) return { operation, instance };
    if (untilMs !== undefined && value.leaseUntilMs > untilMs) return 'held';
    untilMs ??= value.leaseUntilMs;
    await sleep(lookMs);
  }
}

/**
 * Handles a message that needs no work. The head of the queue may not have been published after the last operation
 * ended, so it is published; a repeated message is harmless.
 */
async function done({ operation, instance }: Held, tools: Tools): Promise<Verdict> {
  const head = instance?.value.queue[0];
  if (head !== undefined && head.id !== operation.id && isFinal(operation.value.state)) {
    const { customerId, instanceId } = operation.value;
    await publishOperations([{ operationId: head.id, instanceId, customerId }], tools);
  }
  return 'done';
}
