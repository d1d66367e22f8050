import type { Clock } from '../clock.ts';
import type { Log } from '../emulator.ts';
import type { Faults } from '../faults.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import { type Filter, parseFilter } from './filter.ts';
import type { Journal, Message } from './journal.ts';
import { requirePublishable } from './publish-limits.ts';
import { PushConsumer } from './push-consumer.ts';
import type { Registry } from './registry.ts';
import { parseResourceName } from './resource-names.ts';
import { notFound } from './status-error.ts';
import { deliverySettings, isPush } from './subscription-settings.ts';
import type { Subscription, WireMessage } from './wire.ts';

export interface BrokerOptions {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly journal: Journal;
  readonly registry: Registry;
  readonly log: Log;
}

/** The parts of an active subscription. */
export interface Channel {
  readonly queue: DeliveryQueue;
  /** Aborted when the subscription is deleted or the emulator stops. */
  readonly closed: AbortSignal;
}

interface OpenChannel extends Channel {
  subscription: Subscription;
  readonly filter: Filter;
  readonly close: AbortController;
  push: PushConsumer | undefined;
}

/** Moves messages from topics to the queues of their subscriptions. Every message is written to the journal first. */
export class Broker {
  readonly #options: BrokerOptions;
  readonly #channels = new Map<string, OpenChannel>();

  constructor(options: BrokerOptions) {
    this.#options = options;
  }

  /** Returns the number of unacknowledged messages of all subscriptions. */
  backlog(): number {
    return this.#sum((channel) => channel.queue.size);
  }

  /** Returns the number of push requests that wait for their endpoint's reply. */
  pushesInFlight(): number {
    return this.#sum((channel) => channel.push?.inFlight ?? 0);
  }

  open(subscription: Subscription): void {
    const { clock, journal } = this.#options;
    const { name } = subscription;
    const close = new AbortController();
    const queue = new DeliveryQueue({
      subscription: name,
      clock,
      settings: deliverySettings(subscription),
      record: {
        acknowledged: (messageIds) => journal.acknowledged(name, messageIds),
        failed: (messageId, failures) => journal.failed(name, messageId, failures),
        deadLetter: (message, attempts) => this.#deadLetter(name, message, attempts),
      },
    });
    const filter = parseFilter(subscription.filter);
    this.#channels.set(name, { queue, subscription, filter, close, closed: close.signal, push: undefined });
    this.reconfigure(subscription);
  }

  reconfigure(subscription: Subscription): void {
    const channel = this.#channel(subscription.name);
    channel.subscription = subscription;
    channel.queue.reconfigure(deliverySettings(subscription));
    const { pushConfig } = subscription;
    if (!isPush(pushConfig)) {
      if (channel.push !== undefined) channel.queue.detach(channel.push);
      channel.push = undefined;
      return;
    }
    if (channel.push !== undefined) {
      channel.push.reconfigure(subscription, pushConfig);
      return;
    }
    const { clock, faults, log } = this.#options;
    channel.push = new PushConsumer({ queue: channel.queue, subscription, pushConfig, clock, faults, log });
    channel.queue.attach(channel.push);
  }

  /** Returns the channel of an existing subscription; throws NOT_FOUND otherwise. */
  channel(subscription: string): Channel {
    this.#options.registry.getSubscription(subscription);
    return this.#channel(subscription);
  }

  /** Closes the subscription and drops its messages. */
  close(subscription: string): void {
    const channel = this.#channels.get(subscription);
    if (channel === undefined) return;
    this.#channels.delete(subscription);
    channel.close.abort();
    channel.push?.close();
    channel.queue.close();
  }

  closeAll(): void {
    for (const name of [...this.#channels.keys()]) this.close(name);
  }

  /** Restores a message that was not acknowledged before the process ended. */
  redeliver(unacked: { readonly subscription: string; readonly message: Message; readonly failures: number }): void {
    this.#channels.get(unacked.subscription)?.queue.add(unacked.message, unacked.failures);
  }

  /** Publishes messages, durably on return. Returns their ids in the same order. */
  publish(topic: string, messages: readonly WireMessage[]): readonly string[] {
    this.#options.registry.getTopic(topic);
    requirePublishable(messages);
    const stored = this.#options.journal.transaction(() => messages.map((message) => this.#store(topic, message)));
    for (const deliver of stored) deliver.toQueues();
    return stored.map(({ id }) => String(id));
  }

  #store(topic: string, wire: WireMessage): { readonly id: number; toQueues(): void } {
    const { journal, registry, clock } = this.#options;
    const channels = registry
      .subscriptionsOf(topic)
      .map((subscription) => this.#channel(subscription.name))
      .filter((channel) => channel.filter(wire.attributes));
    const { data, attributes, orderingKey } = wire;
    const message = journal.addMessage(
      { data, attributes, orderingKey, publishMs: clock.nowMs() },
      channels.map((channel) => channel.subscription.name),
    );
    return {
      id: message.id,
      toQueues: () => {
        for (const channel of channels) channel.queue.add(message);
      },
    };
  }

  /** Source: https://docs.cloud.google.com/pubsub/docs/dead-letter-topics#forwarded_message_attributes */
  #deadLetter(name: string, message: Message, attempts: number): boolean {
    const { journal, registry, log } = this.#options;
    const { subscription } = this.#channel(name);
    const topic = subscription.deadLetterPolicy?.deadLetterTopic;
    if (topic === undefined || registry.findTopic(topic) === undefined) {
      log({ message: 'dead letter topic is gone; the message stays', subscription: name, messageId: message.id });
      return false;
    }
    const { project, id } = parseResourceName(name, 'subscriptions');
    const attributes = {
      ...message.attributes,
      CloudPubSubDeadLetterSourceSubscription: id,
      CloudPubSubDeadLetterSourceSubscriptionProject: project,
      CloudPubSubDeadLetterSourceDeliveryCount: String(attempts),
      CloudPubSubDeadLetterSourceTopicPublishTime: new Date(message.publishMs).toISOString(),
    };
    const stored = journal.transaction(() => {
      journal.acknowledged(name, [message.id]);
      return this.#store(topic, { data: message.data, attributes, orderingKey: message.orderingKey });
    });
    stored.toQueues();
    log({ message: 'message dead-lettered', subscription: name, messageId: message.id, attempts });
    return true;
  }

  #channel(subscription: string): OpenChannel {
    const channel = this.#channels.get(subscription);
    if (channel === undefined) throw notFound(subscription);
    return channel;
  }

  #sum(count: (channel: OpenChannel) => number): number {
    let sum = 0;
    for (const channel of this.#channels.values()) sum += count(channel);
    return sum;
  }
}
