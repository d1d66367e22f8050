import { v1 } from '@google-cloud/pubsub';
import type { Catalog } from '#shared/catalog/catalog.ts';
import { connection } from '#shared/datastore/connection.ts';
import type { Clock } from '#scripts/emulators/clock.ts';
import type { Connection } from '../state/connection.ts';
import { ComputeEmulator } from '#scripts/emulators/compute/compute-emulator.ts';
import type { DatastoreEmulatorOptions } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import type { Emulator } from '#scripts/emulators/emulator.ts';
import { PubSubEmulator } from '#scripts/emulators/pubsub/pubsub-emulator.ts';
import type { DatastoreLists } from '#scripts/generate/infra-lists.ts';
import type { Faults } from '#scripts/emulators/faults.ts';
import { LOCAL_PROJECT } from '../functions/function-environment.ts';
import { GoogleEmulator } from './google-emulator.ts';
import { LogSink } from './log-sink.ts';
import type { PublishRaw } from './log-sink.ts';
import type { LocalOptions } from '../options.ts';
import { freePort, portOf, reusablePort } from '../state/ports.ts';
import { topicName } from './queues.ts';
import { networksOf } from '../state/catalog-networks.ts';
import { stateFile } from '../state/state-folder.ts';
import catalog from '../catalog.json' with { type: 'json' };

/** Writes of one entity that are accepted at once if `--entity-writes-per-second` is given. */
const ENTITY_WRITES_BURST = 5;

export interface CloudServicesOptions {
  readonly local: Pick<
    LocalOptions,
    'stateFolder' | 'emulators' | 'bootSeconds' | 'stopSeconds' | 'entityWritesPerSecond' | 'computeReadsPerSecond'
  >;
  /** Indexes and TTL policies that Terraform creates in the database. */
  readonly database: DatastoreLists;
  readonly clock: Clock;
  readonly faults: Faults;
  /** Addresses of the last run, to be used again if they are free. */
  readonly last: Connection['emulators'] | undefined;
  readonly onTrouble: (message: string) => void;
}

/**
 * The emulators, embedded or Google's, and the log sink from Compute Engine to Pub/Sub. Compute Engine's emulator is
 * always the embedded one.
 */
export class CloudServices {
  readonly compute: ComputeEmulator;
  readonly #datastore: Emulator;
  readonly #pubsub: PubSubEmulator | GoogleEmulator;
  readonly #logSink: LogSink;
  #publisher: v1.PublisherClient | undefined;

  private constructor(datastore: Emulator, pubsub: PubSubEmulator | GoogleEmulator, others: Others) {
    this.#datastore = datastore;
    this.#pubsub = pubsub;
    this.compute = others.compute;
    this.#logSink = others.logSink;
  }

  /** Starts all emulators in parallel; if one fails, the others are stopped. */
  static async start(options: CloudServicesOptions): Promise<CloudServices> {
    const { local, database, clock, faults, last, onTrouble } = options;
    const { stateFolder } = local;
    const choosePort = local.emulators === 'google' ? freePort : reusablePort;
    const [datastorePort, pubsubPort, computePort] = await Promise.all([
      choosePort(portOf(last?.datastore)),
      choosePort(portOf(last?.pubsub)),
      reusablePort(portOf(last?.compute)),
    ]);
    const logSink = new LogSink(onTrouble);
    const compute = new ComputeEmulator({
      port: computePort,
      stateFile: stateFile(stateFolder, 'compute'),
      clock,
      faults,
      bootSeconds: local.bootSeconds,
      stopSeconds: local.stopSeconds,
      ...(local.computeReadsPerSecond === undefined ? {} : { readsPerSecond: local.computeReadsPerSecond }),
      networks: networksOf(catalog satisfies Catalog),
      onAudit: logSink.take,
    });
    const services =
      local.emulators === 'google'
        ? new CloudServices(new GoogleEmulator('datastore', datastorePort), new GoogleEmulator('pubsub', pubsubPort), {
            compute,
            logSink,
          })
        : new CloudServices(
            new DatastoreEmulator({
              port: datastorePort,
              stateFile: stateFile(stateFolder, 'datastore'),
              clock,
              faults,
              ...databaseOptions(database, local.entityWritesPerSecond),
            }),
            new PubSubEmulator({ port: pubsubPort, stateFile: stateFile(stateFolder, 'pubsub'), clock, faults }),
            { compute, logSink },
          );
    await services.#startAll();
    return services;
  }

  /** The embedded Datastore; `undefined` if Google's emulator is used. */
  get embeddedDatastore(): DatastoreEmulator | undefined {
    return this.#datastore instanceof DatastoreEmulator ? this.#datastore : undefined;
  }

  get addresses(): Connection['emulators'] {
    return {
      datastore: this.#datastore.address,
      pubsub: this.#pubsub.address,
      compute: this.compute.address,
    };
  }

  /** Starts publishing audit entries; must be called once the topics exist. */
  openLogSink(): void {
    this.#logSink.open(this.#publishRaw());
  }

  async stop(): Promise<void> {
    await Promise.allSettled([
      this.compute.stop(),
      this.#pubsub.stop(),
      this.#datastore.stop(),
      this.#publisher?.close(),
    ]);
  }

  async #startAll(): Promise<void> {
    const started = await Promise.allSettled([this.#datastore.start(), this.#pubsub.start(), this.compute.start()]);
    const failed = started.find((outcome) => outcome.status === 'rejected');
    if (failed === undefined) return;
    await this.stop();
    throw failed.reason;
  }

  #publishRaw(): PublishRaw {
    const pubsub = this.#pubsub;
    if (pubsub instanceof PubSubEmulator) {
      return (topic, data) => pubsub.publish(topicName(LOCAL_PROJECT, topic), data);
    }
    const publisher = new v1.PublisherClient(connection(pubsub.address));
    this.#publisher = publisher;
    return async (topic, data) => {
      await publisher.publish({ topic: topicName(LOCAL_PROJECT, topic), messages: [{ data }] });
    };
  }
}

/**
 * Returns the options of a database like the one that Terraform creates, so that a query without its index fails here
 * too.
 */
function databaseOptions(
  { indexes, expiringKinds, expiryProperty }: DatastoreLists,
  writesPerSecond: number | undefined,
): Pick<DatastoreEmulatorOptions, 'compositeIndexes' | 'contention' | 'ttl'> {
  return {
    compositeIndexes: indexes,
    ttl: { kinds: expiringKinds, property: expiryProperty },
    ...(writesPerSecond === undefined ? {} : { contention: { writesPerSecond, burst: ENTITY_WRITES_BURST } }),
  };
}

interface Others {
  readonly compute: ComputeEmulator;
  readonly logSink: LogSink;
}
