import { status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Clock } from '../clock.ts';
import type { Log } from '../emulator.ts';
import type { Faults } from '../faults.ts';
import type { Broker } from './broker.ts';
import { pull } from './pull.ts';
import { receivedMessage } from './received-message.ts';
import type { Registry } from './registry.ts';
import { invalidArgument, StatusError } from './status-error.ts';
import { streamingPull } from './streaming-pull.ts';
import { isPush } from './subscription-settings.ts';
import type { CallContext, Unary } from './unary.ts';
import type { FieldMask, PageRequest, PushConfig, Subscription } from './wire.ts';

const LEASE_SECONDS_MAX = 600;

export interface SubscriberOptions {
  readonly registry: Registry;
  readonly broker: Broker;
  readonly unary: Unary;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly log: Log;
}

interface PullRequest {
  readonly subscription: string;
  readonly maxMessages: number;
  readonly returnImmediately: boolean;
}

interface ModifyAckDeadlineRequest {
  readonly subscription: string;
  readonly ackIds: readonly string[];
  readonly ackDeadlineSeconds: number;
}

/** Implements google.pubsub.v1.Subscriber. Methods that are missing here reply UNIMPLEMENTED. */
export function subscriberService(options: SubscriberOptions): UntypedServiceImplementation {
  const { registry, broker, unary } = options;
  return {
    CreateSubscription: unary('createSubscription', (asked: Subscription) => {
      const subscription = registry.createSubscription(asked);
      broker.open(subscription);
      return subscription;
    }),
    GetSubscription: unary('getSubscription', ({ subscription }: { subscription: string }) =>
      registry.getSubscription(subscription),
    ),
    UpdateSubscription: unary(
      'updateSubscription',
      (request: { subscription: Subscription | null; updateMask: FieldMask | null }) => {
        const subscription = registry.updateSubscription(request.subscription, request.updateMask);
        broker.reconfigure(subscription);
        return subscription;
      },
    ),
    ListSubscriptions: unary('listSubscriptions', (request: PageRequest & { project: string }) => {
      const { items, nextPageToken } = registry.listSubscriptions(request.project, request);
      return { subscriptions: items, nextPageToken };
    }),
    DeleteSubscription: unary('deleteSubscription', ({ subscription }: { subscription: string }) => {
      registry.deleteSubscription(subscription);
      broker.close(subscription);
      return {};
    }),
    ModifyPushConfig: unary('modifyPushConfig', (request: { subscription: string; pushConfig: PushConfig | null }) => {
      broker.reconfigure(registry.modifyPushConfig(request.subscription, request.pushConfig));
      return {};
    }),
    Pull: unary('pull', (request: PullRequest, context) => pullMessages(request, context, options)),
    StreamingPull: streamingPull(options),
    Acknowledge: unary('acknowledge', (request: { subscription: string; ackIds: readonly string[] }) => {
      requireAckIds(request.ackIds);
      broker.channel(request.subscription).queue.acknowledge(request.ackIds);
      return {};
    }),
    ModifyAckDeadline: unary('modifyAckDeadline', (request: ModifyAckDeadlineRequest) => {
      const { ackDeadlineSeconds } = request;
      requireAckIds(request.ackIds);
      if (ackDeadlineSeconds < 0 || ackDeadlineSeconds > LEASE_SECONDS_MAX) {
        throw invalidArgument(`Invalid ack deadline given: (seconds=${ackDeadlineSeconds}).`);
      }
      broker.channel(request.subscription).queue.extend(request.ackIds, ackDeadlineSeconds * 1000);
      return {};
    }),
  };
}

async function pullMessages(
  request: PullRequest,
  { cancelled }: CallContext,
  { registry, broker, clock }: SubscriberOptions,
): Promise<object> {
  const { pushConfig, deadLetterPolicy } = registry.getSubscription(request.subscription);
  if (isPush(pushConfig)) {
    throw new StatusError(status.FAILED_PRECONDITION, 'This method is not supported for push subscriptions.');
  }
  if (request.maxMessages <= 0) throw invalidArgument('max_messages must be at least 1.');
  const received = await pull({
    channel: broker.channel(request.subscription),
    clock,
    messagesMax: request.maxMessages,
    returnImmediately: request.returnImmediately,
    cancelled,
  });
  return { receivedMessages: received.map((handed) => receivedMessage(handed, deadLetterPolicy !== null)) };
}

function requireAckIds(ackIds: readonly string[]): void {
  if (ackIds.length === 0) throw invalidArgument('The request names no ack IDs.');
}
