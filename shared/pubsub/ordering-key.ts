import type { OperationMessage } from './publisher.ts';

/**
 * Lanes per customer. Pub/Sub pushes one message of an ordering key at a time
 * (https://cloud.google.com/pubsub/docs/ordering), so this is how many operations of one customer are worked on at once,
 * over all processes; the others wait in Pub/Sub, behind nobody but their own customer.
 */
const LANES = 8;

/** 32-bit FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}

/** The ordering key of a message: one of its customer's lanes, the same for all operations of an instance. */
export function orderingKey({ customerId, instanceId }: Pick<OperationMessage, 'customerId' | 'instanceId'>): string {
  return `${customerId}/${fnv1a(instanceId) % LANES}`;
}
