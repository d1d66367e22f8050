import { v1 } from '@google-cloud/pubsub';
import { type Gate, type Guarded, OPEN_GATE } from '#shared/concurrency/gate.ts';
import { connect, connection } from '#shared/datastore/connection.ts';
import { orderingKey } from './ordering-key.ts';

/** What the worker is sent: only names, because the truth is in the rows. */
export interface OperationMessage {
  /** Whose operation it is: decides in which lane the message waits. */
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

/** A publish that takes longer is as good as failed: the reconciler will publish again. */
const PUBLISH_TIMEOUT_MS = 4_000;

/** What a publisher shares with the ones behind gates that were made of it. */
interface Shared {
  readonly client: v1.PublisherClient;
  readonly gate: Gate;
}

/** Publishes operations, ordered per instance and in lanes per customer, by Google's generated client. */
export class Publisher implements Guarded {
  readonly #options: PublisherOptions;
  readonly #client: v1.PublisherClient;
  readonly #gate: Gate;

  constructor(options: PublisherOptions, shared: Shared = { client: clientOf(options), gate: OPEN_GATE }) {
    this.#options = options;
    this.#client = shared.client;
    this.#gate = shared.gate;
  }

  /** The same for one request: nothing is published before the gate opens, and nothing at all when the gate stays shut. */
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
   * Resolves when Pub/Sub has the messages. What they name is in data and attributes, because not every transport keeps
   * both. One request holds messages of one ordering key only:
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
      // One try: a repeat would come from us anyway, and a message may come twice but must not come late.
      { timeout: PUBLISH_TIMEOUT_MS, maxRetries: 0 },
    );
  }
}

function clientOf({ emulatorHost }: PublisherOptions): v1.PublisherClient {
  return new v1.PublisherClient(connection(emulatorHost));
}
