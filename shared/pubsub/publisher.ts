import { v1 } from '@google-cloud/pubsub';
import { connect, connection } from '#shared/datastore/connection.ts';

/** What the worker is sent: only names, because the truth is in the rows. */
export interface OperationMessage {
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

/** Publishes operations, ordered per instance, by Google's generated client. */
export class Publisher {
  readonly #client: v1.PublisherClient;
  readonly #emulatorHost: string | undefined;
  readonly #topic: string;

  constructor(options: PublisherOptions) {
    this.#client = new v1.PublisherClient(connection(options.emulatorHost));
    this.#emulatorHost = options.emulatorHost;
    this.#topic = `projects/${options.project}/topics/${options.topic}`;
  }

  async connect(): Promise<void> {
    await connect(this.#client, this.#emulatorHost);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  /**
   * Resolves when Pub/Sub has the messages. The instance is in the data as well as in the ordering key, because not
   * every transport keeps the key.
   */
  async publish(messages: readonly OperationMessage[]): Promise<void> {
    if (messages.length === 0) return;
    await this.#client.publish(
      {
        topic: this.#topic,
        messages: messages.map((message) => ({
          data: Buffer.from(JSON.stringify(message)),
          attributes: { operationId: message.operationId, instanceId: message.instanceId },
          orderingKey: message.instanceId,
        })),
      },
      // One try: a repeat would come from us anyway, and a message may come twice but must not come late.
      { timeout: PUBLISH_TIMEOUT_MS, maxRetries: 0 },
    );
  }
}
