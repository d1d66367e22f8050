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

/** Between two looks at a lease that another worker holds. */
const LEASE_LOOK_MS = 500;

type Named = Pick<OperationMessage, 'operationId' | 'instanceId'>;

/**
 * Works on one operation. Safe to run twice, late and out of order: what is on record decides, a lease keeps others away,
 * and every call to Compute Engine is written down with its requestId before it is made. Throws only when this process
 * cannot work, because the rows can be neither read nor written.
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
    // When the operations before it have ended, it is published again.
    if (queue[0]?.id !== operation.id && queue.some(({ id }) => id === operation.id)) return done(held, tools);
    return delivery.orPutOff(() => runPower(delivery));
  });
}

/**
 * A newer version accepted the operation, during a deployment or before a rollback. Nothing of it is written: the sweep
 * publishes it each minute, until a worker has it that knows what to do.
 */
function leftToNewer({ id, instanceId, kind }: Operation, { log }: Tools): Verdict {
  log.warn('an operation of a newer version is left to that version', { operationId: id, instanceId, kind });
  return 'waiting';
}

/**
 * The rows, once nothing else works on the operation. A worker that died at work is waited for: its lease ends within
 * seconds. `held`: the lease was renewed meanwhile, so its holder lives, and has a message or a caller of its own.
 */
async function whenFree({ operationId, instanceId }: Named, tools: Tools): Promise<Held | 'held' | undefined> {
  const { store, nowMs, sleep } = tools;
  let untilMs: number | undefined;
  for (;;) {
    const [operation, instance] = await store.getAll([ref(OPERATION, operationId), ref(INSTANCE, instanceId)]);
    if (operation === undefined) return undefined;
    const { value } = operation;
    if (isFinal(value.state) || !isLeased(value, nowMs())) return { operation, instance };
    if (untilMs !== undefined && value.leaseUntilMs > untilMs) return 'held';
    untilMs ??= value.leaseUntilMs;
    await sleep(LEASE_LOOK_MS);
  }
}

/** Nothing to do for this one; but the head of the queue may have been left behind, and telling it twice is harmless. */
async function done({ operation, instance }: Held, tools: Tools): Promise<Verdict> {
  const head = instance?.value.queue[0];
  if (head !== undefined && head.id !== operation.id && isFinal(operation.value.state)) {
    const { customerId, instanceId } = operation.value;
    await publishOperations([{ operationId: head.id, instanceId, customerId }], tools);
  }
  return 'done';
}
