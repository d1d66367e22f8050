import { promisify } from 'node:util';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Clock } from '../clock.ts';
import type { Emulator, Log } from '../emulator.ts';
import type { Faults } from '../faults.ts';
import { Broker } from './broker.ts';
import { Journal } from './journal.ts';
import { PUBLISH_BYTES_MAX } from './publish-limits.ts';
import { publisherService } from './publisher-service.ts';
import { Registry } from './registry.ts';
import { loadPubSubServices } from './service-definitions.ts';
import { subscriberService } from './subscriber-service.ts';
import { unaryHandlers } from './unary.ts';

export interface PubSubEmulatorOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** SQLite file; without it, no state outlives the process. */
  readonly stateFile?: string;
  /** The clock for publish times, leases, back-offs and retention. */
  readonly clock: Clock;
  readonly faults: Faults;
  readonly log?: Log;
  /** Told of every publish request: the size of its messages in bytes; used by measurements. */
  readonly onPublished?: (bytes: number) => void;
}

/**
 * Pub/Sub v1 over gRPC, for Google's own clients: topics, subscriptions, publish, push, pull and streaming pull with
 * redelivery, back-off, ordering keys, filters and dead letters.
 */
export class PubSubEmulator implements Emulator {
  readonly name = 'pubsub';
  readonly #options: PubSubEmulatorOptions;
  #running: Running | undefined;

  constructor(options: PubSubEmulatorOptions) {
    this.#options = options;
  }

  get address(): string {
    return `127.0.0.1:${this.#required().port}`;
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) throw new Error('The Pub/Sub emulator is running already.');
    const { clock, faults, log = () => undefined, port = 0, stateFile, onPublished } = this.#options;
    const journal = new Journal(stateFile);
    const registry = new Registry(journal);
    const broker = new Broker({ clock, faults, journal, registry, log });
    const unary = unaryHandlers({ faults, log });
    const services = loadPubSubServices();
    // Production itself refuses more than 10 MB, with its own text; grpc-js would by default refuse 4 MB with another
    // status.
    const server = new Server({ 'grpc.max_receive_message_length': 2 * PUBLISH_BYTES_MAX });
    server.addService(services.publisher, publisherService({ registry, broker, unary, onPublished }));
    server.addService(services.subscriber, subscriberService({ registry, broker, unary, clock, faults, log }));
    restore({ journal, registry, broker });
    try {
      const bind = promisify(server.bindAsync.bind(server));
      const boundPort = await bind(`127.0.0.1:${port}`, ServerCredentials.createInsecure());
      this.#running = { server, journal, registry, broker, port: boundPort };
    } catch (thrown) {
      broker.closeAll();
      journal.close();
      throw thrown;
    }
  }

  async reset(): Promise<void> {
    const { broker, journal, registry } = this.#required();
    broker.closeAll();
    journal.clear();
    registry.clear();
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    running.broker.closeAll();
    running.server.forceShutdown();
    running.journal.close();
  }

  /** Publishes without gRPC, as Google's own services do, so that no fault meant for the project's code is used up. */
  publish(topic: string, data: Buffer): void {
    this.#required().broker.publish(topic, [{ data, attributes: {}, orderingKey: '' }]);
  }

  /** Returns the number of unacknowledged messages of all subscriptions. */
  backlog(): number {
    return this.#required().broker.backlog();
  }

  /** Returns the number of push requests that wait for their endpoint's reply. */
  pushesInFlight(): number {
    return this.#required().broker.pushesInFlight();
  }

  /** Whether every message is acknowledged and no push request, including duplicates, waits for a reply. */
  idle(): boolean {
    return this.backlog() === 0 && this.pushesInFlight() === 0;
  }

  #required(): Running {
    if (this.#running === undefined) throw new Error('The Pub/Sub emulator is not running.');
    return this.#running;
  }
}

interface Running {
  readonly server: Server;
  readonly journal: Journal;
  readonly registry: Registry;
  readonly broker: Broker;
  readonly port: number;
}

function restore({ journal, registry, broker }: Omit<Running, 'server' | 'port'>): void {
  const { topics, subscriptions, unacked } = journal.load();
  registry.load(topics, subscriptions);
  for (const subscription of subscriptions) broker.open(subscription);
  for (const message of unacked) broker.redeliver(message);
}
