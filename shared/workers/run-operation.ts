import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { isFinal } from '#shared/domain/operation.ts';
import { isLeaving } from '#shared/domain/power.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import type { Held } from '#shared/lifecycle/settle-operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import type { OperationMessage } from '#shared/pubsub/publisher.ts';
import { Delivery, type RunOptions, type Verdict } from './delivery.ts';
import { runDelete } from './run-delete.ts';
import { runPower } from './run-power.ts';

/**
 * Works on one operation. Safe to run twice, late and out of order: what is on record decides, a lease keeps others away,
 * and every call to Compute Engine is written down with its requestId before it is made.
 */
export async function runOperation(message: OperationMessage, tools: Tools, options: RunOptions): Promise<Verdict> {
  const { store, log } = tools;
  const [operation, instance] = await store.getAll([
    ref(OPERATION, message.operationId),
    ref(INSTANCE, message.instanceId),
  ]);
  if (operation === undefined) {
    log.error('a message names an operation that is not on record', { ...message });
    return 'done';
  }
  const held: Held = { operation, instance };
  if (isFinal(operation.value.state)) return done(held, tools);
  if (operation.value.leaseUntilMs > tools.nowMs()) return 'later';
  if (operation.value.kind === 'delete') {
    const delivery = new Delivery(held, tools, options);
    return delivery.orRelease(() => runDelete(delivery));
  }
  if (instance === undefined || isLeaving(instance.value)) return new Delivery(held, tools, options).superseded();
  const [head] = instance.value.queue;
  // When the operations before it have ended, it is published again.
  if (head?.id !== operation.id && instance.value.queue.some(({ id }) => id === operation.id)) return done(held, tools);
  const delivery = new Delivery(held, tools, options);
  return delivery.orRelease(() => runPower(delivery));
}

/** Nothing to do for this one; but the head of the queue may have been left behind, and telling it twice is harmless. */
async function done({ operation, instance }: Held, tools: Tools): Promise<Verdict> {
  const head = instance?.value.queue[0];
  if (head !== undefined && head.id !== operation.id && isFinal(operation.value.state)) {
    await publishOperations([{ operationId: head.id, instanceId: operation.value.instanceId }], tools);
  }
  return 'done';
}
