import { status } from '@grpc/grpc-js';
import type { Topic } from '@google-cloud/pubsub';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Fault } from '#scripts/emulators/faults.ts';
import { codeOf, PubSubHarness, startEmbedded } from '#test/support/pubsub-target.ts';
import type { EmbeddedTarget } from '#test/support/pubsub-target.ts';

let target: EmbeddedTarget;
beforeAll(async () => {
  target = await startEmbedded();
});
afterEach(() => target.faults.clear());
afterAll(() => target.stop());

function becomesIdle(): Promise<void> {
  return expect.poll(() => target.emulator.idle(), { interval: 5, timeout: 60_000 }).toBe(true);
}

function publish(topic: Topic, text: string, orderingKey = ''): Promise<string> {
  return topic.publishMessage({ data: Buffer.from(text), ...(orderingKey === '' ? {} : { orderingKey }) });
}

// Google's emulator sends no OIDC header, no orderingKey and no deliveryAttempt.
describe('the envelope', () => {
  test('carries the ordering key, and the delivery attempt when there is a dead letter policy', async () => {
    const h = new PubSubHarness(target);
    const endpoint = await h.endpoint((_push, { length }) => (length === 1 ? 500 : 200));
    const [topic, deadLetters] = [await h.topic(), await h.topic()];
    await h.subscribe(topic, {
      pushEndpoint: endpoint.url,
      enableMessageOrdering: true,
      deadLetterPolicy: { deadLetterTopic: deadLetters.name },
    });

    await h.publisher.publish({ topic: topic.name, messages: [{ data: Buffer.from('x'), orderingKey: 'vm-1' }] });

    const pushes = await endpoint.waitFor(2);
    expect(pushes.map(({ envelope }) => envelope.deliveryAttempt)).toEqual([1, 2]);
    expect(pushes[0]?.envelope.message.orderingKey).toBe('vm-1');
  });

  test('has neither when there is none, and no authorization', async () => {
    const h = new PubSubHarness(target);
    const endpoint = await h.endpoint();
    const topic = await h.topic();
    await h.subscribe(topic, { pushEndpoint: endpoint.url });

    await publish(topic, 'x');

    const [push] = await endpoint.waitFor(1);
    expect(push?.envelope).not.toHaveProperty('deliveryAttempt');
    expect(push?.envelope.message).not.toHaveProperty('orderingKey');
    expect(push?.headers.authorization).toBeUndefined();
  });

  test.each([
    ['the endpoint by default', undefined],
    ['the audience when one is set', 'https://worker.example'],
  ])('comes with an unsigned token for %s', async (_title, audience) => {
    const h = new PubSubHarness(target);
    const endpoint = await h.endpoint();
    const topic = await h.topic();
    const serviceAccountEmail = 'push@local-project.iam.gserviceaccount.com';
    const oidcToken = audience === undefined ? { serviceAccountEmail } : { serviceAccountEmail, audience };
    await h.subscribe(topic, { pushConfig: { pushEndpoint: endpoint.url, oidcToken } });

    await publish(topic, 'x');

    const [push] = await endpoint.waitFor(1);
    const [header = '', claims = '', signature] = (push?.headers.authorization ?? '').replace('Bearer ', '').split('.');
    expect(decoded(header)).toEqual({ alg: 'none', typ: 'JWT' });
    expect(decoded(claims)).toMatchObject({
      iss: 'https://accounts.google.com',
      aud: audience ?? endpoint.url,
      email: serviceAccountEmail,
    });
    expect(signature).toBe('');
  });
});

