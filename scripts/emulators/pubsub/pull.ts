import type { Clock } from '../clock.ts';
import type { Channel } from './broker.ts';
import type { Consumer, Handed } from './delivery-queue.ts';

/** How long a pull waits for its first message; clients then pull again. */
const WAIT_MS_MAX = 20_000;

export interface PullOptions {
  readonly channel: Channel;
  readonly clock: Clock;
  readonly messagesMax: number;
  readonly returnImmediately: boolean;
  readonly cancelled: AbortSignal;
}

/** Returns the available messages; if there are none, waits for the first. */
export async function pull(options: PullOptions): Promise<readonly Handed[]> {
  const { queue, closed } = options.channel;
  const waiter = new PullWaiter(queue.ackDeadlineMs, options.messagesMax);
  const finish = (): void => waiter.finish();
  const cancelWait = options.clock.at(options.clock.nowMs() + WAIT_MS_MAX, finish);
  const ended = AbortSignal.any([closed, options.cancelled]);
  ended.addEventListener('abort', finish, { once: true });
  queue.attach(waiter);
  // The queue hands out messages in the next iteration of the event loop, so this runs directly after it.
  if (options.returnImmediately) setImmediate(finish);
  const received = await waiter.done;
  queue.detach(waiter);
  cancelWait();
  ended.removeEventListener('abort', finish);
  return received;
}

class PullWaiter implements Consumer {
  readonly leaseMs: number;
  readonly done: Promise<readonly Handed[]>;
  readonly #messagesMax: number;
  readonly #received: Handed[] = [];
  readonly #resolve: (received: readonly Handed[]) => void;
  #finished = false;

  constructor(leaseMs: number, messagesMax: number) {
    this.leaseMs = leaseMs;
    this.#messagesMax = messagesMax;
    const { promise, resolve } = Promise.withResolvers<readonly Handed[]>();
    this.done = promise;
    this.#resolve = resolve;
  }

  hasRoom(): boolean {
    return !this.#finished && this.#received.length < this.#messagesMax;
  }

  deliver(handed: Handed): void {
    if (this.#received.length === 0) setImmediate(() => this.finish());
    this.#received.push(handed);
  }

  /** Nothing to do: a pull has no window that would open again. */
  released(): void {
    return;
  }

  finish(): void {
    this.#finished = true;
    this.#resolve(this.#received);
  }
}
