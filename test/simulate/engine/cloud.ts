import { ComputeEmulator } from '#scripts/emulators/compute/compute-emulator.ts';
import type { AuditEntry } from '#scripts/emulators/compute/audit-entry.ts';
import { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { Faults } from '#scripts/emulators/faults.ts';
import { PubSubEmulator } from '#scripts/emulators/pubsub/pubsub-emulator.ts';
import type { FunctionManifest } from '#scripts/generate/function-manifest.ts';
import catalog from '#scripts/local/catalog.json' with { type: 'json' };
import { LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { LogSink } from '#scripts/local/services/log-sink.ts';
import { createQueues, topicName } from '#scripts/local/services/queues.ts';
import { networksOf } from '#scripts/local/state/catalog-networks.ts';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import type { Catalog } from '#shared/catalog/catalog.ts';
import { COMPOSITE_INDEXES } from '#shared/datastore/indexes.ts';
import { Store } from '#shared/datastore/store.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { Deployment } from './deployment.ts';
import { carryGrpc } from './grpc-carrier.ts';
import { carryHttp } from './http-carrier.ts';
import { loadFunctions } from './load-functions.ts';
import { Network } from './network.ts';
import { people, type Person, type PersonName } from './people.ts';
import { seedProcessRandom } from './process-random.ts';
import { shareProtos } from '#test/support/share-protos.ts';
import { VirtualTime, type VirtualTimeOptions } from './virtual-time.ts';
import { testAuditor } from '#test/support/test-auditor.ts';

const DAY_MS = 86_400_000;
/** Start of virtual time. Each world begins on a later day of its own. */
const EPOCH_MS = Date.parse('2026-01-01T00:00:00Z');

/** One world in so many is swept in slices. It takes longer to simulate, because every zone is asked for by itself. */
const SLICED_EACH = 10;
/** Slices so small, and runs so short, that a round takes several of both. */
const SMALL_SLICES = { SWEEP_SLICE_MACHINES: '2', SWEEP_SLICES_AT_ONCE: '2', SWEEP_RUN_SECONDS: '2' };

const BOOT_SECONDS = 8;
const STOP_SECONDS = 4;

export interface Ports {
  readonly datastore: string;
  readonly pubsub: string;
  readonly compute: string;
}

export interface SimulatedCloudOptions extends VirtualTimeOptions {
  readonly bootSeconds?: number;
  readonly stopSeconds?: number;
}

/** A world's parts that its history and the checks after it use. */
export interface World {
  readonly seed: number;
  readonly startedAtMs: number;
  readonly time: VirtualTime;
  readonly faults: Faults;
  readonly compute: ComputeEmulator;
  readonly pubsub: PubSubEmulator;
  readonly deployment: Deployment;
  /** Reads the records directly, not through the API; calls of this store meet no latency and no process end. */
  readonly store: Store;
  readonly persons: Readonly<Record<PersonName, Person>>;
  /** Every entry of the audit log so far. */
  readonly audit: readonly AuditEntry[];
  readonly publish: (topic: string, data: unknown) => void;
  /**
   * Ports of the emulators. A simulated program reaches each of them under any host name, which identifies the program.
   */
  readonly ports: Ports;
  readonly logLines: readonly string[];
  /** The sweep compares in slices of two VMs, as on a large platform, and two of its runs begin together. */
  readonly sweepsInSlices: boolean;
}

/**
 * The cloud in which worlds run one after the other: the embedded emulators and the shipped functions in this process,
 * with virtual time and a simulated network.
 */
export class SimulatedCloud {
  readonly time: VirtualTime;
  readonly #network: Network;
  readonly #faults = new Faults();
  readonly #compute: ComputeEmulator;
  readonly #datastore: DatastoreEmulator;
  readonly #pubsub: PubSubEmulator;
  readonly #manifest: FunctionManifest;
  #audit: AuditEntry[] = [];
  #logSink: LogSink;
  #deployment: Deployment | undefined;
  #store: Store | undefined;
  #worlds = 0;

  private constructor(manifest: FunctionManifest, options: SimulatedCloudOptions) {
    this.#manifest = manifest;
    this.time = new VirtualTime(EPOCH_MS, options);
    this.#network = new Network(this.time, seededRandom(0));
    const { time: clock } = this;
    const faults = this.#faults;
    this.#logSink = new LogSink(() => undefined);
    this.#compute = new ComputeEmulator({
      clock,
      faults,
      bootSeconds: options.bootSeconds ?? BOOT_SECONDS,
      stopSeconds: options.stopSeconds ?? STOP_SECONDS,
      networks: networksOf(catalog satisfies Catalog),
      onAudit: (entry) => {
        this.#audit.push(entry);
        this.#logSink.take(entry);
      },
    });
    this.#datastore = new DatastoreEmulator({ clock, faults, compositeIndexes: COMPOSITE_INDEXES });
    this.#pubsub = new PubSubEmulator({ clock, faults });
  }

  /**
   * Replaces this process's clock, timers, random numbers and network by simulated ones, and starts the emulators. Call
   * it once per process.
   */
  static async open(options: SimulatedCloudOptions = {}): Promise<SimulatedCloud> {
    const cloud = new SimulatedCloud(await loadFunctions(), options);
    carryGrpc(cloud.#network);
    carryHttp(cloud.#network, async ({ host, body }) => {
      const reply = await cloud.#deployment?.call(host, pushRequest(body));
      if (reply === undefined) throw new Error('The function did not answer.');
      return reply.status;
    });
    shareProtos();
    seedProcessRandom(0);
    cloud.time.install();
    await cloud.time.run(Promise.all([cloud.#compute.start(), cloud.#datastore.start(), cloud.#pubsub.start()]));
    return cloud;
  }

  get manifest(): FunctionManifest {
    return this.#manifest;
  }

  /** Ends the previous world and returns a new one that holds only the catalogue and the users. */
  async world(seed: number, { verbose }: { readonly verbose: boolean }): Promise<World> {
    await this.#endWorld();
    this.#worlds += 1;
    const startedAtMs = EPOCH_MS + this.#worlds * DAY_MS;
    this.time.restart(startedAtMs);
    seedProcessRandom(seed);
    this.#network.restart(seededRandom(seed + 0x5eed));
    this.#audit = [];
    this.#logSink = new LogSink(() => undefined);
    const sweepsInSlices = seed % SLICED_EACH === 0;
    const logLines: string[] = [];
    const ports = {
      datastore: portOf(this.#datastore.address),
      pubsub: portOf(this.#pubsub.address),
      compute: portOf(this.#compute.address),
    };
    const deployment = new Deployment({
      time: this.time,
      network: this.#network,
      ports,
      seed,
      onLogLine: (line) => logLines.push(line),
      logLevel: verbose ? 'info' : 'error',
      settings: sweepsInSlices ? SMALL_SLICES : {},
    });
    this.#deployment = deployment;
    this.#store ??= new Store({
      project: LOCAL_PROJECT,
      database: '',
      emulatorHost: `observer:${ports.datastore}`,
      random: () => 0,
      sleep: (ms) => this.time.sleep(ms),
    });
    const { persons, rows } = people(startedAtMs);
    await applyCatalog(this.#store, catalog, { auditor: testAuditor() });
    await this.#store.write(rows);
    await this.#createQueues();
    const publishRaw = (topic: string, data: Buffer): void =>
      this.#pubsub.publish(topicName(LOCAL_PROJECT, topic), data);
    this.#logSink.open(publishRaw);
    return {
      seed,
      startedAtMs,
      time: this.time,
      faults: this.#faults,
      compute: this.#compute,
      pubsub: this.#pubsub,
      deployment,
      store: this.#store,
      persons,
      audit: this.#audit,
      publish: (topic, data) => publishRaw(topic, Buffer.from(JSON.stringify(data))),
      ports,
      logLines,
      sweepsInSlices,
    };
  }

  /**
   * Recreates the topics and subscriptions: queued messages are lost, and each push window is as small as that of a new
   * subscription.
   */
  async renewQueues(): Promise<void> {
    await this.#pubsub.reset();
    await this.#createQueues();
  }

  #createQueues(): Promise<void> {
    return createQueues({
      project: LOCAL_PROJECT,
      emulatorHost: `observer:${portOf(this.#pubsub.address)}`,
      functions: this.#manifest.functions,
      topics: this.#manifest.topics.map(({ name }) => name),
      endpoint: (name) => `http://${name}/`,
    });
  }

  /** Abandons a world that does not end. Its code never completes, so the next world must not wait for it. */
  abandon(): void {
    this.#deployment = undefined;
    this.time.restart(this.time.nowMs());
  }

  /** Clears all state, so that nothing of the previous world reaches the next one. */
  async #endWorld(): Promise<void> {
    this.#faults.clear();
    await this.#deployment?.end();
    await Promise.all([this.#pubsub.reset(), this.#compute.reset(), this.#datastore.reset()]);
  }
}

function pushRequest(body: string) {
  return { method: 'POST', path: '/', query: '', headers: {}, peer: '', readBody: () => Promise.resolve(body) };
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}
