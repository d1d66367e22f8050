import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref, replace, type Row, rowAfter, type Write } from '#shared/datastore/write.ts';
import { isLeased, LEASE_MS } from '#shared/domain/lease.ts';
import { isFinal, type Operation } from '#shared/domain/operation.ts';
import type { Held } from '#shared/lifecycle/settle-operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/**
 * Enough time for a call to Compute Engine and the commit after it. If the lease has less left, it is renewed before
 * the call.
 */
const CALL_MS = 9_000;

/** Another worker has taken the lease and continues the operation. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

type LeaseTools = Pick<Tools, 'store' | 'nowMs'>;

/**
 * The lease of one delivery on an operation, with the rows of the operation and its instance. Every write renews the
 * lease.
 */
export class OperationLease {
  #held: Held;
  readonly #tools: LeaseTools;
  /** Stored with the operation; shows which delivery holds the lease. */
  readonly #token: string;

  constructor(held: Held, tools: LeaseTools, token: string) {
    this.#held = held;
    this.#tools = tools;
    this.#token = token;
  }

  get held(): Held {
    return this.#held;
  }

  get operation(): Operation {
    return this.#held.operation.value;
  }

  /** True if the delivery held the lease at its last read or write. */
  get isOurs(): boolean {
    return this.#holds(this.operation);
  }

  /** Takes the lease and writes the operation. Returns false when another delivery was faster. */
  claim(next: Operation): Promise<boolean> {
    return this.write({ ...next, leaseToken: this.#token });
  }

  /**
   * Renews the lease if it ends too soon for a call to Compute Engine; to be called before each such call. Throws
   * LeaseLost, also when a delete has ended the operation.
   */
  async keep(): Promise<void> {
    if (!this.isOurs || this.operation.leaseUntilMs - this.#tools.nowMs() >= CALL_MS) return;
    await this.reread();
    const { operation } = this;
    if (!this.#holds(operation) || isFinal(operation.state) || !(await this.write(operation))) throw new LeaseLost();
  }

  /** Writes the operation if its row has not changed since it was read. Returns false when the lease was lost. */
  async write(changed: Operation): Promise<boolean> {
    const { store } = this.#tools;
    const next = this.#renewed(changed);
    const { operation, instance } = this.#held;
    let known: Row<Operation> | undefined = operation;
    const written = await store.change<Row<Operation> | boolean>(async () => {
      const current = known ?? (await store.get(operation));
      known = undefined;
      if (current === undefined) return { writes: [], result: false };
      // The row may have changed through this very write, whose response was lost.
      if (current.version !== operation.version)
        return { writes: [], result: current.value.leaseToken === this.#token && sameCall(current.value, next) };
      return {
        writes: [replace(current, next)],
        result: true,
        applied: (versionOf) => rowAfter(versionOf, current, next) ?? true,
      };
    });
    if (written === false) return false;
    if (written === true) await this.reread();
    else this.#held = { operation: written, instance };
    return this.isOurs;
  }

  /** Writes the operation and further rows in one commit. Throws Conflict when one of them has changed since it was read. */
  async writeWith(changed: Operation, writes: readonly Write[]): Promise<void> {
    const { operation, instance } = this.#held;
    const next = this.#renewed(changed);
    const versionOf = await this.#tools.store.commitOnce([replace(operation, next), ...writes]);
    const written = writes.length === 0 ? rowAfter(versionOf, operation, next) : undefined;
    if (written === undefined) await this.reread();
    else this.#held = { operation: written, instance };
  }

  async reread(): Promise<void> {
    const { operation, instance } = this.#held;
    const [newOperation, newInstance] = await this.#tools.store.getAll([
      operation,
      ref(INSTANCE, operation.value.instanceId),
    ]);
    this.#held = {
      operation: newOperation ?? operation,
      instance: newInstance ?? (newOperation === undefined ? instance : undefined),
    };
  }

  /**
   * Ends the lease and sets when the operation is due. Changes nothing when another worker holds the lease or the
   * operation has ended.
   */
  async release(changes: Pick<Operation, 'attempts' | 'dueAtMs'>): Promise<void> {
    const { store, nowMs } = this.#tools;
    await store.change(async () => {
      const current = await store.get(this.#held.operation);
      if (current === undefined || isFinal(current.value.state)) return { writes: [], result: undefined };
      if (current.value.leaseToken !== this.#token && isLeased(current.value, nowMs()))
        return { writes: [], result: undefined };
      return { writes: [replace(current, { ...current.value, ...changes, leaseUntilMs: 0 })], result: undefined };
    });
  }

  #holds({ leaseToken }: Operation): boolean {
    return leaseToken === this.#token;
  }

  #renewed(next: Operation): Operation {
    return { ...next, leaseUntilMs: this.#tools.nowMs() + LEASE_MS };
  }
}

function sameCall(a: Operation, b: Operation): boolean {
  return a.call?.requestId === b.call?.requestId && a.callCount === b.callCount;
}
