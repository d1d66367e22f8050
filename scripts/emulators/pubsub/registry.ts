import { status } from '@grpc/grpc-js';
import { applyFieldMask } from './field-mask.ts';
import type { Journal } from './journal.ts';
import { DELETED_TOPIC, parseProjectName, parseResourceName } from './resource-names.ts';
import { alreadyExists, invalidArgument, notFound, StatusError } from './status-error.ts';
import { completePushConfig, completeSubscription } from './subscription-settings.ts';
import { toMs } from './wire.ts';
import type { FieldMask, PageRequest, PushConfig, Subscription, Topic } from './wire.ts';

const TOPIC_FIELDS = ['labels', 'messageRetentionDuration'] as const satisfies readonly (keyof Topic)[];

/** Fields of a subscription that may change; filter and ordering are fixed at its creation. */
const SUBSCRIPTION_FIELDS = [
  'ackDeadlineSeconds',
  'deadLetterPolicy',
  'enableExactlyOnceDelivery',
  'expirationPolicy',
  'labels',
  'messageRetentionDuration',
  'pushConfig',
  'retainAckedMessages',
  'retryPolicy',
] as const satisfies readonly (keyof Subscription)[];

const TOPIC_RETENTION_SECONDS_MIN = 600;
const TOPIC_RETENTION_SECONDS_MAX = 31 * 24 * 3600;
const PAGE_SIZE_DEFAULT = 100;
const PAGE_SIZE_MAX = 1000;

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string;
}

