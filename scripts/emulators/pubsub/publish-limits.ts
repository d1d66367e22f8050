import { failedPrecondition, invalidArgument } from './status-error.ts';
import type { WireMessage } from './wire.ts';

// Source: https://docs.cloud.google.com/pubsub/quotas#resource_limits
export const PUBLISH_BYTES_MAX = 10_000_000;
const MESSAGES_MAX = 1000;
const ORDERING_KEY_BYTES_MAX = 1024;
const ATTRIBUTES_MAX = 100;
const ATTRIBUTE_KEY_BYTES_MAX = 256;
const ATTRIBUTE_VALUE_BYTES_MAX = 1024;

/**
 * Throws INVALID_ARGUMENT if one publish request exceeds production's limits, and FAILED_PRECONDITION if its messages
 * have several ordering keys (yoshidan/google-cloud-rust#226, and `PubsubMessage.ordering_key` in pubsub.proto).
 */
export function requirePublishable(messages: readonly WireMessage[]): void {
  if (messages.length === 0) throw invalidArgument('The request contains no messages.');
  if (messages.length > MESSAGES_MAX) {
    throw invalidArgument(`The value for message_count is too large: at most ${MESSAGES_MAX} messages.`);
  }
  for (const message of messages) requireMessage(message);
  if (new Set(messages.map(({ orderingKey }) => orderingKey)).size > 1) {
    throw failedPrecondition(
      'In a single publish request, all messages must have no ordering key or they must all have the same ordering key.',
    );
  }
  const bytes = messages.reduce((sum, message) => sum + sizeOf(message), 0);
  if (bytes > PUBLISH_BYTES_MAX) {
    throw invalidArgument(`The value for request_size is too large: at most ${PUBLISH_BYTES_MAX} bytes.`);
  }
}

/** Returns the size of a message in bytes: data, attributes and ordering key. */
export function sizeOf(message: WireMessage): number {
  let bytes = message.data.length + Buffer.byteLength(message.orderingKey);
  for (const [key, value] of Object.entries(message.attributes)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  return bytes;
}

function requireMessage({ data, attributes, orderingKey }: WireMessage): void {
  const entries = Object.entries(attributes);
  if (data.length === 0 && entries.length === 0) {
    throw invalidArgument('One or more messages in the publish request is empty: data or attributes are required.');
  }
  if (Buffer.byteLength(orderingKey) > ORDERING_KEY_BYTES_MAX) {
    throw invalidArgument(`An ordering key has at most ${ORDERING_KEY_BYTES_MAX} bytes.`);
  }
  if (entries.length > ATTRIBUTES_MAX) throw invalidArgument(`A message has at most ${ATTRIBUTES_MAX} attributes.`);
  for (const [key, value] of entries) {
    if (key === '') throw invalidArgument('An attribute has an empty key.');
    if (Buffer.byteLength(key) > ATTRIBUTE_KEY_BYTES_MAX) {
      throw invalidArgument(`An attribute's key has at most ${ATTRIBUTE_KEY_BYTES_MAX} bytes.`);
    }
    if (Buffer.byteLength(value) > ATTRIBUTE_VALUE_BYTES_MAX) {
      throw invalidArgument(`An attribute's value has at most ${ATTRIBUTE_VALUE_BYTES_MAX} bytes.`);
    }
  }
}
