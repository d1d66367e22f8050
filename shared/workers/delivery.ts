import type { ObservationContext } from '#shared/domain/observe.ts';
import { RESET_UNKNOWN, type Step } from '#shared/domain/operation-plan.ts';
import { type CloudCall, directionOf, type Operation } from '#shared/domain/operation.ts';
import { plannedCall } from '#shared/domain/planned-call.ts';
import { requestUuid } from '#shared/domain/request-uuid.ts';
import { CloudError, toCloudError } from '#shared/gce/cloud-error.ts';
import type { Machine, Place, ZoneOperation } from '#shared/gce/compute.ts';
import { cloudReason } from '#shared/lifecycle/cloud-failure.ts';
import { findMachine } from '#shared/lifecycle/find-machine.ts';
import { removeInstance } from '#shared/lifecycle/remove-instance.ts';
import { type End, type Held, settle } from '#shared/lifecycle/settle-operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { OperationLease } from './operation-lease.ts';

/**
 * What becomes of a delivery. `done`: nothing is left to do for this message. `later`: deliver it again, with back-off.
 * `continue`: it goes on, under a new message, because one delivery may not last as long as a VM takes.
 */
export type Verdict = 'done' | 'later' | 'continue';

export interface RunOptions {
  /** Who works: tells the holder of a lease from one that lost it. */
  readonly worker: string;
  /** Epoch ms at which this delivery must have ended. */
  readonly deadlineMs: number;
}

/** When Compute Engine began and ended something. */
export type CloudSpan = Pick<ZoneOperation, 'startedAtMs' | 'endedAtMs'>;

/** A lease outlives its delivery by this much, so that a slow commit at its end is still the holder's. */
const LEASE_MARGIN_MS = 15_000;
/** No new wait is begun with less time than this left. */
export const LAST_WAIT_MS = 3_000;
/** Between two looks at a VM that is on its way by itself: a twentieth of the time it has taken, within these. */
const LOOK_AGAIN_MS = { least: 500, most: 10_000 };
/** No VM is on its way for longer. One under repair may be, and what is queued behind must not wait for that. */
const PATIENCE_MS = 60 * 60_000;
/** Real retries, after which a transient error counts as permanent. */
const CALLS_MAX = 5;
/** Deliveries of one operation that may meet an error that passes. Pub/Sub gives up a little later than we do. */
const ATTEMPTS_MAX = 7;

/** One delivery at work: the lease that it holds, the calls that it makes, and how it ends. */
export class Delivery {
  readonly lease: OperationLease;
  readonly tools: Tools;
  readonly #options: RunOptions;
  /** Every attempt at the call so far was clearly refused. */
  #refusedOnly = false;

  constructor(held: Held, tools: Tools, options: RunOptions) {
    this.lease = new OperationLease(held, tools, {
      worker: options.worker,
      untilMs: options.deadlineMs + LEASE_MARGIN_MS,
    });
    this.tools = tools;
    this.#options = options;
  }

  get operation(): Operation {
    return this.lease.operation;
  }

  /** Ends the lease when the work breaks off, so that the next delivery need not wait until it is over. */
  async orRelease(work: () => Promise<Verdict>): Promise<Verdict> {
    try {
      return await work();
    } catch (thrown) {
      const { id, instanceId } = this.operation;
      this.tools.log.warn('work on an operation broke off', { operationId: id, instanceId, cause: thrown });
      return this.release('later');
    }
  }

  /** Takes the lease and writes down the call that will be made. False when another delivery was faster. */
  claim(step: Step): Promise<boolean> {
    const nowMs = this.tools.nowMs();
    const { operation } = this;
    this.#plan(step);
    return this.lease.claim({
      ...operation,
      state: 'running',
      attempts: operation.attempts + 1,
      startedAtMs: operation.startedAtMs ?? nowMs,
      ...plannedCall(operation, step, nowMs),
    });
  }

  /** Writes down the call that will be made, under the lease. False when the lease was lost. */
  writeDown(step: Extract<Step, { do: 'call' }>): Promise<boolean> {
    this.#plan(step);
    return this.lease.write({ ...this.operation, ...plannedCall(this.operation, step, this.tools.nowMs()) });
  }

