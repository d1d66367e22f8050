import { v1 } from '@google-cloud/pubsub';
import { expect, onTestFinished, test } from 'vitest';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { Faults } from '#scripts/emulators/faults.ts';
import { PubSubEmulator } from '#scripts/emulators/pubsub/pubsub-emulator.ts';
import { connection } from '#shared/datastore/connection.ts';
import { orderingKey } from '#shared/pubsub/ordering-key.ts';
import { Publisher } from '#shared/pubsub/publisher.ts';
import { PushEndpoint } from '#test/support/push-endpoint.ts';

/*
 * One customer's 80 power operations took all places of the push window, so that another customer's stop waited 22 s.
 */

const PROJECT = 'demo-project';
const LANES = 8;

test("one customer's 80 operations take eight places, and another customer's is delivered beside them", async () => {
  const clock = new ShiftableClock();
  const emulator = new PubSubEmulator({ clock, faults: new Faults() });
  await emulator.start();
  const arrived = Promise.withResolvers<undefined>();
  const release = Promise.withResolvers<undefined>();
  const endpoint = new PushEndpoint({
    nowMs: () => clock.nowMs(),
    reply: async ({ text }) => {
      if (text.includes('op-quiet')) arrived.resolve(undefined);
      else if (text.includes('op-earlier')) return 204;
      // All pushes stay open until the other customer's message has arrived.
      else await release.promise;
      return 204;
    },
  });
  await endpoint.start();
  const where = connection(emulator.address);
  const [topics, subscriptions] = [new v1.PublisherClient(where), new v1.SubscriberClient(where)];
  const publisher = new Publisher({ project: PROJECT, topic: 'operations', emulatorHost: emulator.address });
  onTestFinished(async () => {
    release.resolve(undefined);
    await Promise.all([topics.close(), subscriptions.close(), publisher.close(), endpoint.stop()]);
    await emulator.stop();
    clock.stop();
  });
  const topic = `projects/${PROJECT}/topics/operations`;
  await topics.createTopic({ name: topic });
  await subscriptions.createSubscription({
    name: `projects/${PROJECT}/subscriptions/power-worker`,
    topic,
    pushConfig: { pushEndpoint: endpoint.url },
    enableMessageOrdering: true,
    ackDeadlineSeconds: 60,
  });

  // The push window of a new subscription has four places, and one more after each success.
  const earlier = Array.from({ length: 16 }, (_, i) => `earlier-${i}`);
  await publisher.publish(earlier.map((id) => ({ operationId: `op-${id}`, instanceId: `tw-${id}`, customerId: id })));
  await endpoint.waitFor(earlier.length);

  await publisher.publish(
    Array.from({ length: 80 }, (_, i) => ({ operationId: `op-${i}`, instanceId: `tw-${i}`, customerId: 'busy' })),
  );
  await endpoint.waitFor(earlier.length + LANES);
  await publisher.publish([{ operationId: 'op-quiet', instanceId: 'tw-quiet', customerId: 'quiet' }]);
  await arrived.promise;

  expect(endpoint.texts.filter((text) => !/op-(quiet|earlier)/.test(text))).toHaveLength(LANES);
  release.resolve(undefined);
  await endpoint.waitFor(earlier.length + 81);
  expect(new Set(endpoint.texts).size).toBe(earlier.length + 81);
});

test('an instance has one lane, and a customer has eight of their own', () => {
  const keys = (customerId: string) =>
    new Set(Array.from({ length: 500 }, (_, i) => orderingKey({ customerId, instanceId: `tw-${i}` })));

  expect(orderingKey({ customerId: 'acme', instanceId: 'tw-1' })).toBe(
    orderingKey({ customerId: 'acme', instanceId: 'tw-1' }),
  );
  expect(keys('acme').size).toBe(LANES);
  const others = keys('umbrella');
  expect([...keys('acme')].filter((key) => others.has(key))).toEqual([]);
});
