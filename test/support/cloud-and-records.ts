import { onTestFinished } from 'vitest';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import type { ComputeEmulatorOptions } from '#scripts/emulators/compute/compute-emulator.ts';
import { type CompositeIndex, DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { Faults } from '#scripts/emulators/faults.ts';
import { JOB_STATE, ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import type { Kind } from '#shared/datastore/kind.ts';
import type { Shape } from '#shared/datastore/query.ts';
import { EVENT, INSTANCE, OPERATION, PRICE_PERIOD } from '#shared/datastore/rows.ts';
import { Store } from '#shared/datastore/store.ts';
import { put, ref, type Row } from '#shared/datastore/write.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { Compute, type ComputeOptions } from '#shared/gce/compute.ts';
import { Disks } from '#shared/gce/disks.ts';
import type { SweepTools } from '#shared/workers/sweep-tools.ts';
import { type OperationMessage, Publisher } from '#shared/pubsub/publisher.ts';
import { computeCloud, PROJECT } from './compute-cloud.ts';
import { seededRandom } from './seeded-random.ts';

export const OUR_LABEL = { 'compute-api': 'test' };

export interface CloudAndRecordsOptions extends Partial<ComputeEmulatorOptions> {
  /** Receives the messages published; there is no Pub/Sub topic. */
  readonly publish?: (messages: readonly OperationMessage[]) => void;
  /** Creates the adapter to Compute Engine, for tests that wrap or replace methods of the real one. */
  readonly computeOf?: (options: ComputeOptions) => Compute;
  /**
   * Default: a clock that only the test moves. Pass a running clock if operations of Compute Engine are to end by
   * themselves.
   */
  readonly clock?: ShiftableClock;
  /** What Datastore has at the beginning; default: it answers every query without them. */
  readonly compositeIndexes?: readonly CompositeIndex[];
}

/** Returns a clock that only the test moves, so that ages and times are exact however slow the machine is. */
export function standingClock(): ShiftableClock {
  return new ShiftableClock(0, () => START_MS);
}

const START_MS = 1_780_000_000_000;

/** An entry that the code under test logged. */
export interface LogLine {
  readonly severity: 'info' | 'warn' | 'error' | 'critical';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Starts emulators of Compute Engine and Datastore with one clock, each behind the project's real adapter, and builds
 * the tools of workers and the sweep on them. Sleeps return at once. Everything is closed when the test ends.
 */
export async function cloudAndRecords(options: CloudAndRecordsOptions = {}) {
  const {
    publish = () => undefined,
    computeOf = (given: ComputeOptions) => new Compute(given),
    clock = standingClock(),
    compositeIndexes,
    ...emulator
  } = options;
  const cloud = await computeCloud(emulator, clock);
  const storeFaults = new Faults();
  const datastore = new DatastoreEmulator({
    clock: new ShiftableClock(),
    faults: storeFaults,
    ...(compositeIndexes === undefined ? {} : { compositeIndexes }),
  });
  await datastore.start();
  const random = seededRandom(1);
  const sleep = () => Promise.resolve();
  const store = new Store({
    project: PROJECT,
    database: '',
    emulatorHost: datastore.address,
    random: () => random.fraction(),
    sleep,
  });
  const compute = computeOf({ project: PROJECT, deployment: 'test', emulatorHost: cloud.emulator.address });
  const publisher = new Publisher({ project: PROJECT, topic: 'operations', emulatorHost: '127.0.0.1:9' });
  publisher.publish = async (messages) => publish(messages);
  onTestFinished(async () => {
    await Promise.all([store.close(), compute.close(), disks.close(), publisher.close()]);
    await datastore.stop();
  });
  const logged: LogLine[] = [];
  const write =
    (severity: LogLine['severity']) =>
    (message: string, fields: LogLine['fields'] = {}) =>
      void logged.push({ severity, message, fields });
  const log = { info: write('info'), warn: write('warn'), error: write('error'), critical: write('critical') };
  const nowMs = () => cloud.clock.nowMs();
  const disks = new Disks({ project: PROJECT, deployment: 'test', emulatorHost: cloud.emulator.address });
  const tools: SweepTools = { store, compute, disks, publisher, log, nowMs, sleep, random };

  const all = async <T>(kind: Kind<T>): Promise<readonly Row<T>[]> => {
    const shape: Shape<T> = { kind, equal: [], order: [{ property: '__key__', direction: 'asc' }] };
    return (await store.query(shape, {}, { limit: 1_000 })).rows;
  };
  return {
    cloud,
    store,
    datastore,
    datastoreAddress: datastore.address,
    storeFaults,
    compute,
    disks,
    tools,
    logged,
    all,
    put: (...instances: readonly Instance[]) =>
      store.write(instances.map((instance) => put(INSTANCE, instance.id, instance))),
    instance: async (id: string) => (await store.get(ref(INSTANCE, id)))?.value,
    operation: async (id: string) => (await store.get(ref(OPERATION, id)))?.value,
    orphan: async (name: string) => (await store.get(ref(ORPHAN, name)))?.value,
    events: async (instanceId: string) =>
      (await all(EVENT)).map(({ value }) => value).filter((event) => event.instanceId === instanceId),
    periods: async (instanceId: string) =>
      (await all(PRICE_PERIOD)).map(({ value }) => value).filter((period) => period.instanceId === instanceId),
    job: async (id: string) => (await store.get(ref(JOB_STATE, id)))?.value,
  };
}
