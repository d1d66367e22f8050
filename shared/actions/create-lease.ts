import { replace, type Write } from '#shared/datastore/write.ts';
import { LEASE_MS } from '#shared/domain/lease.ts';
import type { Operation } from '#shared/domain/operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { type CreateRequest, readOwn } from './accept-create.ts';

/** A call to Compute Engine is given up after 8 s; with less left, the lease is renewed before the call. */
const CALL_MS = 9_000;

/**
 * The lease of a create request on its operation and its idempotency record: the worker leaves the operation alone, and a
 * repeat of the request waits for the answer. Short, so that a process that dies blocks neither for long; renewed while
 * the request lives.
 */
export class CreateLease {
  readonly #request: CreateRequest;
  readonly #operationId: string;
  readonly #tools: Pick<Tools, 'store' | 'nowMs' | 'log'>;
  #untilMs: number;
  #renewed = false;

  constructor(request: CreateRequest, operation: Operation, tools: Pick<Tools, 'store' | 'nowMs' | 'log'>) {
    this.#request = request;
    this.#operationId = operation.id;
    this.#tools = tools;
    this.#untilMs = operation.leaseUntilMs;
  }

  /** The rows are not as the request's first commit left them. */
  get wasRenewed(): boolean {
    return this.#renewed;
  }

  /**
   * To be called before a call to Compute Engine. Never throws: a lease that was lost, or that the store does not renew,
   * lets the worker make the same call, which changes nothing.
   */
  async keep(): Promise<void> {
    const { nowMs, log } = this.#tools;
    if (this.#untilMs - nowMs() >= CALL_MS) return;
    const untilMs = nowMs() + LEASE_MS;
    this.#renewed = true;
    try {
      await this.#renew(untilMs);
      this.#untilMs = untilMs;
    } catch (thrown) {
      log.warn('the lease of a create was not renewed', { operationId: this.#operationId, cause: thrown });
    }
  }

  async #renew(untilMs: number): Promise<void> {
    const { store } = this.#tools;
    await store.change(async () => {
      const [operation, record] = await readOwn(this.#request, this.#operationId, store);
      if (operation?.value.state !== 'running' || operation.value.leaseToken !== this.#request.requestId)
        return { writes: [], result: undefined };
      const writes: Write[] = [replace(operation, { ...operation.value, leaseUntilMs: untilMs })];
      if (record !== undefined) writes.push(replace(record, { ...record.value, leaseUntilMs: untilMs }));
      return { writes, result: undefined };
    });
  }
}
