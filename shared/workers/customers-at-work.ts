/** Deliveries that this process works on, by customer. */
const atWork = new Map<string, number>();

/**
 * Deliveries of one customer that wait for Compute Engine while others of this customer are at work. Those beyond only
 * make their call: the cloud's event continues them. Waiting holds a place in Pub/Sub's push window, which is the whole
 * platform's.
 */
const WAITING_MAX = 2;

/** Counts the work as this customer's until it ends. */
export async function countedFor<T>(customerId: string, work: () => Promise<T>): Promise<T> {
  atWork.set(customerId, (atWork.get(customerId) ?? 0) + 1);
  try {
    return await work();
  } finally {
    const left = (atWork.get(customerId) ?? 1) - 1;
    if (left === 0) atWork.delete(customerId);
    else atWork.set(customerId, left);
  }
}

/** Whether a delivery of this customer may wait a few seconds for Compute Engine. */
export function mayWait(customerId: string): boolean {
  return (atWork.get(customerId) ?? 0) <= WAITING_MAX;
}
