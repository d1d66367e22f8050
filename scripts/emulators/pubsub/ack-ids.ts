import { invalidArgument } from './status-error.ts';

const ACK_ID = /^(\d+):(\d+):(.+)$/;

export interface ParsedAckId {
  readonly messageId: number;
  /** Number of the lease of this message, from 1. */
  readonly lease: number;
}

/**
 * Creates and parses the ack ids of one subscription. They are opaque to clients, and other subscriptions refuse them.
 */
export class AckIds {
  readonly #subscription: string;

  constructor(subscription: string) {
    this.#subscription = subscription;
  }

  format(messageId: number, lease: number): string {
    return Buffer.from(`${messageId}:${lease}:${this.#subscription}`).toString('base64url');
  }

  parseAll(ackIds: readonly string[]): readonly ParsedAckId[] {
    return ackIds.map((ackId) => this.#parse(ackId));
  }

  #parse(ackId: string): ParsedAckId {
    const [, messageId, lease, subscription] = ACK_ID.exec(Buffer.from(ackId, 'base64url').toString()) ?? [];
    if (subscription !== this.#subscription) {
      throw invalidArgument(
        `You have passed an ack ID that does not belong to the subscription (resource=${this.#subscription}).`,
      );
    }
    return { messageId: Number(messageId), lease: Number(lease) };
  }
}
