import type { OperationMessage } from './publisher.ts';

/**
 * Number of ordering keys ("lanes") per customer. Pub/Sub pushes one message of an ordering key at a time
 * (https://cloud.google.com/pubsub/docs/ordering), so this is the maximum number of a customer's operations in
 * progress, over all processes. Further messages wait in Pub/Sub without delaying other customers.
 */
const LANES = 8;

/** 32-bit FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}

/** Returns the ordering key of a message: one of its customer's lanes, the same for all operations of an instance. */
export function orderingKey({ customerId, instanceId }: Pick<OperationMessage, 'customerId' | 'instanceId'>): string {
  return `${customerId}/${fnv1a(instanceId) % LANES}`;
}