/** Topics and subscriptions: their names, limits and existence. Every change is written to the journal. */
export class Registry {
  readonly #journal: Journal;
  readonly #topics = new Map<string, Topic>();
  readonly #subscriptions = new Map<string, Subscription>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  load(topics: readonly Topic[], subscriptions: readonly Subscription[]): void {
    this.clear();
    for (const topic of topics) this.#topics.set(topic.name, topic);
    for (const subscription of subscriptions) this.#subscriptions.set(subscription.name, subscription);
  }

  clear(): void {
    this.#topics.clear();
    this.#subscriptions.clear();
  }

  createTopic(asked: Topic): Topic {
    parseResourceName(asked.name, 'topics');
    if (this.#topics.has(asked.name)) throw alreadyExists(asked.name);
    return this.#saveTopic(asked);
  }

  getTopic(name: string): Topic {
    const topic = this.findTopic(name);
    if (topic === undefined) throw notFound(topicId(name));
    return topic;
  }

  findTopic(name: string): Topic | undefined {
    return this.#topics.get(name);
  }

  updateTopic(update: Topic | null, mask: FieldMask | null): Topic {
    if (update === null) throw invalidArgument('The update request names no topic.');
    const current = this.getTopic(update.name);
    return this.#saveTopic(applyFieldMask({ current, update, paths: mask?.paths ?? [] }, TOPIC_FIELDS));
  }

  listTopics(project: string, page: PageRequest): Page<Topic> {
    return pageOf(inProject(this.#topics, project), page);
  }

  /** Deletes a topic. Its subscriptions stay with their messages, and show the topic `_deleted-topic_`. */
  deleteTopic(name: string): void {
    this.getTopic(name);
    this.#journal.transaction(() => {
      this.#journal.deleteTopic(name);
      for (const subscription of this.subscriptionsOf(name)) {
        this.#saveSubscription({ ...subscription, topic: DELETED_TOPIC });
      }
    });
    this.#topics.delete(name);
  }

  listTopicSubscriptions(topic: string, page: PageRequest): Page<Subscription> {
    this.getTopic(topic);
    return pageOf(new Map(this.subscriptionsOf(topic).map((subscription) => [subscription.name, subscription])), page);
  }

  subscriptionsOf(topic: string): readonly Subscription[] {
    return [...this.#subscriptions.values()].filter((subscription) => subscription.topic === topic);
  }

  createSubscription(asked: Subscription): Subscription {
    const subscription = completeSubscription(asked);
    if (this.#subscriptions.has(subscription.name)) throw alreadyExists(subscription.name);
    parseResourceName(subscription.topic, 'topics');
    this.getTopic(subscription.topic);
    this.#requireDeadLetterTopic(subscription);
    return this.#saveSubscription(subscription);
  }

  getSubscription(name: string): Subscription {
    const subscription = this.#subscriptions.get(name);
    if (subscription !== undefined) return subscription;
    parseResourceName(name, 'subscriptions');
    throw notFound(name.split('/').at(-1) ?? name);
  }

  updateSubscription(update: Subscription | null, mask: FieldMask | null): Subscription {
    if (update === null) throw invalidArgument('The update request names no subscription.');
    const paths = mask?.paths ?? [];
    const current = this.getSubscription(update.name);
    const changed = completeSubscription(applyFieldMask({ current, update, paths }, SUBSCRIPTION_FIELDS));
    this.#requireDeadLetterTopic(changed);
    return this.#saveSubscription(changed);
  }

  modifyPushConfig(name: string, pushConfig: PushConfig | null): Subscription {
    return this.#saveSubscription({ ...this.getSubscription(name), pushConfig: completePushConfig(pushConfig) });
  }

  listSubscriptions(project: string, page: PageRequest): Page<Subscription> {
    return pageOf(inProject(this.#subscriptions, project), page);
  }

  deleteSubscription(name: string): void {
    this.getSubscription(name);
    this.#journal.deleteSubscription(name);
    this.#subscriptions.delete(name);
  }

  #saveTopic(topic: Topic): Topic {
    const { messageRetentionDuration: retention } = topic;
    if (retention !== null) {
      if (
        toMs(retention) < TOPIC_RETENTION_SECONDS_MIN * 1000 ||
        toMs(retention) > TOPIC_RETENTION_SECONDS_MAX * 1000
      ) {
        throw invalidArgument(
          `Invalid message retention duration: it must be from ${TOPIC_RETENTION_SECONDS_MIN} to ${TOPIC_RETENTION_SECONDS_MAX} seconds.`,
        );
      }
    }
    if ((topic.schemaSettings ?? topic.ingestionDataSourceSettings) !== null || topic.messageTransforms.length > 0) {
      throw new StatusError(status.UNIMPLEMENTED, 'Schemas, ingestion and message transforms are not emulated.');
    }
    this.#journal.putTopic(topic);
    this.#topics.set(topic.name, topic);
    return topic;
  }

  #saveSubscription(subscription: Subscription): Subscription {
    this.#journal.putSubscription(subscription);
    this.#subscriptions.set(subscription.name, subscription);
    return subscription;
  }

  #requireDeadLetterTopic(subscription: Subscription): void {
    if (subscription.deadLetterPolicy !== null) this.getTopic(subscription.deadLetterPolicy.deadLetterTopic);
  }
}

function topicId(name: string): string {
  return parseResourceName(name, 'topics').id;
}

function inProject<T>(items: ReadonlyMap<string, T>, project: string): ReadonlyMap<string, T> {
  const prefix = `projects/${parseProjectName(project)}/`;
  return new Map([...items].filter(([name]) => name.startsWith(prefix)));
}

/**
 * Returns a page in name order. The token is the last name of the page before, so creations and deletions in between do
 * no harm.
 */
function pageOf<T>(items: ReadonlyMap<string, T>, { pageSize, pageToken }: PageRequest): Page<T> {
  if (pageSize < 0) throw invalidArgument('The page size must not be negative.');
  const size = Math.min(pageSize === 0 ? PAGE_SIZE_DEFAULT : pageSize, PAGE_SIZE_MAX);
  const after = Buffer.from(pageToken, 'base64url').toString();
  const rest = [...items].filter(([name]) => name > after).sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = rest.slice(0, size);
  const last = shown.at(-1);
  return {
    items: shown.map(([, item]) => item),
    nextPageToken: rest.length > size && last !== undefined ? Buffer.from(last[0]).toString('base64url') : '',
  };
}
