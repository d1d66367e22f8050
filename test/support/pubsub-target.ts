import { PubSub, v1 } from '@google-cloud/pubsub';
import type { Subscription, SubscriptionMetadata, Topic } from '@google-cloud/pubsub';
import { credentials } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { PubSubEmulator } from '#scripts/emulators/pubsub/pubsub-emulator.ts';
import { Faults } from '#scripts/emulators/faults.ts';
import { PushEndpoint } from './push-endpoint.ts';
import type { PushEndpointOptions } from './push-endpoint.ts';

// Without this setting Google's clients look for a metadata server, although an emulator needs no credentials.
process.env['METADATA_SERVER_DETECTION'] ??= 'none';

export const PROJECT = 'local-project';

/** A Pub/Sub that the tests run against: Google's emulator or the embedded one. */
export interface PubSubTarget {
  readonly address: string;
  nowMs(): number;
  /** Lets time pass: moves the clock if it can be moved; otherwise real time passes by itself. */
  passSeconds(seconds: number): void;
  stop(): Promise<void>;
}

/** The embedded emulator, with its additional features. */
export interface EmbeddedTarget extends PubSubTarget {
  readonly emulator: PubSubEmulator;
  readonly faults: Faults;
}

export async function startEmbedded(stateFile?: string): Promise<EmbeddedTarget> {
  const clock = new ShiftableClock();
  const faults = new Faults();
  const emulator = new PubSubEmulator({ clock, faults, ...(stateFile === undefined ? {} : { stateFile }) });
  await emulator.start();
  return {
    address: emulator.address,
    emulator,
    faults,
    nowMs: () => clock.nowMs(),
    passSeconds: (seconds) => clock.advance(seconds),
    stop: async () => {
      await emulator.stop();
      clock.stop();
    },
  };
}

let names = 0;

/** Returns a name that no other test uses. */
export function freshName(kind: string): string {
  names += 1;
  return `${kind}-${names}`;
}

/** Google's clients for one target, with helpers for common steps. Everything is closed when the test ends. */
export class PubSubHarness {
  readonly target: PubSubTarget;
  readonly pubsub: PubSub;
  readonly publisher: v1.PublisherClient;
  readonly subscriber: v1.SubscriberClient;

  constructor(target: PubSubTarget) {
    const [servicePath = '', port] = target.address.split(':');
    const options = { projectId: PROJECT, servicePath, port: Number(port), sslCreds: credentials.createInsecure() };
    this.target = target;
    this.pubsub = new PubSub({ projectId: PROJECT, apiEndpoint: target.address });
    this.publisher = new v1.PublisherClient(options);
    this.subscriber = new v1.SubscriberClient(options);
    onTestFinished(async () => {
      await Promise.all([this.pubsub.close(), this.publisher.close(), this.subscriber.close()]);
    });
  }

  async topic(): Promise<Topic> {
    const [topic] = await this.pubsub.createTopic(freshName('topic'));
    return topic;
  }

  async subscribe(topic: Topic, metadata: SubscriptionMetadata = {}): Promise<Subscription> {
    const [subscription] = await topic.createSubscription(freshName('subscription'), metadata);
    onTestFinished(async () => {
      await subscription.close();
      // Deleted so that its messages do not reach the next test; some tests delete the subscription themselves.
      await subscription.delete().catch(() => undefined);
    });
    return subscription;
  }

  async endpoint(reply: PushEndpointOptions['reply'] = () => 200): Promise<PushEndpoint> {
    const endpoint = new PushEndpoint({ nowMs: () => this.target.nowMs(), reply });
    await endpoint.start();
    onTestFinished(() => endpoint.stop());
    return endpoint;
  }

  /** Pulls messages, waiting for the first one as a pull does. */
  async pull(subscription: string, maxMessages = 10): Promise<readonly Pulled[]> {
    const [{ receivedMessages }] = await this.subscriber.pull({ subscription, maxMessages });
    return (receivedMessages ?? []).map(({ ackId, message, deliveryAttempt }) => ({
      ackId: ackId ?? '',
      text: Buffer.from(message?.data ?? '').toString(),
      attributes: message?.attributes ?? {},
      deliveryAttempt: deliveryAttempt ?? 0,
    }));
  }

  /** Pulls and acknowledges until `count` messages have arrived. */
  async drain(subscription: string, count: number): Promise<readonly Pulled[]> {
    const all: Pulled[] = [];
    while (all.length < count) {
      const some = await this.pull(subscription);
      if (some.length === 0) continue;
      await this.subscriber.acknowledge({ subscription, ackIds: some.map(({ ackId }) => ackId) });
      all.push(...some);
    }
    return all;
  }
}

export interface Pulled {
  readonly ackId: string;
  readonly text: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly deliveryAttempt: number;
}

/** Returns the gRPC status code with which a call fails; throws if the call succeeds. */
export async function codeOf(call: Promise<unknown>): Promise<unknown> {
  const outcome = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (outcome instanceof Error && 'code' in outcome) return outcome.code;
  throw new Error('The call did not fail with a status.', { cause: outcome });
}
