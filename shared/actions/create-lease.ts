import { IDEMPOTENCY, type IdempotencyRecord } from '#shared/datastore/bookkeeping-rows.ts';
import { OPERATION } from '#shared/datastore/rows.ts';
import { ref, replace, type Write } from '#shared/datastore/write.ts';
import type { IdempotencyKey } from '#shared/domain/idempotency-key.ts';
import { isLeased, LEASE_MS } from '#shared/domain/lease.ts';
import type { Operation } from '#shared/domain/operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { type CreateRequest, readOwn } from './accept-create.ts';

/**
 * A call to Compute Engine times out after 8 s. If the lease has less time left than this, it is renewed before the
 * call.
 */
const CALL_MS = 9_000;

/**
 * The lease of a create request on its operation and its idempotency record. While it lasts, the worker leaves the
 * operation alone and repeats of the request wait. The lease is short, so a crashed process blocks them only briefly; a
 * running request renews it.
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

  /** True if a renewal was attempted, so the rows may differ from those that the first commit wrote. */
  get wasRenewed(): boolean {
    return this.#renewed;
  }

  /**
   * Renews the lease if it ends too soon for one call to Compute Engine; to be called before each such call. Never
   * throws: without the lease the worker may make the same call, which has the same requestId and so has no second
   * effect.
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

/**
 * Takes a create away from its first request, whose lease has ended. That request may have died, or it may only be slow:
 * without the lease it can no longer undo the create that a repeat is answered with, and the worker decides the outcome.
 * Returns false if meanwhile the create was undone or its lease renewed.
 */
export async function takeOver(
  key: IdempotencyKey,
  { operationId }: Pick<IdempotencyRecord, 'operationId'>,
  { store, nowMs }: Pick<Tools, 'store' | 'nowMs'>,
): Promise<boolean> {
  return store.change(async () => {
    const [operation, record] = await store.getAll([ref(OPERATION, operationId), ref(IDEMPOTENCY, key.id)]);
    if (record?.value.operationId !== operationId) return { writes: [], result: false };
    if (record.value.leaseUntilMs === 0) return { writes: [], result: true };
    if (isLeased(record.value, nowMs())) return { writes: [], result: false };
    const writes: Write[] = [replace(record, { ...record.value, leaseUntilMs: 0 })];
    // Otherwise a worker has claimed the operation. The token decides, not the lease's end: a worker that failed before its
    // claim has ended the lease, and left the token with the request.
    if (operation?.value.state === 'running' && operation.value.leaseToken === operation.value.requestId)
      writes.push(replace(operation, { ...operation.value, leaseUntilMs: 0, leaseToken: '' }));
    return { writes, result: true };
  });
}
