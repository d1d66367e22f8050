import type { OperationMessage } from '#shared/pubsub/publisher.ts';
import type { Tools } from './tools.ts';

/**
 * Publishes operations to the worker's topic. A failure is only logged: the operations are recorded, so the reconciler
 * publishes them later.
 */
export async function publishOperations(
  messages: readonly OperationMessage[],
  { publisher, log }: Pick<Tools, 'publisher' | 'log'>,
): Promise<void> {
  if (messages.length === 0) return;
  try {
    await publisher.publish(messages);
  } catch (thrown) {
    log.warn('operations were not published; the reconciler will', {
      operationIds: messages.map(({ operationId }) => operationId),
      cause: thrown,
    });
  }
}