describe('retries', () => {
  test('wait for the clock: the minimum back-off, then twice as long each time, up to the maximum', async () => {
    const h = new PubSubHarness(target);
    const endpoint = await h.endpoint(({ text }) => (text === 'fails' ? 500 : 200));
    const topic = await h.topic();
    await h.subscribe(topic, {
      pushEndpoint: endpoint.url,
      retryPolicy: { minimumBackoff: { seconds: 100 }, maximumBackoff: { seconds: 300 } },
    });
    await publish(topic, 'fails');

    for (const [failures, backoffSeconds] of [100, 200, 300, 300].entries()) {
      await endpoint.waitFor(failures + 1);
      await becomesQuiet();
      // Ten seconds before the end of the back-off only a later message is delivered.
      target.passSeconds(backoffSeconds - 10);
      await publish(topic, 'fence');
      await endpoint.waitFor(failures + 2);
      expect(endpoint.texts.filter((text) => text === 'fails')).toHaveLength(failures + 1);
      endpoint.received.splice(endpoint.texts.indexOf('fence'), 1);
      target.passSeconds(10);
    }

    const timesMs = (await endpoint.waitFor(5)).map(({ receivedMs }) => receivedMs);
    const gapsOf100Seconds = timesMs
      .slice(1)
      .map((timeMs, index) => Math.floor((timeMs - (timesMs[index] ?? 0)) / 100_000));
    expect(gapsOf100Seconds).toEqual([1, 2, 3, 3]);
  });

  test('to an endpoint that does not listen are repeated until it does', async () => {
    const h = new PubSubHarness(target);
    const endpoint = await h.endpoint();
    const topic = await h.topic();
    const subscription = await h.subscribe(topic, { pushEndpoint: 'http://127.0.0.1:9/nobody' });
    await publish(topic, 'x');

    await subscription.modifyPushConfig({ pushEndpoint: endpoint.url });

    await endpoint.waitFor(1);
    await becomesIdle();
  });

  test('open few requests at once in the beginning, and at most 64 later', async () => {
    const h = new PubSubHarness(target);
    const gate = Promise.withResolvers<number>();
    const isHeld = (text: string) => Number(text) >= 100;
    const endpoint = await h.endpoint(({ text }) => (text === 'first' || isHeld(text) ? gate.promise : 200));
    const topic = await h.topic();
    await h.subscribe(topic, { pushEndpoint: endpoint.url });
    const publishAll = (texts: readonly string[]) =>
      h.publisher.publish({ topic: topic.name, messages: texts.map((text) => ({ data: Buffer.from(text) })) });

    await publishAll(Array.from({ length: 20 }, () => 'first'));
    await endpoint.waitFor(4);
    expect(endpoint.received).toHaveLength(4);
    gate.resolve(200);
    await endpoint.waitFor(20);
    await publishAll(Array.from({ length: 80 }, (_, index) => String(index)));
    await endpoint.waitFor(100);
    await becomesIdle();
  });

  // Refusing one message counts for the whole subscription: https://docs.cloud.google.com/pubsub/docs/push#push_backoff
  test('of one message that is refused make all messages of its subscription wait, and no other subscription', async () => {
    const h = new PubSubHarness(target);
    const refusing = await h.endpoint(({ text }) => (text === 'refused' ? 500 : 200));
    const other = await h.endpoint();
    const topic = await h.topic();
    await h.subscribe(topic, { pushEndpoint: refusing.url });
    await h.subscribe(topic, { pushEndpoint: other.url });
    const firstMs = target.nowMs();
    await publish(topic, 'refused');
    // The pauses after the first three refusals are 0.5, 2 and 9 s; the one after the fourth is 41 s.
    for (const [refusals, seconds] of [1, 3, 10].entries()) {
      await refusing.waitFor(refusals + 1);
      await becomesQuiet();
      target.passSeconds(seconds);
    }
    await refusing.waitFor(4);
    await becomesQuiet();

    await publish(topic, 'behind');
    await other.waitFor(2);

    expect(refusing.texts).not.toContain('behind');
    await expect
      .poll(
        () => {
          target.passSeconds(1);
          return refusing.texts.includes('behind');
        },
        { interval: 5, timeout: 60_000 },
      )
      .toBe(true);
    const { receivedMs } = refusing.received.find(({ text }) => text === 'behind') ?? { receivedMs: 0 };
    expect(receivedMs - firstMs).toBeGreaterThan(40_000);
  });
});

