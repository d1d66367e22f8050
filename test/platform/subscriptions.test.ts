import { readFileSync } from 'node:fs';
import path from 'node:path';
import { v1 } from '@google-cloud/pubsub';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FunctionManifest } from '#scripts/generate/function-manifest.ts';
import { createQueues } from '#scripts/local/services/queues.ts';
import type { DoctorTools } from '#scripts/platform/doctor/finding.ts';
import { checkSubscriptions, readSubscriptions } from '#scripts/platform/doctor/subscription-check.ts';
import { connection } from '#shared/datastore/connection.ts';
import { type EmbeddedTarget, startEmbedded } from '#test/support/pubsub-target.ts';

const PROJECT = 'doctor';
const REPAIR = 'npm run deploy -- apply';

let target: EmbeddedTarget;
let subscriber: v1.SubscriberClient;
beforeAll(async () => {
  target = await startEmbedded();
  subscriber = new v1.SubscriberClient(connection(target.address));
});
afterAll(async () => {
  await subscriber.close();
  await target.stop();
});

/** The doctor's findings, with Google's client against the emulator. */
async function findings(prefix = '') {
  const place = { project: PROJECT, prefix, emulatorHost: target.address };
  const tools = { subscriptions: async () => ({ found: await readSubscriptions(place), repair: REPAIR }) };
  const found = await checkSubscriptions(tools as unknown as DoctorTools);
  expect(found.every(({ severity, repair }) => severity === 'fault' && repair === REPAIR)).toBe(true);
  return found.map(({ finding }) => finding);
}

test('the doctor finds subscriptions that are gone, push nowhere, hang on a deleted topic or never give up', async () => {
  const manifest = JSON.parse(
    readFileSync(path.join(process.cwd(), 'infra/generated/functions.json'), 'utf8'),
  ) as FunctionManifest;
  const topics = manifest.topics.map(({ name }) => name);
  const endpoint = () => 'http://127.0.0.1:9/';
  await createQueues({ ...manifest, project: PROJECT, emulatorHost: target.address, topics, endpoint });
  const subscription = (name: string) => `projects/${PROJECT}/subscriptions/${name}`;

  expect(await findings()).toEqual([]);

  await subscriber.deleteSubscription({ subscription: subscription('power-worker') });
  await subscriber.modifyPushConfig({ subscription: subscription('dead-letter-recorder'), pushConfig: {} });
  expect(await findings()).toEqual([
    'The subscription of dead-letter-recorder pushes to no address: its messages wait.',
    'The subscription of power-worker does not exist: messages of the topic operations reach nobody.',
  ]);

  const worker = { name: subscription('power-worker'), pushConfig: { pushEndpoint: endpoint() } };
  await subscriber.createSubscription({ ...worker, topic: `projects/${PROJECT}/topics/compute-events` });
  expect((await findings())[1]).toBe(
    'The subscription of power-worker belongs to another topic than operations, which may have been deleted.',
  );
  await subscriber.deleteSubscription({ subscription: worker.name });
  await subscriber.createSubscription({ ...worker, topic: `projects/${PROJECT}/topics/operations` });
  expect((await findings())[1]).toBe(
    'The subscription of power-worker has no dead letter topic: its messages are never given up.',
  );

  // Another environment of the project has none of these.
  expect(await findings('staging-')).toHaveLength(3);
});
