import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';

/** The body of a push request. */
export interface PushEnvelope {
  readonly message: {
    readonly data?: string;
    readonly attributes?: Readonly<Record<string, string>>;
    readonly messageId: string;
    readonly message_id: string;
    readonly publishTime: string;
    readonly publish_time: string;
    readonly orderingKey?: string;
  };
  readonly subscription: string;
  readonly deliveryAttempt?: number;
}

export interface ReceivedPush {
  readonly envelope: PushEnvelope;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly receivedMs: number;
}

export interface PushEndpointOptions {
  readonly nowMs: () => number;
  /** Returns the status of the reply; a promise delays the reply. */
  readonly reply: (push: ReceivedPush, pushes: readonly ReceivedPush[]) => number | Promise<number>;
}

/** An HTTP endpoint that records pushes of Pub/Sub and replies as the test decides. */
export class PushEndpoint {
  readonly received: ReceivedPush[] = [];
  readonly #server: Server;
  readonly #waiters = new Set<() => void>();

  constructor({ nowMs, reply }: PushEndpointOptions) {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        // The cast is unchecked: only the emulator under test posts here, and tests check the members that they read.
        const envelope = JSON.parse(Buffer.concat(chunks).toString()) as PushEnvelope;
        const text = Buffer.from(envelope.message.data ?? '', 'base64').toString();
        const push = { envelope, headers: request.headers, text, receivedMs: nowMs() };
        this.received.push(push);
        Promise.resolve(reply(push, this.received)).then(
          (status) => response.writeHead(status).end(),
          () => response.destroy(),
        );
        for (const check of this.#waiters) check();
      });
    });
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The endpoint does not listen.');
    return `http://127.0.0.1:${address.port}/push`;
  }

  get texts(): readonly string[] {
    return this.received.map(({ text }) => text);
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  /** Resolves with all pushes so far once at least `count` have arrived. */
  waitFor(count: number): Promise<readonly ReceivedPush[]> {
    const { promise, resolve } = Promise.withResolvers<readonly ReceivedPush[]>();
    const check = (): void => {
      if (this.received.length < count) return;
      this.#waiters.delete(check);
      resolve(this.received);
    };
    this.#waiters.add(check);
    check();
    return promise;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}
