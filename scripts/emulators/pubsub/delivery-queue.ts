import type { Clock } from '../clock.ts';
import { AckIds } from './ack-ids.ts';
import { Consumers } from './consumers.ts';
import { DueTimes } from './due-times.ts';
import type { Message } from './journal.ts';
import { KeyLanes } from './key-lanes.ts';
import type { DeliverySettings } from './subscription-settings.ts';

/** Longest time for which a message that a `reorder` fault holds back waits for a later one. */
const HOLD_MS_MAX = 1000;

/** A message that is leased to a consumer. */
export interface Handed {
  readonly ackId: string;
  readonly message: Message;
  /** Number of the delivery attempt, from 1; it grows with each negative or missing acknowledgement. */
  readonly attempt: number;
}

/** A receiver of messages: the push loop, a stream, or a waiting pull. */
export interface Consumer {
  /** Undefined: the lease has no deadline, and the consumer itself reports success or failure. */
  readonly leaseMs: number | undefined;
  hasRoom(): boolean;
  deliver(handed: Handed): void;
  /** Called when the lease has ended: acknowledged, failed, expired or dropped. */
  released(handed: Handed): void;
}

/** Called with events of the queue; each call must be durable on return. */
export interface DeliveryRecord {
  acknowledged(messageIds: readonly number[]): void;
  failed(messageId: number, failures: number): void;
  /** Moves a message to the dead letter topic; true if it was moved. */
  deadLetter(message: Message, attempts: number): boolean;
}

interface Lease {
  readonly consumer: Consumer;
  readonly handed: Handed;
}

/**
 * States: `queued` waits for an earlier message of its ordering key, `held` was put back by a `reorder` fault, `waiting`
 * waits for the end of a back-off or `late` fault, `ready` can be handed to a consumer, `leased` was handed to one.
 */
export interface Delivery {
  readonly message: Message;
  failures: number;
  leases: number;
  state: 'queued' | 'held' | 'waiting' | 'ready' | 'leased';
  lease: Lease | undefined;
  /** When the lease or the back-off ends. */
  dueMs: number;
}

export interface DeliveryQueueOptions {
  readonly subscription: string;
  readonly clock: Clock;
  readonly settings: DeliverySettings;
  readonly record: DeliveryRecord;
}

/**
 * The unacknowledged messages of one subscription with their leases. Of each ordering key at most one message is leased
 * at a time. This guarantees publish order, and that a redelivered message comes before all later messages of its key.
 */
export class DeliveryQueue {
  readonly #clock: Clock;
  readonly #record: DeliveryRecord;
  readonly #ackIds: AckIds;
  #settings: DeliverySettings;
  /** Deliveries by message id, in publish order. */
  readonly #deliveries = new Map<number, Delivery>();
  readonly #ready = new Set<Delivery>();
  readonly #timed: DueTimes<Delivery>;
  readonly #held = new Map<Delivery, NodeJS.Timeout>();
  readonly #lanes = new KeyLanes<Delivery>();
  readonly #consumers = new Consumers();
  #pumping: NodeJS.Immediate | undefined;
  #closed = false;

  constructor(options: DeliveryQueueOptions) {
    this.#clock = options.clock;
    this.#record = options.record;
    this.#settings = options.settings;
    this.#ackIds = new AckIds(options.subscription);
    this.#timed = new DueTimes(options.clock, () => this.#sweep());
  }

  /** Number of unacknowledged messages. */
  get size(): number {
    return this.#deliveries.size;
  }

  get ackDeadlineMs(): number {
    return this.#settings.ackDeadlineMs;
  }

