import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref, replace, type Row, rowAfter, type Write } from '#shared/datastore/write.ts';
import { isLeased, LEASE_MS } from '#shared/domain/lease.ts';
import { isFinal, type Operation } from '#shared/domain/operation.ts';
import type { Held } from '#shared/lifecycle/settle-operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** A call to Compute Engine and the commit after it fit into this; with less left, the lease is renewed before the call. */
const CALL_MS = 9_000;

/** Another worker has taken the operation over, and goes on with it. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

type LeaseTools = Pick<Tools, 'store' | 'nowMs'>;

/**
 * The rows of an operation and its instance, and the lease under which one delivery works on them. Every write renews the
 * lease.
 */
export class OperationLease {
  #held: Held;
  readonly #tools: LeaseTools;
  /** Tells the holder of the lease from one that lost it. */
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

  /** The delivery still holds the lease, as far as its last read or write says. */
  get isOurs(): boolean {
    return this.#holds(this.operation);
  }

  /** Takes the lease and writes the operation. False when another delivery was faster. */
  claim(next: Operation): Promise<boolean> {
    return this.write({ ...next, leaseToken: this.#token });
  }

  /** To be called before a call to Compute Engine. Throws LeaseLost. */
  async keep(): Promise<void> {
    if (!this.isOurs || this.operation.leaseUntilMs - this.#tools.nowMs() >= CALL_MS) return;
    await this.reread();
    if (!this.#holds(this.operation) || !(await this.write(this.operation))) throw new LeaseLost();
  }

  /** Writes the operation on condition that the row is still the known one. False when the lease was lost. */
  async write(changed: Operation): Promise<boolean> {
    const { store } = this.#tools;
    const next = this.#renewed(changed);
    const { operation, instance } = this.#held;
    let known: Row<Operation> | undefined = operation;
    const written = await store.change<Row<Operation> | boolean>(async () => {
      const current = known ?? (await store.get(operation));
      known = undefined;
      if (current === undefined) return { writes: [], result: false };
      // The row may be our own write, whose answer was lost.
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

  /** Writes the operation and more rows in one commit. Throws Conflict when one of them has changed. */
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

  /** Ends the lease, or the attempt to take it. Changes nothing when another worker is at work or the operation has ended. */
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
