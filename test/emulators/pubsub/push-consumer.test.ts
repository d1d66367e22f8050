import { expect, onTestFinished, test } from 'vitest';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { DeliveryQueue } from '#scripts/emulators/pubsub/delivery-queue.ts';
import { PushConsumer } from '#scripts/emulators/pubsub/push-consumer.ts';
import { completeSubscription, deliverySettings } from '#scripts/emulators/pubsub/subscription-settings.ts';
import type { Subscription } from '#scripts/emulators/pubsub/wire.ts';
import { Faults } from '#scripts/emulators/faults.ts';
import { PushEndpoint } from '#test/support/push-endpoint.ts';
import type { PushEndpointOptions } from '#test/support/push-endpoint.ts';

/** Long enough for a reply on a busy machine; the test of the deadline uses a short one. */
const ACK_DEADLINE_MS = 10_000;
const SHORT_DEADLINE_MS = 250;

interface Pushing {
  readonly endpoint: PushEndpoint;
  readonly queue: DeliveryQueue;
  readonly failures: number[];
}

/** Publishes one message to a consumer that pushes it to an endpoint. */
async function pushOne(reply: PushEndpointOptions['reply'], ackDeadlineMs = ACK_DEADLINE_MS): Promise<Pushing> {
  const clock = new ShiftableClock();
  const endpoint = new PushEndpoint({ nowMs: () => clock.nowMs(), reply });
  await endpoint.start();
  const subscription = aPushSubscription(endpoint.url);
  const failures: number[] = [];
  const queue = new DeliveryQueue({
    subscription: subscription.name,
    clock,
    settings: { ...deliverySettings(subscription), ackDeadlineMs },
    record: {
      acknowledged: () => undefined,
      failed: (_messageId, count) => failures.push(count),
      deadLetter: () => false,
    },
  });
  const pushConfig = { pushEndpoint: endpoint.url, attributes: {} };
  const consumer = new PushConsumer({
    queue,
    subscription,
    pushConfig,
    clock,
    faults: new Faults(),
    log: () => undefined,
  });
  onTestFinished(async () => {
    consumer.close();
    queue.close();
    clock.stop();
    await endpoint.stop();
  });
  queue.attach(consumer);
  queue.add({ id: 1, data: Buffer.from('x'), attributes: {}, orderingKey: '', publishMs: clock.nowMs() });
  return { endpoint, queue, failures };
}

function aPushSubscription(pushEndpoint: string): Subscription {
  return completeSubscription({
    name: 'projects/local-project/subscriptions/pushed',
    topic: 'projects/local-project/topics/topic',
    pushConfig: { pushEndpoint, attributes: {} },
    bigqueryConfig: null,
    cloudStorageConfig: null,
    bigtableConfig: null,
    ackDeadlineSeconds: 0,
    retainAckedMessages: false,
    messageRetentionDuration: null,
    labels: {},
    enableMessageOrdering: false,
    expirationPolicy: null,
    filter: '',
    deadLetterPolicy: null,
    retryPolicy: null,
    enableExactlyOnceDelivery: false,
    messageTransforms: [],
  });
}

test('an endpoint that does not answer within the ack deadline has failed, and is called again', async () => {
  const never = Promise.withResolvers<number>();

  const { endpoint, queue, failures } = await pushOne(
    (_push, { length }) => (length === 1 ? never.promise : 200),
    SHORT_DEADLINE_MS,
  );

  await endpoint.waitFor(2);
  await expect.poll(() => queue.size).toBe(0);
  expect(failures).toEqual([1]);
});

test.each([200, 201, 202, 204])('%d acknowledges', async (status) => {
  const { queue, failures } = await pushOne(() => status);

  await expect.poll(() => queue.size).toBe(0);
  expect(failures).toEqual([]);
});

test.each([203, 301, 400, 404, 429, 500, 503])('%d does not acknowledge', async (status) => {
  const { endpoint, failures } = await pushOne((_push, { length }) => (length === 1 ? status : 200));

  await endpoint.waitFor(2);
  expect(failures).toEqual([1]);
});

test('an endpoint that breaks the connection has failed', async () => {
  const { endpoint, failures } = await pushOne((_push, { length }) =>
    length === 1 ? Promise.reject(new Error('breaks')) : 200,
  );

  await endpoint.waitFor(2);
  expect(failures).toEqual([1]);
});
