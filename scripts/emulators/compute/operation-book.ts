import { auditEntry } from './audit-entry.ts';
import type { AuditEntry, AuditMoment } from './audit-entry.ts';
import type { Journal } from './journal.ts';
import { endedOperation, newOperation, startedOperation } from './operation-resource.ts';
import type { Operation, OperationFailure, OperationRequest } from './operation-resource.ts';

/** On whose behalf, and how, something is done. */
export interface Order {
  readonly requestId?: string | undefined;
  readonly principal: string;
  /** The console uses the beta API, and the audit log says so. */
  readonly api: 'v1' | 'beta';
  /** The operation is accepted and ends so, without its effect. */
  readonly failure?: OperationFailure | undefined;
  /** When it is asked for. */
  readonly nowMs: number;
}

/** How long an operation stays PENDING. */
const PENDING_MS = 50;
/** How long an operation takes that moves nothing. */
export const QUICK_MS = 300;

interface BookOptions {
  readonly journal: Journal;
  readonly onAudit: (entry: AuditEntry) => void;
  readonly onOperationEnd: (name: string) => void;
}

/** Opens operations, lets them start and end, and tells of both once they are on disk. */
export class OperationBook {
  readonly #journal: Journal;
  readonly #options: BookOptions;
  #afterCommit: (() => void)[] = [];

  constructor(options: BookOptions) {
    this.#journal = options.journal;
    this.#options = options;
  }

  /** All of `work` or nothing of it; those who are told are told after it is on disk. */
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

  /** `call` is the API's name of the method, such as `disks.resize`. */
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

  /** An operation that has its effect at once, or none when it is to fail. */
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
