import type { Clock } from '../clock.ts';

/** The callers that wait for an operation to end. */
export class OperationWaiters {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Resolves when the operation has ended, the clock reaches `deadlineMs`, or `signal` is aborted. */
  async wait(name: string, clock: Clock, deadlineMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = () => resolve(undefined);
    const waiters = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiters.add(wake));
    const cancel = clock.at(deadlineMs, wake);
    signal.addEventListener('abort', wake, { once: true });
    try {
      await promise;
    } finally {
      cancel();
      signal.removeEventListener('abort', wake);
      waiters.delete(wake);
      if (waiters.size === 0) this.#waiting.delete(name);
    }
  }

  wake(name: string): void {
    for (const wake of this.#waiting.get(name) ?? []) wake();
  }

  wakeAll(): void {
    for (const name of this.#waiting.keys()) this.wake(name);
  }
}
