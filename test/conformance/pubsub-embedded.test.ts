import { status } from '@grpc/grpc-js';
import type { Message, SubscriptionMetadata } from '@google-cloud/pubsub';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { codeOf, freshName, PubSubHarness, startEmbedded } from '#test/support/pubsub-target.ts';
import type { EmbeddedTarget } from '#test/support/pubsub-target.ts';

let target: EmbeddedTarget;
beforeAll(async () => {
  target = await startEmbedded();
});
afterAll(() => target.stop());

// Google's emulator accepts any filter and lets every message pass.
describe('filters', () => {
  test.each([
    ['attributes:zone', ['b', 'end']],
    ['attributes:"zone"', ['b', 'end']],
    ['attributes.kind = "start"', ['a', 'b', 'end']],
    ['attributes.kind != "start"', ['c']],
    ['hasPrefix(attributes.zone, "europe-")', ['b', 'end']],
    ['attributes.kind = "stop" OR NOT attributes:zone', ['a', 'c']],
    ['-attributes:zone AND attributes.kind="start"', ['a']],
    ['attributes:zone AND NOT (attributes.kind = "stop" OR attributes.zone = "europe-west1-b")', ['end']],
    ['attributes.zone = "europe-\\"west4"', []],
  ])('%s lets through exactly what it says', async (filter, expected) => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    const filtered = await h.subscribe(topic, { filter });
    const messages = [
      { data: Buffer.from('a'), attributes: { kind: 'start' } },
      { data: Buffer.from('b'), attributes: { kind: 'start', zone: 'europe-west1-b' } },
      { data: Buffer.from('c'), attributes: { kind: 'stop' } },
      { data: Buffer.from('end'), attributes: { kind: 'start', zone: 'europe-west4-a' } },
    ];

    await h.publisher.publish({ topic: topic.name, messages });

    expect(target.emulator.backlog()).toBe(expected.length);
    expect((await h.drain(filtered.name, expected.length)).map(({ text }) => text)).toEqual(expected);
  });

  test.each([
    'attributes.kind == "a"',
    'attributes.kind = a',
    'kind = "a"',
    'attributes:a AND attributes:b OR attributes:c',
    '(attributes:a',
    'attributes:a)',
    'attributes:a ;',
    `attributes:${'a'.repeat(256)}`,
  ])('%s is INVALID_ARGUMENT', async (filter) => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();

    expect(await codeOf(topic.createSubscription(freshName('refused'), { filter }))).toBe(status.INVALID_ARGUMENT);
  });
});

