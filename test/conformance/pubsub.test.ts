import { status } from '@grpc/grpc-js';
import type { Message, SubscriptionMetadata } from '@google-cloud/pubsub';
import { PubSub } from '@google-cloud/pubsub';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { findPubSubEmulator, startPubSubEmulator } from '#test/support/google-pubsub-emulator.ts';
import { codeOf, freshName, PROJECT, PubSubHarness, startEmbedded } from '#test/support/pubsub-target.ts';
import type { PubSubTarget } from '#test/support/pubsub-target.ts';

// Both emulators run the same cases, so that the embedded one does not differ from Google's. Behaviour of production
// that Google's emulator lacks (filters, flow control, some limits, half of the push envelope, ordered dead lettering),
// and cases that need a moved clock or injected faults, are in the pubsub-embedded files.

describe('embedded Pub/Sub emulator', () => {
  conformance(() => startEmbedded());
});

const googles = findPubSubEmulator();
if (googles === undefined)
  console.log("Google's Pub/Sub emulator is not installed: its half of the suite does not run.");

describe.skipIf(googles === undefined)("Google's Pub/Sub emulator", { timeout: 30_000 }, () => {
  conformance(async () => {
    const emulator = await startPubSubEmulator();
    if (emulator === undefined) throw new Error('The emulator has gone since it was found.');
    return { ...emulator, nowMs: () => Date.now(), passSeconds: () => undefined };
  });
});

