import type { OperationMessage } from '#shared/pubsub/publisher.ts';
import type { Tools } from './tools.ts';

/**
 * Tells the worker about operations. They are on record already, so a publish that fails loses nothing: the reconciler
 * publishes again what stays behind.
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