// Google's emulator gets stuck in this case: the message is neither dead-lettered nor skipped.
test('a poison message of an ordering key is dead-lettered after its attempts and the key goes on', async () => {
  const h = new PubSubHarness(target);
  const endpoint = await h.endpoint(({ text }) => (text === 'poison' ? 500 : 200));
  const [topic, deadLetters] = [await h.topic(), await h.topic()];
  topic.setPublishOptions({ messageOrdering: true });
  const graveyard = await h.subscribe(deadLetters);
  await h.subscribe(topic, {
    pushEndpoint: endpoint.url,
    enableMessageOrdering: true,
    deadLetterPolicy: { deadLetterTopic: deadLetters.name, maxDeliveryAttempts: 6 },
  });

  // Each refusal makes the whole subscription pause, so the clock has to move for further attempts.
  const passing = setInterval(() => target.passSeconds(60), 20);
  onTestFinished(() => clearInterval(passing));

  for (const text of ['poison', 'healthy']) await publish(topic, text, 'vm-1');

  const [dead] = await h.drain(graveyard.name, 1);
  expect(dead?.attributes['CloudPubSubDeadLetterSourceDeliveryCount']).toBe('6');
  await becomesIdle();
  expect(endpoint.received.map(({ text, envelope }) => [text, envelope.deliveryAttempt])).toEqual([
    ['poison', 1],
    ['poison', 2],
    ['poison', 3],
    ['poison', 4],
    ['poison', 5],
    ['poison', 6],
    ['healthy', 1],
  ]);
});

test('a push subscription cannot be pulled; without an endpoint it can', async () => {
  const h = new PubSubHarness(target);
  const topic = await h.topic();
  const subscription = await h.subscribe(topic, { pushEndpoint: 'http://127.0.0.1:9/nobody' });
  expect(await codeOf(h.subscriber.pull({ subscription: subscription.name, maxMessages: 1 }))).toBe(
    status.FAILED_PRECONDITION,
  );

  await subscription.modifyPushConfig({});

  await publish(topic, 'x');
  expect((await h.drain(subscription.name, 1)).map(({ text }) => text)).toEqual(['x']);
});

