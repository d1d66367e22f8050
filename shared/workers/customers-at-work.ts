/**
 * Deliveries of one customer that wait for Compute Engine while others of this customer are at work. Those beyond only
 * make their call: the cloud's event continues them. Waiting holds a place in Pub/Sub's push window, which is the whole
 * platform's.
 */
const WAITING_MAX = 2;

/** Deliveries that one process works on, by customer. */
export class CustomersAtWork {
  readonly #deliveries = new Map<string, number>();

  /** Counts the work as this customer's until it ends. */
  async counted<T>(customerId: string, work: () => Promise<T>): Promise<T> {
    this.#deliveries.set(customerId, (this.#deliveries.get(customerId) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.#deliveries.get(customerId) ?? 1) - 1;
      if (left === 0) this.#deliveries.delete(customerId);
      else this.#deliveries.set(customerId, left);
    }
  }

  /** Whether a delivery of this customer may wait a few seconds for Compute Engine. */
  mayWait(customerId: string): boolean {
    return (this.#deliveries.get(customerId) ?? 0) <= WAITING_MAX;
  }
}
