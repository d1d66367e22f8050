import { v1 } from '@google-cloud/pubsub';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { ComputeEmulator } from '#scripts/emulators/compute/compute-emulator.ts';
import { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { PubSubEmulator } from '#scripts/emulators/pubsub/pubsub-emulator.ts';
import { Faults, type Fault, type FaultKind, type FaultService } from '#scripts/emulators/faults.ts';
import { LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { Disks } from '#shared/gce/disks.ts';
import type { SweepTools } from '#shared/workers/sweep-tools.ts';
import { connection } from '#shared/datastore/connection.ts';
import { COMPOSITE_INDEXES } from '#shared/datastore/indexes.ts';
import { Compute, type Machine } from '#shared/gce/compute.ts';
import { Publisher } from '#shared/pubsub/publisher.ts';
import { localStore } from '#test/support/local-store.ts';

// Without this setting Google's authentication first spends seconds on looking for a metadata server.
process.env['METADATA_SERVER_DETECTION'] = 'none';

/**
 * Counts the calls that reach the emulators: before each one, an emulator asks here whether a fault is to be injected.
 */
export class CallCounts extends Faults {
  readonly #counts = new Map<string, number>();

  override take(service: FaultService, method: string, kinds?: readonly FaultKind[]): Fault | undefined {
    this.#counts.set(method, (this.#counts.get(method) ?? 0) + 1);
    return super.take(service, method, kinds);
  }

  /** Returns the number of calls by method since `spent` was last called. */
  spent(): ReadonlyMap<string, number> {
    const spent = new Map(this.#counts);
    this.#counts.clear();
    return spent;
  }
}

export interface ScaleCloud {
  readonly datastore: DatastoreEmulator;
  readonly compute: ComputeEmulator;
  readonly addresses: { readonly datastore: string; readonly pubsub: string; readonly compute: string };
  readonly calls: CallCounts;
  readonly tools: SweepTools;
  stop(): Promise<void>;
}

/**
 * Starts emulators, with Datastore's rows and the VMs in files of a folder, and the tools of actions and the sweep, which call them over the
 * network.
 */
export async function scaleCloud(folder: string): Promise<ScaleCloud> {
  const stateFile = join(folder, 'datastore.sqlite');
  const clock = new ShiftableClock();
  const calls = new CallCounts();
  const datastore = new DatastoreEmulator({ stateFile, clock, faults: calls, compositeIndexes: COMPOSITE_INDEXES });
  const pubsub = new PubSubEmulator({ clock, faults: calls });
  const machines = join(folder, 'compute.sqlite');
  const compute = new ComputeEmulator({ clock, faults: calls, stateFile: machines, bootSeconds: 0, stopSeconds: 0 });
  await Promise.all([datastore.start(), pubsub.start(), compute.start()]);
  const admin = new v1.PublisherClient(connection(pubsub.address));
  await admin.createTopic({ name: `projects/${LOCAL_PROJECT}/topics/operations` });
  await admin.close();
  const ignored = (): void => undefined;
  const tools = {
    store: localStore(datastore.address),
    compute: new Compute({ project: LOCAL_PROJECT, deployment: 'local', emulatorHost: compute.address }),
    disks: new Disks({ project: LOCAL_PROJECT, deployment: 'local', emulatorHost: compute.address }),
    publisher: new Publisher({ project: LOCAL_PROJECT, topic: 'operations', emulatorHost: pubsub.address }),
    log: { info: ignored, warn: ignored, error: ignored, critical: ignored },
    nowMs: () => Date.now(),
    sleep: (ms: number) => sleep(ms),
    random: { hex: (bytes: number) => randomBytes(bytes).toString('hex'), fraction: () => Math.random() },
  };
  return {
    datastore,
    compute,
    addresses: { datastore: datastore.address, pubsub: pubsub.address, compute: compute.address },
    calls,
    tools,
    stop: async () => {
      await Promise.all([tools.store.close(), tools.compute.close(), tools.disks.close(), tools.publisher.close()]);
      await Promise.all([datastore.stop(), pubsub.stop(), compute.stop()]);
      clock.stop();
    },
  };
}

/** Resolves with all VMs once at least `count` exist and all run. */
export async function whenRunning(compute: Compute, count: number): Promise<readonly Machine[]> {
  for (;;) {
    const machines: Machine[] = [];
    for await (const page of compute.list()) machines.push(...page);
    if (machines.length >= count && machines.every(({ status }) => status === 'RUNNING')) return machines;
    await sleep(100);
  }
}
