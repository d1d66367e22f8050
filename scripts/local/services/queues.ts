import { v1 } from '@google-cloud/pubsub';
import { connection } from '#shared/datastore/connection.ts';
import type { FunctionEntry, Trigger } from '#scripts/generate/function-manifest.ts';

/** google.rpc.Code.ALREADY_EXISTS */
const ALREADY_EXISTS = 6;

type PushTrigger = Extract<Trigger, { type: 'push' }>;

export interface QueueOptions {
  readonly project: string;
  readonly emulatorHost: string;
  readonly functions: readonly Pick<FunctionEntry, 'name' | 'trigger'>[];
  /** Ids of all topics, including those without a function. */
  readonly topics: readonly string[];
  /** Returns the address to which a function's messages are pushed. */
  readonly endpoint: (functionName: string) => string;
}

/**
 * Creates what Terraform creates in Pub/Sub: a topic and a push subscription for each function that is triggered by
 * one, with Google's own clients. Repeating it changes only the endpoints.
 */
export async function createQueues(options: QueueOptions): Promise<void> {
  const where = connection(options.emulatorHost);
  const publisher = new v1.PublisherClient(where);
  const subscriber = new v1.SubscriberClient(where);
  try {
    const fed = options.functions.flatMap(({ name, trigger }) => (trigger?.type === 'push' ? [{ name, trigger }] : []));
    await Promise.all(
      options.topics.map((topic) => ignoreExisting(publisher.createTopic({ name: topicName(options.project, topic) }))),
    );
    await Promise.all(fed.map(({ name, trigger }) => createOrRedirect(subscriber, { name, trigger, options })));
  } finally {
    await Promise.all([publisher.close(), subscriber.close()]);
  }
}

export function topicName(project: string, topic: string): string {
  return `projects/${project}/topics/${topic}`;
}

async function createOrRedirect(
  subscriber: v1.SubscriberClient,
  { name, trigger, options }: { readonly name: string; readonly trigger: PushTrigger; readonly options: QueueOptions },
): Promise<void> {
  const { project, endpoint } = options;
  const subscription = `projects/${project}/subscriptions/${name}`;
  const pushConfig = { pushEndpoint: endpoint(name) };
  const created = await ignoreExisting(
    subscriber.createSubscription({
      name: subscription,
      topic: topicName(project, trigger.topic),
      pushConfig,
      ackDeadlineSeconds: trigger.ackDeadlineSeconds,
      enableMessageOrdering: trigger.ordered,
      retryPolicy: {
        minimumBackoff: { seconds: trigger.minimumBackoffSeconds },
        maximumBackoff: { seconds: trigger.maximumBackoffSeconds },
      },
      deadLetterPolicy:
        trigger.deadLetterTopic === null
          ? null
          : {
              deadLetterTopic: topicName(project, trigger.deadLetterTopic),
              maxDeliveryAttempts: trigger.attemptsMax,
            },
    }),
  );
  if (!created) await subscriber.modifyPushConfig({ subscription, pushConfig });
}

/** Returns false if the resource existed already. */
async function ignoreExisting(creation: Promise<unknown>): Promise<boolean> {
  try {
    await creation;
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === ALREADY_EXISTS) return false;
    throw thrown;
  }
}
