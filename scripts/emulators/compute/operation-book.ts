import { auditEntry } from './audit-entry.ts';
import type { AuditEntry, AuditMoment } from './audit-entry.ts';
import type { Journal } from './journal.ts';
import { endedOperation, newOperation, startedOperation } from './operation-resource.ts';
import type { Operation, OperationFailure, OperationRequest } from './operation-resource.ts';

/** The context of a call: who made it, how and when. */
export interface Order {
  readonly requestId?: string | undefined;
  readonly principal: string;
  /** The API version that the audit log names; the console uses the beta API. */
  readonly api: 'v1' | 'beta';
  /** Set if the operation is accepted and then fails with this error, without its effect. */
  readonly failure?: OperationFailure | undefined;
  /** Time of the request. */
  readonly nowMs: number;
}

/** Time for which an operation stays PENDING. */
const PENDING_MS = 50;
/** Duration of an operation that does not change a VM's power status. */
export const QUICK_MS = 300;

interface BookOptions {
  readonly journal: Journal;
  readonly onAudit: (entry: AuditEntry) => void;
  readonly onOperationEnd: (name: string) => void;
}

/** Opens operations, starts and ends them, and reports both to listeners once they are on disk. */
export class OperationBook {
  readonly #journal: Journal;
  readonly #options: BookOptions;
  #afterCommit: (() => void)[] = [];

  constructor(options: BookOptions) {
    this.#journal = options.journal;
    this.#options = options;
  }

  /** Applies all of `work` or none of it; listeners are called once it is on disk. */
  commit<T>(work: () => T): T {
    this.#afterCommit = [];
    try {
      const result = this.#journal.transact(work);
      const tasks = this.#afterCommit;
      this.#afterCommit = [];
      for (const task of tasks) task();
      return result;
    } catch (thrown) {
      this.#afterCommit = [];
      throw thrown;
    }
  }

  /** Opens an operation. `call` is the API's name of the method, such as `disks.resize`. */
  open(call: string, target: OperationRequest['target'], order: Order): Operation {
    const operation = newOperation(
      {
        method: call,
        operationType: call.slice(call.indexOf('.') + 1),
        auditMethod: `${order.api}.compute.${call}`,
        principal: order.principal,
        requestId: order.requestId,
        target,
      },
      order.nowMs,
    );
    this.#journal.putOperation(operation);
    this.tell(operation, { first: true }, order.nowMs);
    return operation;
  }

  /** Opens an operation whose effect takes place at once, or not at all if the operation is to fail. */
  brief(call: string, target: OperationRequest['target'], order: Order, effect: () => void): Operation {
    const operation = this.open(call, target, order);
    if (order.failure === undefined) effect();
    this.planEnd(operation, order.nowMs + QUICK_MS, order.failure);
    return operation;
  }

  planEnd(operation: Operation, endMs: number, failure?: OperationFailure): void {
    const { name, insertMs, target } = operation;
    const startMs = Math.min(insertMs + PENDING_MS, endMs);
    this.#journal.planStep(startMs, target.id, { kind: 'operationStarts', operation: name });
    const ends = { kind: 'operationEnds', operation: name, ...(failure === undefined ? {} : { failure }) } as const;
    this.#journal.planStep(endMs, target.id, ends);
  }

  start(name: string, atMs: number): void {
    const operation = this.#journal.operation(name);
    if (operation !== undefined) this.#journal.putOperation(startedOperation(operation, atMs));
  }

  end(name: string, failure: OperationFailure | undefined, atMs: number): void {
    const operation = this.#journal.operation(name);
    if (operation === undefined) return;
    this.#journal.putOperation(endedOperation(operation, atMs, failure));
    this.tell(operation, { last: true, failure }, atMs);
    this.#afterCommit.push(() => this.#options.onOperationEnd(name));
  }

  tell(operation: Operation, moment: AuditMoment, atMs: number): void {
    const entry = auditEntry(operation, moment, atMs);
    this.#afterCommit.push(() => this.#options.onAudit(entry));
  }
}
