import { v1 } from '@google-cloud/pubsub';
import { type Gate, type Guarded, OPEN_GATE } from '#shared/concurrency/gate.ts';
import { connect, connection } from '#shared/datastore/connection.ts';
import { orderingKey } from './ordering-key.ts';

/** A message to the worker. It contains only ids, because the rows are authoritative. */
export interface OperationMessage {
  /** The operation's customer, which determines the message's ordering key. */
  readonly customerId: string;
  readonly operationId: string;
  readonly instanceId: string;
}

export interface PublisherOptions {
  readonly project: string;
  /** Id of the topic, without project. */
  readonly topic: string;
  readonly emulatorHost: string | undefined;
}

/** Timeout of a publish; after a timeout the reconciler publishes the operation again. */
const PUBLISH_TIMEOUT_MS = 4_000;

/** What a publisher and its copies behind gates share. */
interface Shared {
  readonly client: v1.PublisherClient;
  readonly gate: Gate;
}

/** Publishes operations with Google's generated client, ordered per instance and in several lanes per customer. */
export class Publisher implements Guarded {
  readonly #options: PublisherOptions;
  readonly #client: v1.PublisherClient;
  readonly #gate: Gate;

  constructor(options: PublisherOptions, shared: Shared = { client: clientOf(options), gate: OPEN_GATE }) {
    this.#options = options;
    this.#client = shared.client;
    this.#gate = shared.gate;
  }

  /**
   * Returns the same publisher for one request: nothing is published before the gate opens, and nothing if it stays
   * closed.
   */
  behind(gate: Gate): Publisher {
    return new Publisher(this.#options, { client: this.#client, gate });
  }

  async connect(): Promise<void> {
    await connect(this.#client, this.#options.emulatorHost);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  /**
   * Publishes messages; resolves once Pub/Sub has accepted them. The ids are in data and attributes, because not every
   * transport keeps both. One request can contain messages of only one ordering key:
   * https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1#pubsubmessage
   */
  async publish(messages: readonly OperationMessage[]): Promise<void> {
    if (messages.length === 0) return;
    await this.#gate.opened();
    const lanes = Map.groupBy(messages, orderingKey);
    await Promise.all([...lanes].map(([key, lane]) => this.#publishLane(key, lane)));
  }

  async #publishLane(key: string, messages: readonly OperationMessage[]): Promise<void> {
    const { project, topic } = this.#options;
    await this.#client.publish(
      {
        topic: `projects/${project}/topics/${topic}`,
        messages: messages.map(({ operationId, instanceId }) => {
          const names = { operationId, instanceId };
          return { data: Buffer.from(JSON.stringify(names)), attributes: names, orderingKey: key };
        }),
      },
      // Without the client's retries: the reconciler publishes again, and a late duplicate would be worse than an early
      // one.
      { timeout: PUBLISH_TIMEOUT_MS, maxRetries: 0 },
    );
  }
}

function clientOf({ emulatorHost }: PublisherOptions): v1.PublisherClient {
  return new v1.PublisherClient(connection(emulatorHost));
}