  #plan(step: Step): void {
    if (step.do === 'call') this.#refusedOnly = step.fresh || this.operation.call?.mayBeApplied === false;
  }

  /** The VM, where the instance is on record; its absence is confirmed, except before an insert has made it. */
  look(): Promise<Machine | undefined> {
    const { kind, call } = this.operation;
    if (kind === 'create' && call?.done !== true) return this.#lookOnce();
    return this.#lookSurely();
  }

  async #lookOnce(): Promise<Machine | undefined> {
    const place = this.#place();
    return place === undefined ? undefined : this.tools.compute.get(place);
  }

  async #lookSurely(): Promise<Machine | undefined> {
    const place = this.#place();
    return place === undefined ? undefined : findMachine(place, this.tools);
  }

  #place(): Place | undefined {
    const { instance } = this.lease.held;
    return instance === undefined ? undefined : { zone: instance.value.zone, name: instance.id };
  }

  /** A call was answered that there is no such VM, and a look shows that there is one. */
  async #isContradicted(verb: CloudCall['verb'], { reason }: CloudError): Promise<boolean> {
    const needsVm = verb !== 'insert' && verb !== 'delete';
    return needsVm && reason === 'not_found' && (await this.#lookSurely()) !== undefined;
  }

  /** One call, under the requestId that is on record. Errors that may pass are `later`. */
  async ask(verb: CloudCall['verb'], place: Place): Promise<ZoneOperation | CloudError | 'later'> {
    const { compute, log } = this.tools;
    const { call, id, instanceId } = this.operation;
    const instance = this.lease.held.instance?.value;
    const requestId = call?.requestId ?? requestUuid(id, 1);
    try {
      if (verb !== 'insert') return await compute.request(verb, place, requestId);
      if (instance === undefined) return new CloudError('not_found', 'the instance was deleted');
      return await compute.insert(place, instance.machine, requestId);
    } catch (thrown) {
      const error = toCloudError(thrown);
      log.warn('Compute Engine did not take a call', {
        operationId: id,
        instanceId,
        verb,
        reason: error.reason,
        cause: error,
      });
      this.#refusedOnly &&= error.refused;
      if (this.operation.attempts >= ATTEMPTS_MAX) return error;
      if (!error.transient && !(await this.#isContradicted(verb, error))) return error;
      if (this.#refusedOnly && call !== null)
        await this.lease.write({ ...this.operation, call: { ...call, mayBeApplied: false } });
      return 'later';
    }
  }

  /**
   * A call that was refused. That says nothing about an attempt at it that was never answered: under a new requestId it
   * could be applied twice.
   */
  refused(error: CloudError): Promise<Verdict> {
    if (this.#refusedOnly) return this.retryOrFail(error);
    const resetUnknown = this.operation.call?.verb === 'reset' && error.refused;
    return this.#giveUp(resetUnknown ? RESET_UNKNOWN : cloudReason(error.reason));
  }

  /** A zone operation that ended badly, or a call that was refused. */
  async retryOrFail(error: Pick<CloudError, 'reason' | 'message'>): Promise<Verdict> {
    const { id, instanceId, callCount } = this.operation;
    this.tools.log.warn('a call to Compute Engine failed', {
      operationId: id,
      instanceId,
      reason: error.reason,
      detail: error.message,
    });
    const passing = new CloudError(error.reason, error.message).transient;
    if (passing && callCount < CALLS_MAX) {
      // The same requestId would answer the same failure: the next attempt is a new call.
      await this.lease.write({ ...this.operation, call: null, leaseUntilMs: 0 });
      return 'later';
    }
    return this.#giveUp(cloudReason(error.reason));
  }

  /** This delivery ends before the VM has arrived: the next one takes over, unless it has taken too long in all. */
  async continueLater(): Promise<Verdict> {
    if (this.#takenMs() < PATIENCE_MS) return this.release('continue');
    const message = 'The virtual machine did not get there within an hour. Its status shows where it is.';
    return this.#giveUp({ reason: 'gave_up', message });
  }

  /** A call that was never answered is not made again under a new requestId: that could apply it twice. */
  async #giveUp(error: NonNullable<End['error']>): Promise<Verdict> {
    if (this.operation.kind === 'delete') await this.takeOffRecord();
    await this.settle({ state: 'failed', error }, await this.#lookSurely(), undefined);
    return 'done';
  }

  /** A delete was accepted, or has taken the record away: nothing else of the instance counts any more. */
  async superseded(): Promise<Verdict> {
    const error = { reason: 'instance_deleted' as const, message: 'The instance was deleted.' };
    await settle(this.lease.held, { state: 'failed', error }, this.tools);
    return 'done';
  }

  /** The record of a VM that Compute Engine will not delete goes; the reconciler goes on with the VM alone. */
  async takeOffRecord(): Promise<void> {
    if (this.lease.held.instance === undefined) return;
    const { id: deleteId, instanceId } = this.operation;
    await removeInstance({ instanceId, deleteId }, { vm: 'unknown' }, this.tools);
  }

  leftMs(): number {
    return this.#options.deadlineMs - this.tools.nowMs();
  }

  async pause(): Promise<void> {
    await this.tools.sleep(Math.min(Math.max(this.#takenMs() / 20, LOOK_AGAIN_MS.least), LOOK_AGAIN_MS.most));
  }

  #takenMs(): number {
    const nowMs = this.tools.nowMs();
    const { call, startedAtMs } = this.operation;
    return nowMs - (call?.askedAtMs ?? startedAtMs ?? nowMs);
  }

  async release<V extends Verdict>(verdict: V): Promise<V> {
    // Going on is no failed attempt.
    await this.lease.release(verdict === 'continue' ? { attempts: 0 } : {});
    return verdict;
  }

  async settle(end: End, machine: Machine | undefined, span: CloudSpan | undefined): Promise<void> {
    await settle(this.lease.held, end, this.tools, { machine, context: this.context(span) });
  }

  /** What a change that this operation has brought about is put down to, and when it was. */
  context(span: CloudSpan | undefined): ObservationContext {
    const nowMs = this.tools.nowMs();
    const { actor, id, call } = this.operation;
    return {
      nowMs,
      atMs: span?.endedAtMs ?? nowMs,
      begunAtMs: span?.startedAtMs ?? null,
      direction: call === null ? null : directionOf(call.verb),
      cause: actor.type === 'admin' ? 'admin' : 'operation',
      actor,
      operationId: id,
    };
  }
}
