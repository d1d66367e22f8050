/**
 * Maximum number of deliveries per customer and process that may wait for Compute Engine. Further ones only make their
 * call; the cloud's event continues them. A waiting delivery occupies a slot of Pub/Sub's push window, which all
 * customers share.
 */
const WAITING_MAX = 2;

/** Counts the deliveries in progress in this process, by customer. */
export class CustomersAtWork {
  readonly #deliveries = new Map<string, number>();

  /** Runs `work` and counts it for this customer until it ends. */
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

  /** Returns whether a delivery of this customer may wait a few seconds for Compute Engine. */
  mayWait(customerId: string): boolean {
    return (this.#deliveries.get(customerId) ?? 0) <= WAITING_MAX;
  }
}
