import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';

/** What Envoy keeps of a body in order to send it again: its default `per_connection_buffer_limit_bytes`. */
const KEPT_BYTES_MAX = 1024 * 1024;

/** A request's body that flows on as it comes, and that can be sent again as long as it is small enough to be kept. */
export class RepeatableBody {
  readonly #incoming: IncomingMessage;
  readonly #bytesMax: number;
  readonly #onTooLarge: () => void;
  #kept: Buffer[] | undefined = [];
  #bytes = 0;
  #hasEnded = false;
  #isReading = false;
  #target: Writable | undefined;

  /** `onTooLarge`: more than `bytesMax` have come, whatever Content-Length said; nothing more is sent. */
  constructor(incoming: IncomingMessage, bytesMax: number, onTooLarge: () => void) {
    this.#incoming = incoming;
    this.#bytesMax = bytesMax;
    this.#onTooLarge = onTooLarge;
  }

  get isRepeatable(): boolean {
    return this.#kept !== undefined;
  }

  /** Sends what has come so far and what comes from now on, instead of to the target before. */
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