function conformance(start: () => Promise<PubSubTarget>): void {
  let target: PubSubTarget;
  beforeAll(async () => {
    target = await start();
  });
  afterAll(() => target.stop());

  test('a topic can be created once, read, listed and deleted', async () => {
    const { pubsub } = new PubSubHarness(target);
    const name = freshName('topic');

    const [topic] = await pubsub.createTopic(name);

    expect(topic.name).toBe(`projects/${PROJECT}/topics/${name}`);
    expect(await codeOf(pubsub.createTopic(name))).toBe(status.ALREADY_EXISTS);
    expect((await pubsub.getTopics())[0].map((listed) => listed.name)).toContain(topic.name);
    expect(await topic.exists()).toEqual([true]);
    await topic.delete();
    expect(await topic.exists()).toEqual([false]);
    expect(await codeOf(topic.delete())).toBe(status.NOT_FOUND);
  });

  test('a subscription reads as it was created, with defaults, and changes only what the mask names', async () => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    const subscription = await h.subscribe(topic, {
      labels: { team: 'compute' },
      enableMessageOrdering: true,
      retryPolicy: { minimumBackoff: { seconds: 2 }, maximumBackoff: { seconds: 20 } },
    });

    await subscription.setMetadata({ ackDeadlineSeconds: 33 });

    const [metadata] = await subscription.getMetadata();
    expect(metadata).toMatchObject({
      name: subscription.name,
      topic: topic.name,
      ackDeadlineSeconds: 33,
      labels: { team: 'compute' },
      enableMessageOrdering: true,
      messageRetentionDuration: { seconds: '604800' },
      retryPolicy: { minimumBackoff: { seconds: '2' }, maximumBackoff: { seconds: '20' } },
    });
    expect((await topic.getSubscriptions())[0].map(({ name }) => name)).toEqual([subscription.name]);
  });

  test.each([
    ['an id of two characters', { id: 'ab' }],
    ['an id that starts with a digit', { id: '1abc' }],
    ['an ack deadline over 600 s', { ackDeadlineSeconds: 601 }],
  ])(
    'a subscription with %s is INVALID_ARGUMENT',
    async (_title, { id, ...metadata }: SubscriptionMetadata & { readonly id?: string }) => {
      const h = new PubSubHarness(target);
      const topic = await h.topic();

      expect(await codeOf(topic.createSubscription(id ?? freshName('refused'), metadata))).toBe(
        status.INVALID_ARGUMENT,
      );
    },
  );

  test('what is not there is NOT_FOUND: publishing, subscribing, pulling', async () => {
    const h = new PubSubHarness(target);
    const topic = `projects/${PROJECT}/topics/nowhere`;
    const subscription = `projects/${PROJECT}/subscriptions/nowhere`;
    const messages = [{ data: Buffer.from('x') }];

    expect(await codeOf(h.publisher.publish({ topic, messages }))).toBe(status.NOT_FOUND);
    expect(await codeOf(h.subscriber.createSubscription({ name: subscription, topic }))).toBe(status.NOT_FOUND);
    expect(await codeOf(h.subscriber.pull({ subscription, maxMessages: 1 }))).toBe(status.NOT_FOUND);
  });

  test('an empty message and a topic id of two characters are INVALID_ARGUMENT', async () => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();

    expect(await codeOf(h.publisher.publish({ topic: topic.name, messages: [{}] }))).toBe(status.INVALID_ARGUMENT);
    expect(await codeOf(h.pubsub.createTopic('ab'))).toBe(status.INVALID_ARGUMENT);
  });

  test('the client finds the emulator by PUBSUB_EMULATOR_HOST', async () => {
    vi.stubEnv('PUBSUB_EMULATOR_HOST', target.address);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const pubsub = new PubSub({ projectId: PROJECT });
    onTestFinished(() => pubsub.close());

    const [topic] = await pubsub.createTopic(freshName('topic'));

    expect(await topic.publishMessage({ data: Buffer.from('x') })).toMatch(/^\d+$/);
  });

  test('a pushed message carries what was published, in the wrapped envelope', async () => {
    const h = new PubSubHarness(target);
    const endpoint = await h.endpoint();
    const topic = await h.topic();
    const subscription = await h.subscribe(topic, { pushEndpoint: endpoint.url });

    const messageId = await topic.publishMessage({ data: Buffer.from('Grüße'), attributes: { kind: 'start' } });

    const [push] = await endpoint.waitFor(1);
    expect(push?.text).toBe('Grüße');
    expect(push?.headers['content-type']).toBe('application/json');
    expect(push?.envelope.subscription).toBe(subscription.name);
    expect(push?.envelope.message).toMatchObject({
      attributes: { kind: 'start' },
      messageId,
      message_id: messageId,
    });
    expect(push?.envelope.message.publishTime).toBe(push?.envelope.message.publish_time);
    expect(Date.parse(push?.envelope.message.publishTime ?? '')).toBeGreaterThan(Date.parse('2020-01-01'));
  });

  test('a message that was answered with 500 is pushed again, the same one', async () => {
    const h = new PubSubHarness(target);
    const endpoint = await h.endpoint((_push, { length }) => (length < 3 ? 500 : 204));
    const topic = await h.topic();
    await h.subscribe(topic, { pushEndpoint: endpoint.url });

    const messageId = await topic.publishMessage({ data: Buffer.from('again') });

    const pushes = await endpoint.waitFor(3);
    expect(pushes.map(({ envelope }) => envelope.message.messageId)).toEqual([messageId, messageId, messageId]);
  });

  test('a retry waits at least for the minimum back-off', async () => {
    const h = new PubSubHarness(target);
    const endpoint = await h.endpoint((_push, { length }) => (length === 1 ? 500 : 200));
    const topic = await h.topic();
    await h.subscribe(topic, {
      pushEndpoint: endpoint.url,
      retryPolicy: { minimumBackoff: { seconds: 1 }, maximumBackoff: { seconds: 2 } },
    });
    await topic.publishMessage({ data: Buffer.from('later') });
    await endpoint.waitFor(1);

    const [first, second] = await endpoint.waitFor(2);

    // Google's emulator shortens the pause by a tenth at most.
    expect((second?.receivedMs ?? 0) - (first?.receivedMs ?? 0)).toBeGreaterThanOrEqual(900);
  });

  test('messages of one ordering key are pushed in publish order, also when the first one fails at first', async () => {
    const h = new PubSubHarness(target);
    const failed: string[] = [];
    const endpoint = await h.endpoint(({ text }) => {
      if (text !== '1' || failed.length === 2) return 200;
      failed.push(text);
      return 503;
    });
    const topic = await h.topic();
    topic.setPublishOptions({ messageOrdering: true });
    await h.subscribe(topic, { pushEndpoint: endpoint.url, enableMessageOrdering: true });

    for (const text of ['1', '2', '3']) {
      await topic.publishMessage({ data: Buffer.from(text), orderingKey: 'vm-1' });
    }

    await endpoint.waitFor(5);
    expect(endpoint.texts).toEqual(['1', '1', '1', '2', '3']);
  });

  test('after the last delivery attempt a message moves to the dead letter topic and says where it comes from', async () => {
    const h = new PubSubHarness(target);
    const endpoint = await h.endpoint(() => 500);
    const [topic, deadLetters] = [await h.topic(), await h.topic()];
    const graveyard = await h.subscribe(deadLetters);
    const subscription = await h.subscribe(topic, {
      pushEndpoint: endpoint.url,
      deadLetterPolicy: { deadLetterTopic: deadLetters.name, maxDeliveryAttempts: 5 },
    });

    await topic.publishMessage({ data: Buffer.from('poison'), attributes: { kind: 'start' } });

    const [dead] = await h.drain(graveyard.name, 1);
    expect(dead?.text).toBe('poison');
    expect(dead?.attributes).toMatchObject({
      kind: 'start',
      CloudPubSubDeadLetterSourceSubscription: subscription.name.split('/').at(-1),
      CloudPubSubDeadLetterSourceSubscriptionProject: PROJECT,
      CloudPubSubDeadLetterSourceDeliveryCount: '5',
    });
    expect(dead?.attributes['CloudPubSubDeadLetterSourceTopicPublishTime']).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(endpoint.received.length).toBeGreaterThanOrEqual(5);
  });

  test("a stream delivers every message once it is subscribed, with Google's subscriber acknowledging", async () => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    const subscription = await h.subscribe(topic);
    const texts = Array.from({ length: 50 }, (_, index) => `message ${index}`);
    const seen = new Set<string>();
    const { promise: complete, resolve, reject } = Promise.withResolvers<ReadonlySet<string>>();
    subscription.on('error', reject);
    subscription.on('message', (message: Message) => {
      seen.add(message.data.toString());
      message.ack();
      if (seen.size === texts.length) resolve(seen);
    });

    await Promise.all(texts.map((text) => topic.publishMessage({ data: Buffer.from(text) })));

    expect([...(await complete)].sort()).toEqual([...texts].sort());
  });

  test('a message that a stream refuses comes again', async () => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    const subscription = await h.subscribe(topic);
    const deliveries: string[] = [];
    const { promise: complete, resolve, reject } = Promise.withResolvers<readonly string[]>();
    subscription.on('error', reject);
    subscription.on('message', (message: Message) => {
      const text = message.data.toString();
      if (deliveries.includes(text)) message.ack();
      else message.nack();
      deliveries.push(text);
      if (deliveries.length === 6) resolve(deliveries);
    });

    for (const text of ['a', 'b', 'c']) await topic.publishMessage({ data: Buffer.from(text) });

    expect([...(await complete)].sort()).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
  });

  test('a pulled message that is given back is delivered again; once acknowledged it is gone', async () => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    const { name } = await h.subscribe(topic);
    await topic.publishMessage({ data: Buffer.from('first') });
    const [pulled] = await h.pull(name);

    await h.subscriber.modifyAckDeadline({
      subscription: name,
      ackIds: [pulled?.ackId ?? ''],
      ackDeadlineSeconds: 0,
    });

    expect((await h.drain(name, 1)).map(({ text }) => text)).toEqual(['first']);
    await topic.publishMessage({ data: Buffer.from('second') });
    expect((await h.drain(name, 1)).map(({ text }) => text)).toEqual(['second']);
  });

  test('a deleted topic leaves its subscriptions with what they hold', async () => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    const subscription = await h.subscribe(topic);
    await topic.publishMessage({ data: Buffer.from('kept') });

    await topic.delete();

    expect((await subscription.getMetadata())[0].topic).toBe('_deleted-topic_');
    expect((await h.drain(subscription.name, 1)).map(({ text }) => text)).toEqual(['kept']);
  });
}
