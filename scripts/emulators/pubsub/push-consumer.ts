import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Log } from '../emulator.ts';
import type { Faults } from '../faults.ts';
import type { Consumer, DeliveryQueue, Handed } from './delivery-queue.ts';
import { buildPushRequest, sendPushRequest } from './push-request.ts';
import type { PushConfig, Subscription } from './wire.ts';

/** Production opens its window with success; a fixed one is enough here and keeps an endpoint from drowning. */
const IN_FLIGHT_MAX = 64;

export interface PushConsumerOptions {
  readonly queue: DeliveryQueue;
  readonly subscription: Subscription;
  readonly pushConfig: PushConfig;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly log: Log;
}

/** Sends a subscription's messages to its endpoint, a bounded number at a time. */
export class PushConsumer implements Consumer {
  /** The attempt itself ends in real time, so its lease needs no deadline on the clock that tests move. */
  readonly leaseMs = undefined;
  readonly #options: PushConsumerOptions;
  readonly #closed = new AbortController();
  #subscription: Subscription;
  #pushConfig: PushConfig;
  #inFlight = 0;

  constructor(options: PushConsumerOptions) {
    this.#options = options;
    this.#subscription = options.subscription;
    this.#pushConfig = options.pushConfig;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  reconfigure(subscription: Subscription, pushConfig: PushConfig): void {
    this.#subscription = subscription;
    this.#pushConfig = pushConfig;
  }

  hasRoom(): boolean {
    return this.#inFlight < IN_FLIGHT_MAX;
  }

  deliver(handed: Handed): void {
    this.#inFlight += 1;
    this.#push(handed)
      .catch((thrown: unknown) => {
        this.#options.log({ message: 'push failed unexpectedly', messageId: handed.message.id, cause: thrown });
        this.#options.queue.fail(handed.ackId);
      })
      .finally(() => {
        this.#inFlight -= 1;
        this.#options.queue.wake();
      });
  }

  /** Nothing to do: the room comes back when the request has ended, which may be later than the lease. */
  released(): void {
    return;
  }

  close(): void {
    this.#closed.abort();
  }

  async #push(handed: Handed): Promise<void> {
    const { faults, queue } = this.#options;
    const fault = faults.take('pubsub', 'push');
    // The queue is handing messages out while this starts; what changes it has to come after.
    await Promise.resolve();
    if (fault?.kind === 'reorder') {
      queue.hold(handed.ackId);
      return;
    }
    if (fault?.kind === 'error') {
      queue.fail(handed.ackId);
      return;
    }
    if (fault?.kind === 'delay') await sleep(fault.delayMs ?? 0);
    const acknowledged = await this.#attempt(handed);
    if (this.#closed.signal.aborted) return;
    if (acknowledged && fault?.kind !== 'lostAnswer') queue.acknowledge([handed.ackId]);
    else queue.fail(handed.ackId);
    if (fault?.kind === 'duplicate') await this.#attempt(handed);
  }

  /** True when the endpoint acknowledged the message within the subscription's ack deadline. */
  async #attempt(handed: Handed): Promise<boolean> {
    if (this.#closed.signal.aborted) return false;
    const request = buildPushRequest(handed, {
      subscription: this.#subscription.name,
      pushConfig: this.#pushConfig,
      countsAttempts: this.#subscription.deadLetterPolicy !== null,
      nowMs: this.#options.clock.nowMs(),
    });
    const attempt = new AbortController();
    const abort = (): void => attempt.abort();
    const timer = setTimeout(abort, this.#options.queue.ackDeadlineMs);
    this.#closed.signal.addEventListener('abort', abort, { once: true });
    try {
      return await sendPushRequest(request, attempt.signal);
    } finally {
      clearTimeout(timer);
      this.#closed.signal.removeEventListener('abort', abort);
    }
  }
}
