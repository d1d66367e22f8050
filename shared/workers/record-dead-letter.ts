import { DEAD_LETTER } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { isFinal } from '#shared/domain/operation.ts';
import { removeInstance } from '#shared/lifecycle/remove-instance.ts';
import { settle } from '#shared/lifecycle/settle-operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { type Delivery, operationOf } from '#shared/pubsub/envelope.ts';

/**
 * Records a message that Pub/Sub has given up on, and fails its operation, so that nobody waits for ever. The instance
 * keeps the status it had, and the reconciler compares it with its VM as always; one that was to be deleted goes off the
 * record, and its VM on the list of VMs that have to go.
 */
export async function recordDeadLetter(
  delivery: Delivery,
  tools: Pick<Tools, 'store' | 'publisher' | 'log' | 'nowMs'>,
): Promise<void> {
  const { store, log, nowMs } = tools;
  const target = operationOf(delivery);
  log.error('a message ended in the dead letter topic', { messageId: delivery.messageId, ...target });
  await store.write([
    put(DEAD_LETTER, delivery.messageId, {
      operationId: target?.operationId ?? '',
      instanceId: target?.instanceId ?? '',
      messageId: delivery.messageId,
      data: JSON.stringify(delivery.data ?? null),
      attributes: delivery.attributes,
      recordedAtMs: nowMs(),
    }),
  ]);
  if (target === undefined) return;
  const [operation, instance] = await store.getAll([
    ref(OPERATION, target.operationId),
    ref(INSTANCE, target.instanceId),
  ]);
  if (operation === undefined || isFinal(operation.value.state)) return;
  // Somebody is at work on it after all; should that come to nothing, the reconciler publishes it again.
  if (operation.value.leaseUntilMs > nowMs()) return;
  const error = { reason: 'gave_up' as const, message: 'The operation failed in all its attempts. Please try again.' };
  if (operation.value.kind === 'delete' && instance !== undefined) {
    // A record that nobody works on any more would show an instance that is being deleted for ever.
    await removeInstance({ instanceId: target.instanceId, deleteId: target.operationId }, { vm: 'unknown' }, tools);
  }
  await settle({ operation, instance }, { state: 'failed', error }, tools);
}
