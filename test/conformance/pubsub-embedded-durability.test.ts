import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { PubSubHarness, startEmbedded } from '#test/support/pubsub-target.ts';
import type { EmbeddedTarget, PubSubTarget } from '#test/support/pubsub-target.ts';

const CHILD = fileURLToPath(new URL('../support/pubsub-emulator-process.ts', import.meta.url));

async function stateFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pubsub-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'pubsub.sqlite');
}

async function startIn(file: string): Promise<EmbeddedTarget> {
  const target = await startEmbedded(file);
  onTestFinished(() => target.stop());
  return target;
}

/** Starts an emulator in a process of its own; `kill` ends it like kill -9. */
async function startChild(file: string): Promise<PubSubTarget & { kill(): Promise<void> }> {
  const child = spawn(process.execPath, [CHILD, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  for await (const address of createInterface({ input: child.stdout })) {
    return { address, kill, stop: kill, nowMs: () => Date.now(), passSeconds: () => undefined };
  }
  throw new Error('The process ended before it served.');
}

test('what was published before a kill -9 is delivered by the next process, with its topics and subscriptions', async () => {
  const file = await stateFile();
  const child = await startChild(file);
  const before = new PubSubHarness(child);
  const topic = await before.topic();
  const [subscription] = await topic.createSubscription('survivor', { ackDeadlineSeconds: 44 });
  const messageId = await topic.publishMessage({ data: Buffer.from('kept'), attributes: { kind: 'start' } });

  await child.kill();

  const after = new PubSubHarness(await startIn(file));
  const [{ receivedMessages }] = await after.subscriber.pull({ subscription: subscription.name, maxMessages: 10 });
  expect(receivedMessages).toMatchObject([
    { message: { messageId, data: Buffer.from('kept'), attributes: { kind: 'start' } } },
  ]);
  expect((await after.pubsub.subscription('survivor').getMetadata())[0].ackDeadlineSeconds).toBe(44);
  expect(Number(await after.pubsub.topic(topic.name).publishMessage({ data: Buffer.from('y') }))).toBeGreaterThan(
    Number(messageId),
  );
});

test('every publish that was answered before a kill -9 in the middle of many is there afterwards', async () => {
  const file = await stateFile();
  const child = await startChild(file);
  const before = new PubSubHarness(child);
  const topic = await before.topic();
  const [{ name }] = await topic.createSubscription('many');
  const answered = new Set<string>();
  const halfway = Promise.withResolvers<number>();
  const publishes = Array.from({ length: 200 }, async (_, index) => {
    const request = { topic: topic.name, messages: [{ data: Buffer.from(String(index)) }] };
    const [{ messageIds }] = await before.publisher.publish(request, { retry: null });
    for (const id of messageIds ?? []) answered.add(id);
    if (answered.size === 50) halfway.resolve(answered.size);
  });
  const settled = Promise.allSettled(publishes);
  await halfway.promise;

  await child.kill();

  await settled;
  const second = await startIn(file);
  const after = new PubSubHarness(second);
  const delivered = new Set<string>();
  while (delivered.size < second.emulator.backlog()) {
    const [{ receivedMessages }] = await after.subscriber.pull({ subscription: name, maxMessages: 1000 });
    for (const { message } of receivedMessages ?? []) delivered.add(message?.messageId ?? '');
  }
  expect(answered.size).toBeGreaterThanOrEqual(50);
  expect([...answered].filter((id) => !delivered.has(id))).toEqual([]);
});

test('a message that was pushed but not answered when the process was killed is pushed again', async () => {
  const file = await stateFile();
  const child = await startChild(file);
  const before = new PubSubHarness(child);
  const never = Promise.withResolvers<number>();
  const endpoint = await before.endpoint((_push, { length }) => (length === 1 ? never.promise : 200));
  const topic = await before.topic();
  await topic.createSubscription('pushed', { pushEndpoint: endpoint.url });
  await topic.publishMessage({ data: Buffer.from('x') });
  await endpoint.waitFor(1);

  await child.kill();

  const { emulator } = await startIn(file);
  await endpoint.waitFor(2);
  await expect.poll(() => emulator.idle()).toBe(true);
  expect(endpoint.texts).toEqual(['x', 'x']);
});

test('acknowledgements and delivery attempts outlive the process', async () => {
  const file = await stateFile();
  const first = await startIn(file);
  const before = new PubSubHarness(first);
  const [topic, deadLetters] = [await before.topic(), await before.topic()];
  const [{ name: subscription }] = await topic.createSubscription('counted', {
    deadLetterPolicy: { deadLetterTopic: deadLetters.name, maxDeliveryAttempts: 5 },
  });
  await topic.publishMessage({ data: Buffer.from('done') });
  await before.drain(subscription, 1);
  await topic.publishMessage({ data: Buffer.from('failing') });
  const [pulled] = await before.pull(subscription);
  const ackIds = [pulled?.ackId ?? ''];
  await before.subscriber.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds: 0 });

  await first.stop();

  const second = await startIn(file);
  expect(second.emulator.backlog()).toBe(1);
  expect(await new PubSubHarness(second).pull(subscription)).toMatchObject([{ text: 'failing', deliveryAttempt: 2 }]);
});

test('after a reset nothing comes back with the next process', async () => {
  const file = await stateFile();
  const first = await startIn(file);
  const topic = await new PubSubHarness(first).topic();
  await topic.createSubscription('forgotten');
  await topic.publishMessage({ data: Buffer.from('x') });

  await first.emulator.reset();
  await first.stop();

  const second = await startIn(file);
  expect(second.emulator.backlog()).toBe(0);
  expect(await new PubSubHarness(second).pubsub.topic(topic.name).exists()).toEqual([false]);
});
