import type { Handed } from './delivery-queue.ts';
import { toTimestamp } from './wire.ts';

/** Returns a google.pubsub.v1.ReceivedMessage; it contains the attempt's number only with a dead letter policy. */
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
