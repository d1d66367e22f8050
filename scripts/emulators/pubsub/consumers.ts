import type { Consumer } from './delivery-queue.ts';

/** The consumers of one queue, which get messages in rotation, so that several streams share the work. */
export class Consumers {
  #list: readonly Consumer[] = [];
  #next = 0;

  add(consumer: Consumer): void {
    this.#list = [...this.#list, consumer];
  }

  remove(consumer: Consumer): void {
    this.#list = this.#list.filter((other) => other !== consumer);
  }

  clear(): void {
    this.#list = [];
  }

  /** Returns the next consumer that can take a message; undefined if none can. */
  withRoom(): Consumer | undefined {
    for (let step = 0; step < this.#list.length; step += 1) {
      const index = (this.#next + step) % this.#list.length;
      const consumer = this.#list[index];
      if (consumer?.hasRoom() !== true) continue;
      this.#next = index + 1;
      return consumer;
    }
    return undefined;
  }
}
