import { setTimeout as sleep } from 'node:timers/promises';
import type { Cancel, Clock } from '../clock.ts';
import type { Log } from '../emulator.ts';
import type { Faults } from '../faults.ts';
import { FAULT_METHODS } from '../faults.ts';
import type { Consumer, DeliveryQueue, Handed } from './delivery-queue.ts';
import { PushFlow } from './push-flow.ts';
import { buildPushRequest, sendPushRequest } from './push-request.ts';
import { parseResourceName } from './resource-names.ts';
import type { PushConfig, Subscription } from './wire.ts';

const PUSH_FAULTS = FAULT_METHODS.pubsub['push'];

/** Default delay of a `late` fault, as real events arrive minutes late. */
const LATE_MS_DEFAULT = 120_000;

export interface PushConsumerOptions {
  readonly queue: DeliveryQueue;
  readonly subscription: Subscription;
  readonly pushConfig: PushConfig;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly log: Log;
}

/** Pushes a subscription's messages to its endpoint, with the concurrency and pauses that the flow control allows. */
export class PushConsumer implements Consumer {
  /** An attempt ends in real time, so its lease needs no deadline on the clock that tests move. */
  readonly leaseMs = undefined;
  readonly #options: PushConsumerOptions;
  readonly #closed = new AbortController();
  #subscription: Subscription;
  #pushConfig: PushConfig;
  readonly #flow = new PushFlow();
  #inFlight = 0;
  #cancelWake: Cancel | undefined;

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
    const { clock, queue } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#flow.hasRoom(this.#inFlight, nowMs)) return true;
    const { openFromMs } = this.#flow;
    if (openFromMs > nowMs) {
      this.#cancelWake?.();
      this.#cancelWake = clock.at(openFromMs, () => queue.wake());
    }
    return false;
  }

  deliver(handed: Handed): void {
    this.#inFlight += 1;
    this.#flow.begun(this.#options.clock.nowMs());
    this.#push(handed)
      .catch((thrown: unknown) => {
        this.#options.log({ message: 'push failed unexpectedly', messageId: handed.message.id, cause: thrown });
        this.#settle(handed, false);
      })
      .finally(() => {
        this.#inFlight -= 1;
        this.#options.queue.wake();
      });
  }

  /** Nothing to do: the request's place is free only when the request ends, which may be later than the lease. */
  released(): void {
    return;
  }

  close(): void {
    this.#closed.abort();
    this.#cancelWake?.();
  }

  async #push(handed: Handed): Promise<void> {
    const { faults, queue } = this.#options;
    const fault = faults.take('pubsub', 'push', PUSH_FAULTS, idOf(this.#subscription.name));
    // The queue is still handing out messages when this starts, so changes of the queue have to wait.
    await Promise.resolve();
    if (fault?.kind === 'reorder') {
      queue.hold(handed.ackId);
      return;
    }
    if (fault?.kind === 'late') {
      queue.postpone(handed.ackId, fault.delayMs ?? LATE_MS_DEFAULT);
      return;
    }
    if (fault?.kind === 'error') {
      this.#settle(handed, false);
      return;
    }
    if (fault?.kind === 'delay') await sleep(fault.delayMs ?? 0);
    const acknowledged = await this.#attempt(handed);
    if (this.#closed.signal.aborted) return;
    this.#settle(handed, acknowledged && fault?.kind !== 'lostAnswer');
    if (fault?.kind === 'duplicate') await this.#attempt(handed);
  }

  #settle({ ackId }: Handed, isAcknowledged: boolean): void {
    const { queue, clock } = this.#options;
    if (isAcknowledged) {
      this.#flow.succeeded(clock.nowMs());
      queue.acknowledge([ackId]);
    } else {
      this.#flow.failed(clock.nowMs());
      queue.fail(ackId);
    }
  }

  /** Pushes the message; true if the endpoint acknowledged it within the subscription's ack deadline. */
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

function idOf(subscription: string): string {
  return parseResourceName(subscription, 'subscriptions').id;
}