// Google's emulator accepts nearly all of these.
describe('limits', () => {
  test.each<[string, SubscriptionMetadata]>([
    ['an ack deadline below 10 s', { ackDeadlineSeconds: 9 }],
    ['retention below 10 minutes', { messageRetentionDuration: { seconds: 599 } }],
    ['retention over 31 days', { messageRetentionDuration: { seconds: 31 * 24 * 3600 + 1 } }],
    ['a backoff over 600 s', { retryPolicy: { maximumBackoff: { seconds: 601 } } }],
    ['backoffs that cross', { retryPolicy: { minimumBackoff: { seconds: 20 }, maximumBackoff: { seconds: 19 } } }],
    ['a push endpoint that is no URL', { pushEndpoint: 'somewhere' }],
    ['exactly-once delivery by push', { pushEndpoint: 'http://127.0.0.1:9/', enableExactlyOnceDelivery: true }],
  ])('a subscription with %s is INVALID_ARGUMENT', async (_title, metadata) => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();

    expect(await codeOf(topic.createSubscription(freshName('refused'), metadata))).toBe(status.INVALID_ARGUMENT);
  });

  test.each([
    [4, status.INVALID_ARGUMENT],
    [101, status.INVALID_ARGUMENT],
  ])('%d delivery attempts are refused', async (maxDeliveryAttempts, code) => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    const deadLetterPolicy = { deadLetterTopic: topic.name, maxDeliveryAttempts };

    expect(await codeOf(topic.createSubscription(freshName('refused'), { deadLetterPolicy }))).toBe(code);
  });

  test('a dead letter topic that does not exist is NOT_FOUND', async () => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    const deadLetterPolicy = { deadLetterTopic: `${topic.name}-not` };

    expect(await codeOf(topic.createSubscription(freshName('refused'), { deadLetterPolicy }))).toBe(status.NOT_FOUND);
  });

  test.each([
    ['an ordering key over 1024 bytes', [{ data: Buffer.from('x'), orderingKey: 'k'.repeat(1025) }]],
    ['an attribute value over 1024 bytes', [{ attributes: { a: 'v'.repeat(1025) } }]],
    ['1001 messages', Array.from({ length: 1001 }, () => ({ data: Buffer.from('x') }))],
    ['over 10 MB', [{ data: Buffer.alloc(10_000_001, 1) }]],
  ])('a publish with %s is INVALID_ARGUMENT and publishes nothing', async (_title, messages) => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    await h.subscribe(topic);

    expect(await codeOf(h.publisher.publish({ topic: topic.name, messages }))).toBe(status.INVALID_ARGUMENT);
    expect(target.emulator.backlog()).toBe(0);
  });

  // Google's emulator accepts these.
  test.each([
    ['two ordering keys', ['vm-1', 'vm-2']],
    ['an ordering key and none', ['vm-1', '']],
  ])('a publish with %s is FAILED_PRECONDITION and publishes nothing', async (_title, keys) => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    await h.subscribe(topic);
    const messages = keys.map((orderingKey) => ({ data: Buffer.from('x'), orderingKey }));

    expect(await codeOf(h.publisher.publish({ topic: topic.name, messages }))).toBe(status.FAILED_PRECONDITION);
    expect(target.emulator.backlog()).toBe(0);
  });

  test.each(['filter', 'enable_message_ordering', 'topic', 'nonsense'])(
    'an update of %s is INVALID_ARGUMENT',
    async (path) => {
      const h = new PubSubHarness(target);
      const topic = await h.topic();
      const subscription = { name: (await h.subscribe(topic)).name, topic: topic.name };

      const update = h.subscriber.updateSubscription({ subscription, updateMask: { paths: [path] } });

      expect(await codeOf(update)).toBe(status.INVALID_ARGUMENT);
    },
  );

  test('lists come in pages that end', async () => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    const created = [await h.subscribe(topic), await h.subscribe(topic), await h.subscribe(topic)];
    const pageOf = async (pageToken: string): Promise<readonly [readonly string[], string]> => {
      const request = { topic: topic.name, pageSize: 2, pageToken };
      const [names, , response] = await h.publisher.listTopicSubscriptions(request, { autoPaginate: false });
      return [names, response.nextPageToken ?? ''];
    };

    const [first, token] = await pageOf('');
    const [second, end] = await pageOf(token);

    expect([first.length, second.length, end]).toEqual([2, 1, '']);
    expect([...first, ...second].sort()).toEqual(created.map(({ name }) => name).sort());
  });
});

