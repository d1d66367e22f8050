import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { v1 } from '@google-cloud/pubsub';
import type { FunctionManifest } from '#scripts/generate/function-manifest.ts';
import { connection } from '#shared/datastore/connection.ts';
import type { Check, Finding } from './finding.ts';

/** What the check reads of a subscription, with the names of Pub/Sub's API. */
export interface Subscription {
  /** Id, without project and environment. */
  readonly name: string;
  /** Id; Pub/Sub calls a deleted topic `_deleted-topic_`. */
  readonly topic: string;
  /** Address to which messages are pushed; `""`: messages wait until they are pulled. */
  readonly pushEndpoint: string;
  readonly deadLetters: boolean;
}

/** The subscriptions of a deployment. */
export interface Subscriptions {
  readonly found: readonly Subscription[];
  /** The command that makes missing ones. */
  readonly repair: string;
}

export interface SubscriptionPlace {
  readonly project: string;
  /** Beginning of the names of the deployment's topics and subscriptions. */
  readonly prefix: string;
  readonly emulatorHost: string | undefined;
}

/** Reads the subscriptions of a deployment with Google's client. */
export async function readSubscriptions({
  project,
  prefix,
  emulatorHost,
}: SubscriptionPlace): Promise<readonly Subscription[]> {
  const client = new v1.SubscriberClient(connection(emulatorHost));
  try {
    const [all] = await client.listSubscriptions({ project: `projects/${project}` });
    return all.flatMap(({ name, topic, pushConfig, deadLetterPolicy }): readonly Subscription[] => {
      const id = idOf(name);
      if (!id.startsWith(prefix)) return [];
      return [
        {
          name: id.slice(prefix.length),
          topic: idOf(topic).slice(prefix.length),
          pushEndpoint: pushConfig?.pushEndpoint ?? '',
          deadLetters: (deadLetterPolicy?.deadLetterTopic ?? '') !== '',
        },
      ];
    });
  } finally {
    await client.close();
  }
}

function idOf(path: string | null | undefined): string {
  return path?.split('/').at(-1) ?? '';
}

/** Reports functions whose messages do not reach them, and messages that are never given up. */
export const checkSubscriptions: Check = async ({ subscriptions }) => {
  const there = await subscriptions();
  if (there === undefined) return [];
  const byName = new Map(there.found.map((subscription) => [subscription.name, subscription]));
  return manifest().functions.flatMap(({ name, trigger }): readonly Finding[] => {
    if (trigger?.type !== 'push') return [];
    const problem = problemOf(byName.get(name), trigger);
    if (problem === undefined) return [];
    const finding = `The subscription of ${name} ${problem}`;
    return [{ severity: 'fault', check: 'subscriptions', finding, repair: there.repair }];
  });
};

interface Wanted {
  readonly topic: string;
  readonly deadLetterTopic: string | null;
}

function problemOf(found: Subscription | undefined, { topic, deadLetterTopic }: Wanted): string | undefined {
  if (found === undefined) return `does not exist: messages of the topic ${topic} reach nobody.`;
  if (found.topic !== topic) return `belongs to another topic than ${topic}, which may have been deleted.`;
  if (found.pushEndpoint === '') return 'pushes to no address: its messages wait.';
  if (deadLetterTopic !== null && !found.deadLetters)
    return 'has no dead letter topic: its messages are never given up.';
  return undefined;
}

function manifest(): FunctionManifest {
  const file = new URL('../../../infra/generated/functions.json', import.meta.url);
  return JSON.parse(readFileSync(fileURLToPath(file), 'utf8')) as FunctionManifest;
}
