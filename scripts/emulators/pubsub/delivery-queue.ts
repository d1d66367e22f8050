import type { Clock } from '../clock.ts';
import { AckIds } from './ack-ids.ts';
import { Consumers } from './consumers.ts';
import { DueTimes } from './due-times.ts';
import type { Message } from './journal.ts';
import { KeyLanes } from './key-lanes.ts';
import type { DeliverySettings } from './subscription-settings.ts';

/** How long a message that was held back waits for a later one. */
const HOLD_MS_MAX = 1000;

/** A message on its way to one consumer. */
export interface Handed {
  readonly ackId: string;
  readonly message: Message;
  /** 1 at the first delivery; one more after each negative or missing acknowledgement. */
  readonly attempt: number;
}

/** What takes messages: the push loop, a stream, a waiting pull. */
export interface Consumer {
  /** Undefined: the lease has no deadline, the consumer itself reports success or failure. */
  readonly leaseMs: number | undefined;
  hasRoom(): boolean;
  deliver(handed: Handed): void;
  /** The lease is over: acknowledged, failed, expired or dropped. */
  released(handed: Handed): void;
}

/** What the queue reports outwards; all of it must be durable on return. */
export interface DeliveryRecord {
  acknowledged(messageIds: readonly number[]): void;
  failed(messageId: number, failures: number): void;
  /** True when the message was moved to the dead letter topic. */
  deadLetter(message: Message, attempts: number): boolean;
}

interface Lease {
  readonly consumer: Consumer;
  readonly handed: Handed;
}

/** `queued` waits behind its ordering key, `held` was put back by a reorder fault, `waiting` sits out its back-off or a late fault. */
export interface Delivery {
  readonly message: Message;
  failures: number;
  leases: number;
  state: 'queued' | 'held' | 'waiting' | 'ready' | 'leased';
  lease: Lease | undefined;
  /** When a lease or a back-off ends. */
  dueMs: number;
}

export interface DeliveryQueueOptions {
  readonly subscription: string;
  readonly clock: Clock;
  readonly settings: DeliverySettings;
  readonly record: DeliveryRecord;
}

/**
 * The unacknowledged messages of one subscription and who has them now. Of an ordering key at most one message is
 * outstanding, which makes both promises of ordering at once: publish order, and a redelivery that comes before all
 * later messages of its key.
 */
export class DeliveryQueue {
  readonly #clock: Clock;
  readonly #record: DeliveryRecord;
  readonly #ackIds: AckIds;
  #settings: DeliverySettings;
  /** By message id, in publish order. */
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

  /** Messages that are not acknowledged. */
  get size(): number {
    return this.#deliveries.size;
  }

  get ackDeadlineMs(): number {
    return this.#settings.ackDeadlineMs;
  }

  /** Messages must be added in publish order. */
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

  /** What the consumer holds stays leased to it. */
  detach(consumer: Consumer): void {
    this.#consumers.remove(consumer);
  }

  /** To be called when a consumer has room again. */
  wake(): void {
    if (this.#closed) return;
    this.#pumping ??= setImmediate(() => {
      this.#pumping = undefined;
      this.#pump();
    });
  }

  /** Late acknowledgements count as long as the message is still here. Throws INVALID_ARGUMENT for foreign ack ids. */
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

  /** Gives the lease `leaseMs` from now; 0 is a negative acknowledgement. Leases that are over are left alone. */
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

  /** Takes a message back from its consumer and lets a later one go first; not counted as an attempt. */
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

  /** Takes a message back from its consumer for so long; not counted as an attempt. Those of its key wait for it. */
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