describe('leases', () => {
  // The clock of Google's emulator cannot be moved.
  test('a message that is not acknowledged by its deadline is delivered again, as the next attempt', async () => {
    const h = new PubSubHarness(target);
    const [topic, deadLetters] = [await h.topic(), await h.topic()];
    const { name } = await h.subscribe(topic, { deadLetterPolicy: { deadLetterTopic: deadLetters.name } });
    await topic.publishMessage({ data: Buffer.from('again') });
    const [first] = await h.pull(name);

    target.passSeconds(10);

    const [second] = await h.pull(name);
    expect([first?.deliveryAttempt, second?.deliveryAttempt]).toEqual([1, 2]);
    expect(second?.text).toBe('again');
  });

  test('an extended deadline holds, and an acknowledgement that comes too late still counts', async () => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    const { name: subscription } = await h.subscribe(topic);
    await topic.publishMessage({ data: Buffer.from('long work') });
    const [pulled] = await h.pull(subscription);
    const ackIds = [pulled?.ackId ?? ''];
    await h.subscriber.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds: 60 });
    target.passSeconds(59);

    const [nothing] = await h.subscriber.pull({ subscription, maxMessages: 1, returnImmediately: true });

    expect(nothing.receivedMessages).toEqual([]);
    target.passSeconds(2);
    await h.subscriber.acknowledge({ subscription, ackIds });
    expect(target.emulator.idle()).toBe(true);
  });

  test('an ack id of another subscription is INVALID_ARGUMENT and acknowledges nothing', async () => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    const [one, other] = [await h.subscribe(topic), await h.subscribe(topic)];
    await topic.publishMessage({ data: Buffer.from('x') });
    const [pulled] = await h.pull(one.name);
    const ackIds = [pulled?.ackId ?? ''];

    expect(await codeOf(h.subscriber.acknowledge({ subscription: other.name, ackIds }))).toBe(status.INVALID_ARGUMENT);
    expect(target.emulator.backlog()).toBe(2);
  });

  // Google's emulator sends everything at once, regardless of the flow control.
  test('a stream never holds more messages than it asked for', async () => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    const { name } = await h.subscribe(topic);
    const subscription = h.pubsub.subscription(name, {
      flowControl: { maxMessages: 2 },
      streamingOptions: { maxStreams: 1 },
    });
    onTestFinished(() => subscription.close());
    const { promise: complete, resolve, reject } = Promise.withResolvers<number>();
    let [held, heldMax, acknowledged] = [0, 0, 0];
    subscription.on('error', reject);
    subscription.on('message', (message: Message) => {
      held += 1;
      heldMax = Math.max(heldMax, held);
      setImmediate(() => {
        held -= 1;
        acknowledged += 1;
        message.ack();
        if (acknowledged === 10) resolve(heldMax);
      });
    });

    await h.publisher.publish({
      topic: topic.name,
      messages: Array.from({ length: 10 }, (_, index) => ({ data: Buffer.from(String(index)) })),
    });

    expect(await complete).toBeLessThanOrEqual(2);
  });

  test('a stream ends with NOT_FOUND when its subscription is deleted', async () => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    const subscription = await h.subscribe(topic);
    const { promise: ended, resolve } = Promise.withResolvers<unknown>();
    const { promise: working, resolve: works } = Promise.withResolvers<string>();
    subscription.on('error', resolve);
    subscription.on('message', (message: Message) => {
      message.ack();
      works(message.id);
    });
    await topic.publishMessage({ data: Buffer.from('x') });
    await working;

    await h.subscriber.deleteSubscription({ subscription: subscription.name });

    expect(await ended).toMatchObject({ code: status.NOT_FOUND });
  });

  test('of an ordering key one message is out at a time, and a failed one comes before all later ones', async () => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    const { name: subscription } = await h.subscribe(topic, { enableMessageOrdering: true });
    await h.publisher.publish({
      topic: topic.name,
      messages: ['1', '2', '3'].map((text) => ({ data: Buffer.from(text), orderingKey: 'vm-1' })),
    });

    const [first, ...others] = await h.pull(subscription);
    await h.subscriber.modifyAckDeadline({ subscription, ackIds: [first?.ackId ?? ''], ackDeadlineSeconds: 0 });

    expect(others).toEqual([]);
    expect((await h.drain(subscription, 3)).map(({ text }) => text)).toEqual(['1', '2', '3']);
  });
});

test('a message is dropped when its retention is over', async () => {
  const h = new PubSubHarness(target);
  const topic = await h.topic();
  await h.subscribe(topic, { messageRetentionDuration: { seconds: 600 } });
  await topic.publishMessage({ data: Buffer.from('old') });
  target.passSeconds(300);
  await topic.publishMessage({ data: Buffer.from('young') });
  expect(target.emulator.backlog()).toBe(2);

  target.passSeconds(301);

  await expect.poll(() => target.emulator.backlog()).toBe(1);
});

test('reset forgets topics, subscriptions and messages, and the emulator goes on', async () => {
  const h = new PubSubHarness(target);
  const topic = await h.topic();
  await h.subscribe(topic);
  await topic.publishMessage({ data: Buffer.from('x') });

  await target.emulator.reset();

  expect(target.emulator.idle()).toBe(true);
  expect(await topic.exists()).toEqual([false]);
  const [again] = await h.pubsub.createTopic(topic.name);
  expect((await again.getSubscriptions())[0]).toEqual([]);
});
