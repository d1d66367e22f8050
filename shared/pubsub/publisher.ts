import { v1 } from '@google-cloud/pubsub';
import { Batcher } from '#shared/concurrency/batcher.ts';
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

/** Pub/Sub's own limit for one request: https://cloud.google.com/pubsub/quotas#resource_limits */
const MESSAGES_MAX = 1_000;

/** What a publisher shares with the ones behind gates that were made of it. */
interface Shared {
  readonly client: v1.PublisherClient;
  /** By ordering key: what requests publish in one tick goes out as one call, and succeeds or fails as one. */
  readonly lanes: Batcher<readonly OperationMessage[], void>;
  readonly gate: Gate;
}

/** Publishes operations with Google's generated client, ordered per instance and in several lanes per customer. */
export class Publisher implements Guarded {
  readonly #options: PublisherOptions;
  readonly #shared: Shared;

  constructor(options: PublisherOptions, shared: Shared = sharedOf(options)) {
    this.#options = options;
    this.#shared = shared;
  }

  /**
   * Returns the same publisher for one request: nothing is published before the gate opens, and nothing if it stays
   * closed.
   */
  behind(gate: Gate): Publisher {
    return new Publisher(this.#options, { ...this.#shared, gate });
  }

  async connect(): Promise<void> {
    await connect(this.#shared.client, this.#options.emulatorHost);
  }

  async close(): Promise<void> {
    await this.#shared.client.close();
  }

  /**
   * Publishes messages; resolves once Pub/Sub has accepted them. The ids are in data and attributes, because not every
   * transport keeps both. One request can contain messages of only one ordering key:
   * https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1#pubsubmessage
   */
  async publish(messages: readonly OperationMessage[]): Promise<void> {
    if (messages.length === 0) return;
    await this.#shared.gate.opened();
    const lanes = Map.groupBy(messages, orderingKey);
    await Promise.all([...lanes].map(([key, lane]) => this.#shared.lanes.ask(key, lane)));
  }
}

function sharedOf(options: PublisherOptions): Shared {
  const client = new v1.PublisherClient(connection(options.emulatorHost));
  const lanes = new Batcher<readonly OperationMessage[], void>(async (asked) => {
    const messages = asked.flat();
    for (let at = 0; at < messages.length; at += MESSAGES_MAX) {
      await publishLane(messages.slice(at, at + MESSAGES_MAX), client, options);
    }
    return () => undefined;
  });
  return { client, lanes, gate: OPEN_GATE };
}

/** Messages of one ordering key. */
async function publishLane(
  messages: readonly OperationMessage[],
  client: v1.PublisherClient,
  { project, topic }: PublisherOptions,
): Promise<void> {
  await client.publish(
    {
      topic: `projects/${project}/topics/${topic}`,
      messages: messages.map((message) => {
        const names = { operationId: message.operationId, instanceId: message.instanceId };
        return { data: Buffer.from(JSON.stringify(names)), attributes: names, orderingKey: orderingKey(message) };
      }),
    },
    // One try: a repeat would come from us anyway, and a message may come twice but must not come late.
    { timeout: PUBLISH_TIMEOUT_MS, maxRetries: 0 },
  );
}