describe('faults', () => {
  function inject(method: string, kind: Fault['kind'], more: Partial<Fault> = {}): void {
    target.faults.add([{ service: 'pubsub', method, kind, count: 1, ...more }]);
  }

  test('duplicate: the same message arrives twice though it was acknowledged', async () => {
    const h = new PubSubHarness(target);
    const endpoint = await h.endpoint();
    const topic = await h.topic();
    await h.subscribe(topic, { pushEndpoint: endpoint.url });
    inject('push', 'duplicate');

    const messageId = await publish(topic, 'twice');

    await becomesIdle();
    expect(endpoint.received.map(({ envelope }) => envelope.message.messageId)).toEqual([messageId, messageId]);
  });

  test('reorder: a message comes after a later one of the same ordering key', async () => {
    const h = new PubSubHarness(target);
    const endpoint = await h.endpoint();
    const topic = await h.topic();
    topic.setPublishOptions({ messageOrdering: true });
    await h.subscribe(topic, { pushEndpoint: endpoint.url, enableMessageOrdering: true });
    inject('push', 'reorder');

    for (const text of ['1', '2', '3']) await publish(topic, text, 'vm-1');

    await becomesIdle();
    expect(endpoint.texts).toEqual(['2', '1', '3']);
  });

  test('reorder: a message that no later one overtakes comes after all', async () => {
    const h = new PubSubHarness(target);
    const endpoint = await h.endpoint();
    const topic = await h.topic();
    await h.subscribe(topic, { pushEndpoint: endpoint.url });
    inject('push', 'reorder');

    await publish(topic, 'alone');

    await becomesIdle();
    expect(endpoint.texts).toEqual(['alone']);
  });

  test('late: a message comes minutes later, and those behind it before; one subscription can be meant', async () => {
    const h = new PubSubHarness(target);
    const [endpoint, other] = [await h.endpoint(), await h.endpoint()];
    const topic = await h.topic();
    const subscription = await h.subscribe(topic, { pushEndpoint: endpoint.url });
    await h.subscribe(topic, { pushEndpoint: other.url });
    inject('push', 'late', { delayMs: 180_000, target: subscription.name.split('/').at(-1) ?? '' });

    for (const text of ['1', '2', '3']) await publish(topic, text);

    await endpoint.waitFor(2);
    await other.waitFor(3);
    await becomesQuiet();
    target.passSeconds(179);
    await publish(topic, '4');
    await endpoint.waitFor(3);
    expect(endpoint.texts).toEqual(['2', '3', '4']);
    target.passSeconds(2);
    await endpoint.waitFor(4);
    await becomesIdle();
    expect(endpoint.texts).toEqual(['2', '3', '4', '1']);
    expect(other.texts).toEqual(['1', '2', '3', '4']);
  });

  test('late: of an ordering key, the messages behind it wait for it', async () => {
    const h = new PubSubHarness(target);
    const endpoint = await h.endpoint();
    const topic = await h.topic();
    topic.setPublishOptions({ messageOrdering: true });
    await h.subscribe(topic, { pushEndpoint: endpoint.url, enableMessageOrdering: true });
    inject('push', 'late');

    for (const text of ['1', '2']) await publish(topic, text, 'vm-1');
    await publish(topic, 'other', 'vm-2');
    await endpoint.waitFor(1);
    await becomesQuiet();
    target.passSeconds(121);

    await becomesIdle();
    expect(endpoint.texts).toEqual(['other', '1', '2']);
  });

  test('error on push: the attempt counts and never reaches the endpoint', async () => {
    const h = new PubSubHarness(target);
    const endpoint = await h.endpoint();
    const [topic, deadLetters] = [await h.topic(), await h.topic()];
    await h.subscribe(topic, {
      pushEndpoint: endpoint.url,
      deadLetterPolicy: { deadLetterTopic: deadLetters.name },
    });
    inject('push', 'error', { count: 2 });

    await publish(topic, 'x');

    await becomesIdle();
    expect(endpoint.received.map(({ envelope }) => envelope.deliveryAttempt)).toEqual([3]);
  });

  test("lostAnswer on push: the endpoint's success is not heard, so the message comes again", async () => {
    const h = new PubSubHarness(target);
    const endpoint = await h.endpoint();
    const topic = await h.topic();
    await h.subscribe(topic, { pushEndpoint: endpoint.url });
    inject('push', 'lostAnswer');

    await publish(topic, 'x');

    await becomesIdle();
    expect(endpoint.texts).toEqual(['x', 'x']);
  });

  test('error on publish: nothing is published and the status is the one asked for', async () => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    await h.subscribe(topic);
    inject('publish', 'error', { status: status.PERMISSION_DENIED });

    expect(await codeOf(publish(topic, 'x'))).toBe(status.PERMISSION_DENIED);
    expect(target.emulator.backlog()).toBe(0);
  });

  test("lostAnswer on publish: the message is there, and the client's retry adds a second one", async () => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    await h.subscribe(topic);
    inject('publish', 'lostAnswer');

    await publish(topic, 'x');

    expect(target.emulator.backlog()).toBe(2);
  });

  test('error on streamingPull: the client opens another stream and gets its messages', async () => {
    const h = new PubSubHarness(target);
    const topic = await h.topic();
    const subscription = await h.subscribe(topic);
    inject('streamingPull', 'error');
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    subscription.on('error', reject);
    subscription.on('message', (message) => {
      message.ack();
      resolve(message.data.toString());
    });

    await publish(topic, 'x');

    expect(await promise).toBe('x');
    expect(target.faults.list()).toEqual([]);
  });
});

/** Waits until no push request is open, because the failing message waits for the end of its back-off. */
async function becomesQuiet(): Promise<void> {
  await expect.poll(() => target.emulator.pushesInFlight(), { interval: 5 }).toBe(0);
}

function decoded(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}
