import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref, replace, type Row, rowAfter, type Write } from '#shared/datastore/write.ts';
import { isFinal, type Operation } from '#shared/domain/operation.ts';
import type { Held } from '#shared/lifecycle/settle-operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

export interface LeaseOptions {
  /** The worker; part of the token that tells the holder of a lease from one that lost it. */
  readonly worker: string;
  /** Epoch ms until which a claim holds. */
  readonly untilMs: number;
}

/** The rows of an operation and its instance, and the lease under which one delivery works on them. */
export class OperationLease {
  #held: Held;
  readonly #tools: Pick<Tools, 'store'>;
  readonly #untilMs: number;
  readonly #token: string;

  constructor(held: Held, tools: Pick<Tools, 'store' | 'random'>, { worker, untilMs }: LeaseOptions) {
    this.#held = held;
    this.#tools = tools;
    this.#untilMs = untilMs;
    this.#token = `${worker}/${tools.random.hex(4)}`;
  }

  get held(): Held {
    return this.#held;
  }

  get operation(): Operation {
    return this.#held.operation.value;
  }

  /** The delivery still holds the lease, as far as its last read or write says. */
  get isOurs(): boolean {
    return this.operation.leaseToken === this.#token;
  }

  /** Takes the lease and writes the operation. False when another delivery was faster. */
  claim(next: Operation): Promise<boolean> {
    return this.write({ ...next, leaseUntilMs: this.#untilMs, leaseToken: this.#token });
  }

  /** Writes the operation on condition that the row is still the known one. False when the lease was lost. */
  async write(next: Operation): Promise<boolean> {
    const { store } = this.#tools;
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
  async writeWith(next: Operation, writes: readonly Write[]): Promise<void> {
    const { operation, instance } = this.#held;
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

  /** Ends the lease. Changes nothing when the lease was lost or the operation has ended. */
  async release(changes: Partial<Operation> = {}): Promise<void> {
    const { operation } = this.#held;
    await this.#tools.store.change(async () => {
      const current = await this.#tools.store.get(operation);
      if (current?.value.leaseToken !== this.#token || isFinal(current.value.state))
        return { writes: [], result: undefined };
      return { writes: [replace(current, { ...current.value, ...changes, leaseUntilMs: 0 })], result: undefined };
    });
  }
}

function sameCall(a: Operation, b: Operation): boolean {
  return a.call?.requestId === b.call?.requestId && a.callCount === b.callCount;
}
