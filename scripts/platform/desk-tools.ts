import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { clockOf, stateFolder } from '#scripts/console/command-clock.ts';
import type { Session } from '#scripts/console/command-line.ts';
import { Compute } from '#shared/gce/compute.ts';
import { Disks } from '#shared/gce/disks.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { Publisher } from '#shared/pubsub/publisher.ts';

/**
 * Tools of the operators' commands. Without a `publisher` (a Datastore emulator without Pub/Sub), operations wait for
 * the next sweep.
 */
export type DeskTools = Omit<Tools, 'publisher'> & { readonly publisher?: Publisher; readonly disks: Disks };

/** The tools, open for the length of one command. */
export interface Desk {
  readonly tools: DeskTools;
  close(): Promise<void>;
}

/** Name of the topic, without the environment's prefix. */
const TOPIC = 'operations';

/** Creates the clients of Pub/Sub and Compute Engine for the session's platform. They connect at their first use. */
export function openDesk(session: Session): Desk {
  const { target } = session.place;
  const deployment = deploymentOf(session);
  const pubsub = emulatorOf(session, 'pubsub');
  const publisher =
    pubsub === UNREACHABLE
      ? undefined
      : new Publisher({
          project: target.project,
          topic: queuePrefixOf(session) + TOPIC,
          emulatorHost: pubsub,
        });
  const cloud = { project: target.project, deployment, emulatorHost: emulatorOf(session, 'compute') };
  const compute = new Compute(cloud);
  const disks = new Disks(cloud);
  const warn = (message: string) => session.note(message);
  const tools: DeskTools = {
    store: session.store,
    ...(publisher === undefined ? {} : { publisher }),
    compute,
    disks,
    log: { info: () => undefined, warn, error: warn, critical: warn },
    nowMs: clockOf(session),
    sleep: (ms) => sleep(ms),
    random: { hex: (bytes) => randomBytes(bytes).toString('hex'), fraction: () => Math.random() },
  };
  return {
    tools,
    close: async () => {
      await Promise.allSettled([publisher?.close(), compute.close(), disks.close()]);
    },
  };
}

/** Runs a command with the tools and closes them afterwards. */
export async function withDesk<T>(session: Session, work: (tools: DeskTools) => Promise<T>): Promise<T> {
  const desk = openDesk(session);
  try {
    return await work(desk.tools);
  } finally {
    await desk.close();
  }
}

/** Name of the deployment's environment, the value of its VMs' label. */
export function deploymentOf(session: Pick<Session, 'place'>): string {
  const { options, environment } = session.place;
  return options.env ?? environment['DEPLOYMENT'] ?? (isLocal(session) ? 'local' : 'production');
}

/** Beginning of the names of the deployment's topics and subscriptions. */
export function queuePrefixOf(session: Pick<Session, 'place'>): string {
  return isLocal(session) ? '' : `${deploymentOf(session)}-`;
}

function isLocal({ place }: Pick<Session, 'place'>): boolean {
  return place.target.emulatorHost !== undefined;
}

/** `undefined`: Google Cloud. */
export function emulatorOf({ place }: Session, service: 'pubsub' | 'compute'): string | undefined {
  if (place.target.emulatorHost === undefined) return undefined;
  const named = place.environment[`${service.toUpperCase()}_EMULATOR_HOST`];
  if (place.options.local !== true) return named ?? UNREACHABLE;
  const file = path.join(stateFolder(place), 'connection.json');
  const { emulators } = JSON.parse(readFileSync(file, 'utf8')) as { emulators?: Record<string, string> };
  return emulators?.[service] ?? UNREACHABLE;
}

/** An address at which nothing listens, so that commands on a Datastore emulator never reach Google Cloud. */
export const UNREACHABLE = '127.0.0.1:9';
