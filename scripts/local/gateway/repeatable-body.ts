import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';

/** Maximum size, in bytes, of a body that Envoy keeps for sending it again: its default `per_connection_buffer_limit_bytes`. */
const KEPT_BYTES_MAX = 1024 * 1024;

/** Streams a request's body, and can send it again while it is small enough to be kept. */
export class RepeatableBody {
  readonly #incoming: IncomingMessage;
  readonly #bytesMax: number;
  readonly #onTooLarge: () => void;
  #kept: Buffer[] | undefined = [];
  #bytes = 0;
  #hasEnded = false;
  #isReading = false;
  #target: Writable | undefined;

  /**
   * `onTooLarge` is called once more than `bytesMax` have arrived, whatever Content-Length said; nothing more is sent
   * then.
   */
  constructor(incoming: IncomingMessage, bytesMax: number, onTooLarge: () => void) {
    this.#incoming = incoming;
    this.#bytesMax = bytesMax;
    this.#onTooLarge = onTooLarge;
  }

  get isRepeatable(): boolean {
    return this.#kept !== undefined;
  }

  /** Sends the part that has arrived, and everything further, to this target instead of the former one. */
  sendTo(target: Writable): void {
    this.#target = target;
    for (const chunk of this.#kept ?? []) target.write(chunk);
    if (this.#hasEnded) target.end();
    else if (this.#isReading) this.#incoming.resume();
    else this.#read();
  }

  #read(): void {
    this.#isReading = true;
    this.#incoming.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#incoming.once('end', () => {
      this.#hasEnded = true;
      this.#target?.end();
    });
  }

  #take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#bytesMax) {
      this.#target = undefined;
      this.#onTooLarge();
      return;
    }
    if (this.#bytes > KEPT_BYTES_MAX) this.#kept = undefined;
    this.#kept?.push(chunk);
    const target = this.#target;
    if (target === undefined || target.write(chunk)) return;
    this.#incoming.pause();
    target.once('drain', () => {
      if (this.#target === target) this.#incoming.resume();
    });
  }
}
