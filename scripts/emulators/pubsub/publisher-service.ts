import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Broker } from './broker.ts';
import { sizeOf } from './publish-limits.ts';
import type { Registry } from './registry.ts';
import type { Unary } from './unary.ts';
import type { FieldMask, PageRequest, Topic, WireMessage } from './wire.ts';

export interface PublisherOptions {
  readonly registry: Registry;
  readonly broker: Broker;
  readonly unary: Unary;
  readonly onPublished: ((bytes: number) => void) | undefined;
}

/** Implements google.pubsub.v1.Publisher. Methods that are missing here reply UNIMPLEMENTED. */
export function publisherService({
  registry,
  broker,
  unary,
  onPublished,
}: PublisherOptions): UntypedServiceImplementation {
  return {
    CreateTopic: unary('createTopic', (topic: Topic) => registry.createTopic(topic)),
    GetTopic: unary('getTopic', ({ topic }: { topic: string }) => registry.getTopic(topic)),
    UpdateTopic: unary('updateTopic', (request: { topic: Topic | null; updateMask: FieldMask | null }) =>
      registry.updateTopic(request.topic, request.updateMask),
    ),
    ListTopics: unary('listTopics', (request: PageRequest & { project: string }) => {
      const { items, nextPageToken } = registry.listTopics(request.project, request);
      return { topics: items, nextPageToken };
    }),
    ListTopicSubscriptions: unary('listTopicSubscriptions', (request: PageRequest & { topic: string }) => {
      const { items, nextPageToken } = registry.listTopicSubscriptions(request.topic, request);
      return { subscriptions: items.map(({ name }) => name), nextPageToken };
    }),
    DeleteTopic: unary('deleteTopic', ({ topic }: { topic: string }) => {
      registry.deleteTopic(topic);
      return {};
    }),
    Publish: unary('publish', (request: { topic: string; messages: readonly WireMessage[] }) => {
      const messageIds = broker.publish(request.topic, request.messages);
      onPublished?.(request.messages.reduce((sum, message) => sum + sizeOf(message), 0));
      return { messageIds };
    }),
  };
}