  /** Adds a message; messages must be added in publish order. */
  add(message: Message, failures = 0): void {
    const delivery: Delivery = { message, failures, leases: 0, state: 'queued', lease: undefined, dueMs: 0 };
    this.#deliveries.set(message.id, delivery);
    const key = this.#keyOf(delivery);
    if (key === undefined) this.#makeReady(delivery);
    else this.#makeNextReady(this.#lanes.add(key, delivery));
    if (this.#deliveries.size === 1) this.#timed.wakeAt(this.#retentionEndMs(message));
  }

  reconfigure(settings: DeliverySettings): void {
    this.#settings = settings;
    this.#sweep();
  }

  attach(consumer: Consumer): void {
    this.#consumers.add(consumer);
    this.wake();
  }

  /** Removes a consumer; messages leased to it stay leased. */
  detach(consumer: Consumer): void {
    this.#consumers.remove(consumer);
  }

  /** Hands out further messages; must be called when a consumer can take messages again. */
  wake(): void {
    if (this.#closed) return;
    this.#pumping ??= setImmediate(() => {
      this.#pumping = undefined;
      this.#pump();
    });
  }

  /**
   * Acknowledges messages, even late ones, as long as the message still exists. Throws INVALID_ARGUMENT for ack ids of
   * another subscription.
   */
  acknowledge(ackIds: readonly string[]): void {
    const deliveries = new Set<Delivery>();
    for (const { messageId } of this.#ackIds.parseAll(ackIds)) {
      const delivery = this.#deliveries.get(messageId);
      if (delivery !== undefined) deliveries.add(delivery);
    }
    this.#record.acknowledged([...deliveries].map(({ message }) => message.id));
    for (const delivery of deliveries) this.#remove(delivery);
    for (const delivery of deliveries) this.#releaseHeldBefore(delivery);
  }

  /** Makes the leases end `leaseMs` from now; 0 is a negative acknowledgement. Ended leases are ignored. */
  extend(ackIds: readonly string[], leaseMs: number): void {
    for (const { messageId, lease } of this.#ackIds.parseAll(ackIds)) {
      const delivery = this.#deliveries.get(messageId);
      if (delivery?.state !== 'leased' || delivery.leases !== lease) continue;
      if (leaseMs === 0) this.#fail(delivery);
      else if (delivery.lease?.consumer.leaseMs !== undefined) this.#timed.set(delivery, this.#clock.nowMs() + leaseMs);
    }
  }

  fail(ackId: string): void {
    this.extend([ackId], 0);
  }

  /** Takes a message back from its consumer and delivers a later one first; not counted as an attempt. */
  hold(ackId: string): void {
    for (const { messageId, lease } of this.#ackIds.parseAll([ackId])) {
      const delivery = this.#deliveries.get(messageId);
      if (delivery?.state !== 'leased' || delivery.leases !== lease) continue;
      this.#endLease(delivery);
      delivery.state = 'held';
      this.#held.set(
        delivery,
        setTimeout(() => this.#releaseHeld(delivery), HOLD_MS_MAX),
      );
      const key = this.#keyOf(delivery);
      if (key !== undefined) this.#makeNextReady(this.#lanes.stepAside(key, delivery));
    }
  }

  /** Takes a message back from its consumer for `ms`; not counted as an attempt. Messages of its key wait for it. */
  postpone(ackId: string, ms: number): void {
    for (const { messageId, lease } of this.#ackIds.parseAll([ackId])) {
      const delivery = this.#deliveries.get(messageId);
      if (delivery?.state !== 'leased' || delivery.leases !== lease) continue;
      this.#endLease(delivery);
      delivery.state = 'waiting';
      this.#timed.set(delivery, this.#clock.nowMs() + ms);
    }
  }

