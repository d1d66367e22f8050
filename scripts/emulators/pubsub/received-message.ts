import type { Handed } from './delivery-queue.ts';
import { toTimestamp } from './wire.ts';

/** google.pubsub.v1.ReceivedMessage; attempts are counted only for subscriptions with a dead letter policy. */
export function receivedMessage({ ackId, message, attempt }: Handed, countsAttempts: boolean): object {
  return {
    ackId,
    message: {
      data: message.data,
      attributes: message.attributes,
      messageId: String(message.id),
      publishTime: toTimestamp(message.publishMs),
      orderingKey: message.orderingKey,
    },
    deliveryAttempt: countsAttempts ? attempt : 0,
  };
}