  close(): void {
    this.#closed = true;
    for (const delivery of [...this.#deliveries.values()]) this.#remove(delivery);
    this.#timed.close();
    if (this.#pumping !== undefined) clearImmediate(this.#pumping);
    this.#consumers.clear();
  }

  #pump(): void {
    for (const delivery of this.#ready) {
      const consumer = this.#consumers.withRoom();
      if (consumer === undefined) return;
      this.#ready.delete(delivery);
      this.#lease(delivery, consumer);
    }
  }

  #lease(delivery: Delivery, consumer: Consumer): void {
    delivery.leases += 1;
    const { message, leases, failures } = delivery;
    const handed = { ackId: this.#ackIds.format(message.id, leases), message, attempt: failures + 1 };
    delivery.state = 'leased';
    delivery.lease = { consumer, handed };
    if (consumer.leaseMs !== undefined) this.#timed.set(delivery, this.#clock.nowMs() + consumer.leaseMs);
    consumer.deliver(handed);
  }

  #fail(delivery: Delivery): void {
    this.#endLease(delivery);
    delivery.failures += 1;
    const { message, failures } = delivery;
    const { deliveryAttemptsMax } = this.#settings;
    if (deliveryAttemptsMax !== undefined && failures >= deliveryAttemptsMax) {
      if (this.#record.deadLetter(message, failures)) {
        this.#remove(delivery);
        return;
      }
    }
    this.#record.failed(message.id, failures);
    const backoffMs = this.#settings.backoffMs(failures);
    if (backoffMs === 0) {
      this.#makeReady(delivery);
      return;
    }
    delivery.state = 'waiting';
    this.#timed.set(delivery, this.#clock.nowMs() + backoffMs);
  }

  #makeReady(delivery: Delivery): void {
    delivery.state = 'ready';
    this.#timed.delete(delivery);
    this.#ready.add(delivery);
    this.wake();
  }

  #makeNextReady(next: Delivery | undefined): void {
    if (next !== undefined) this.#makeReady(next);
  }

  #endLease(delivery: Delivery): void {
    const { lease } = delivery;
    delivery.lease = undefined;
    this.#timed.delete(delivery);
    if (lease === undefined) return;
    lease.consumer.released(lease.handed);
    this.wake();
  }

  #remove(delivery: Delivery): void {
    this.#deliveries.delete(delivery.message.id);
    this.#endLease(delivery);
    this.#ready.delete(delivery);
    clearTimeout(this.#held.get(delivery));
    this.#held.delete(delivery);
    const key = this.#keyOf(delivery);
    if (key !== undefined) this.#makeNextReady(this.#lanes.remove(key, delivery));
  }

  #releaseHeldBefore(delivered: Delivery): void {
    for (const held of [...this.#held.keys()]) {
      const key = this.#keyOf(held);
      const isLater = delivered.message.id > held.message.id;
      if (isLater && (key === undefined || key === this.#keyOf(delivered))) this.#releaseHeld(held);
    }
  }

  #releaseHeld(delivery: Delivery): void {
    clearTimeout(this.#held.get(delivery));
    this.#held.delete(delivery);
    delivery.state = 'queued';
    const key = this.#keyOf(delivery);
    if (key === undefined) this.#makeReady(delivery);
    else this.#makeNextReady(this.#lanes.comeBack(key, delivery));
  }

  #sweep(): void {
    const nowMs = this.#clock.nowMs();
    this.#dropExpired(nowMs);
    for (const delivery of this.#timed.due(nowMs)) {
      if (delivery.state === 'leased') this.#fail(delivery);
      else this.#makeReady(delivery);
    }
    this.#timed.wakeForRest();
    const [oldest] = this.#deliveries.values();
    if (oldest !== undefined) this.#timed.wakeAt(this.#retentionEndMs(oldest.message));
  }

  #dropExpired(nowMs: number): void {
    const expired: Delivery[] = [];
    for (const delivery of this.#deliveries.values()) {
      if (this.#retentionEndMs(delivery.message) > nowMs) break;
      expired.push(delivery);
    }
    this.#record.acknowledged(expired.map(({ message }) => message.id));
    for (const delivery of expired) this.#remove(delivery);
  }

  #retentionEndMs(message: Message): number {
    return message.publishMs + this.#settings.retentionMs;
  }

  #keyOf({ message }: Delivery): string | undefined {
    return this.#settings.ordered && message.orderingKey !== '' ? message.orderingKey : undefined;
  }
}
