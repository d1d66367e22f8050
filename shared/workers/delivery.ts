import { causeOf } from '#shared/domain/history.ts';
import { PUT_OFF_MS_MAX } from '#shared/domain/lease.ts';
import { SPOT_MARKET } from '#shared/domain/bid-steps.ts';
import type { ObservationContext } from '#shared/domain/observe.ts';
import { leadsTo, RESET_UNKNOWN, type Step } from '#shared/domain/operation-plan.ts';
import { hasLocalSsd } from '#shared/domain/machine-traits.ts';
import { CLOUD_VERBS, type CloudVerb, directionOf, isEditVerb, type Operation } from '#shared/domain/operation.ts';
import { plannedCall } from '#shared/domain/planned-call.ts';
import { requestUuid } from '#shared/domain/request-uuid.ts';
import { known } from '#shared/domain/stored-word.ts';
import { CloudError, toCloudError } from '#shared/gce/cloud-error.ts';
import type { Machine, Place, ZoneOperation } from '#shared/gce/compute.ts';
import { editCall } from '#shared/gce/edit-calls.ts';
import { cloudReason, machineOf, type RefusedVerb } from '#shared/lifecycle/cloud-failure.ts';
import { findMachine } from '#shared/lifecycle/find-machine.ts';
import { orphanZone } from '#shared/lifecycle/orphan-zone.ts';
import { removeInstance } from '#shared/lifecycle/remove-instance.ts';
import { type End, type Held, settle } from '#shared/lifecycle/settle-operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import type { CustomersAtWork } from './customers-at-work.ts';
import { LeaseLost, OperationLease } from './operation-lease.ts';

/**
 * What becomes of a delivery; both are acknowledged. `done`: nothing is left to do for this message. `waiting`: the
 * operation goes on when the cloud's event comes, or when the sweep finds it due. What is thrown refuses the delivery.
 */
export type Verdict = 'done' | 'waiting';

export interface RunOptions {
  /** Who works: tells the holder of a lease from one that lost it. */
  readonly worker: string;
  /** How long this delivery may wait for Compute Engine, in ms. */
  readonly waitMs: number;
  /** What else this process works on. */
  readonly atWork: CustomersAtWork;
}

/** When Compute Engine began and ended something. */
export type CloudSpan = Pick<ZoneOperation, 'startedAtMs' | 'endedAtMs'>;

/** No new wait is begun with less time than this left. */
export const LAST_WAIT_MS = 200;
/** Between two looks at a VM that is on its way by itself. */
const LOOK_AGAIN_MS = 500;
/** An operation whose VM is on its way is due for a look after this, should no event of the cloud come before. */
const LOOK_DUE_MS = 10_000;
/** No VM is on its way for longer. One under repair may be, and what is queued behind must not wait for that. */
export const PATIENCE_MS = 60 * 60_000;
/** Real retries, after which a transient error counts as permanent. */
const CALLS_MAX = 5;
/** Attempts in a row that may meet an error that passes. */
const ATTEMPTS_MAX = 7;
/** Pause after the n-th error in a row: doubles, up to a minute, the sweep's beat. */
const BACKOFF_MS = { first: 500, most: PUT_OFF_MS_MAX };

/** One delivery at work: the lease that it holds, the calls that it makes, and how it ends. */
export class Delivery {
  readonly lease: OperationLease;
  readonly tools: Tools;
  readonly #deadlineMs: number;
  readonly #atWork: CustomersAtWork;
  #claimed = false;
  /** Every attempt at the call so far was clearly refused. */
  #refusedOnly = false;

  constructor(held: Held, tools: Tools, { worker, waitMs, atWork }: RunOptions) {
    this.lease = new OperationLease(held, tools, `${worker}/${tools.random.hex(4)}`);
    this.tools = tools;
    this.#deadlineMs = tools.nowMs() + waitMs;
    this.#atWork = atWork;
  }

  get operation(): Operation {
    return this.lease.operation;
  }

  /**
   * Puts the operation off when the work breaks off, so that it is not lost. Throws when even that cannot be written:
   * this process cannot work, and Pub/Sub is to deliver the message again.
   */
  async orPutOff(work: () => Promise<Verdict>): Promise<Verdict> {
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof LeaseLost) return 'done';
      const { id, instanceId } = this.operation;
      this.tools.log.warn('work on an operation broke off', { operationId: id, instanceId, cause: thrown });
      return this.#putOff(backoffMs(this.operation));
    }
  }

  /** Takes the lease, or renews it, and writes down the call that will be made. False when another worker has the lease. */
  async prepare(step: Step): Promise<boolean> {
    if (this.#claimed && step.do !== 'call') return true;
    const nowMs = this.tools.nowMs();
    const { operation } = this;
    if (step.do === 'call') this.#refusedOnly = step.fresh || operation.call?.mayBeApplied === false;
    const next: Operation = {
      ...operation,
      state: 'running',
      attempts: operation.attempts + 1,
      // The clock of the process that accepted it may be ahead.
      startedAtMs: operation.startedAtMs ?? Math.max(nowMs, operation.createdAtMs),
      ...plannedCall(operation, step, nowMs),
    };
    const written = await (this.#claimed ? this.lease.write(next) : this.lease.claim(next));
    this.#claimed = written;
    return written;
  }

  /** The VM, where the instance is on record; its absence is confirmed, except before an insert has made it. */
  look(): Promise<Machine | undefined> {
    const { kind, call } = this.operation;
    return this.#lookSurely(kind !== 'create' || call?.done === true);
  }

  async #lookSurely(confirmed = true): Promise<Machine | undefined> {
    const place = await this.#place();
    await this.lease.keep();
    if (place === undefined) return undefined;
    return confirmed ? findMachine(place, this.tools) : this.tools.compute.get(place);
  }

  /** A delete may have taken the record away already; its VM is on the list of those that have to go. */
  async #place(): Promise<Place | undefined> {
    const { instance } = this.lease.held;
    if (instance !== undefined) return { zone: instance.value.zone, name: instance.id };
    const { kind, instanceId } = this.operation;
    const zone = kind === 'delete' ? await orphanZone(instanceId, this.tools) : undefined;
    return zone === undefined ? undefined : { zone, name: instanceId };
  }

  /** A call was answered that there is no such VM, and a look shows that there is one. */
  async #isContradicted(verb: CloudVerb, { reason }: CloudError): Promise<boolean> {
    const needsVm = verb !== 'insert' && verb !== 'delete';
    return needsVm && reason === 'not_found' && (await this.#lookSurely()) !== undefined;
  }

  /** One call, under the requestId that is on record. Errors that may pass are `later`. */
  async ask(verb: CloudVerb, place: Place, seen?: Machine): Promise<ZoneOperation | CloudError | 'later'> {
    const { compute, log } = this.tools;
    await this.lease.keep();
    const { call, id, instanceId } = this.operation;
    const instance = this.lease.held.instance?.value;
    const requestId = call?.requestId ?? requestUuid(id, 1);
    try {
      if (verb === 'insert') {
        if (instance === undefined) return new CloudError('not_found', 'the instance was deleted');
        return await compute.insert(place, instance.machine, requestId);
      }
      if (isEditVerb(verb)) {
        if (seen === undefined) return new CloudError('not_found', 'there is no such VM');
        return await compute.edit(editCall(verb, this.operation.edit ?? {}, seen), place, requestId);
      }
      const discardLocalSsd =
        instance !== undefined && instance.machine.discardLocalSsd && hasLocalSsd(instance.machine);
      return await compute.request(verb, place, requestId, { discardLocalSsd });
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
  refused(error: CloudError): Promise<Verdict | 'next'> {
    if (this.#refusedOnly) return this.retryOrFail(error);
    const resetUnknown = this.operation.call?.verb === 'reset' && error.refused;
    return this.#giveUp(resetUnknown ? RESET_UNKNOWN : this.#reasonOf(error));
  }

  /** A zone operation that ended badly, or a call that was refused. */
  async retryOrFail(error: NonNullable<ZoneOperation['error']>): Promise<Verdict | 'next'> {
    const { id, instanceId, callCount } = this.operation;
    this.tools.log.warn('a call to Compute Engine failed', {
      operationId: id,
      instanceId,
      reason: error.reason,
      detail: error.message,
    });
    const passing = new CloudError(error.reason, error.message).transient;
    if (!passing || callCount >= CALLS_MAX) return this.#giveUp(this.#reasonOf(error));
    // The same requestId would answer the same failure: the next attempt is a new call.
    if (!(await this.lease.write({ ...this.operation, call: null }))) return 'done';
    return this.tryAgain();
  }

  /** Reason and text of a refusal, which names zone and machine type where there is no room for it. */
  #reasonOf({ reason, stockout }: NonNullable<ZoneOperation['error']> | CloudError): NonNullable<End['error']> {
    const instance = this.lease.held.instance?.value;
    return cloudReason(reason, this.#verb(), stockout ?? (instance && machineOf(instance)));
  }

  /** What Compute Engine was asked for last. */
  #verb(): RefusedVerb {
    const { call } = this.operation;
    return (call === null ? undefined : known(CLOUD_VERBS, call.verb)) ?? 'get';
  }

  /** After an error that may pass: again within this delivery when the pause is short, later otherwise. */
  async tryAgain(): Promise<Verdict | 'next'> {
    const pauseMs = backoffMs(this.operation);
    if (pauseMs >= this.leftMs()) return this.#putOff(pauseMs);
    await this.tools.sleep(pauseMs);
    return 'next';
  }

  /** This delivery ends before the VM has arrived: it goes on with the cloud's event, unless it has taken too long in all. */
  async goOnLater(): Promise<Verdict> {
    if (takenMs(this.operation, this.tools.nowMs()) < PATIENCE_MS) {
      // Going on is no failed attempt.
      await this.lease.release({ attempts: 0, dueAtMs: this.tools.nowMs() + LOOK_DUE_MS });
      return 'waiting';
    }
    const message = 'The virtual machine did not get there within an hour. Its status shows where it is.';
    return this.#giveUp({ reason: 'gave_up', message });
  }

  /**
   * A call that was never answered is not made again under a new requestId: that could apply it twice. A VM that is where
   * the operation leads has got there all the same.
   */
  async #giveUp(error: NonNullable<End['error']>): Promise<Verdict> {
    const machine = await this.#lookSurely();
    if (leadsTo(this.operation, machine)) {
      await this.settle({ state: 'completed' }, machine, undefined);
      return 'done';
    }
    if (this.operation.kind === 'delete') await this.takeOffRecord();
    await this.settle({ state: 'failed', error }, machine, undefined);
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

  /** How long this delivery may still wait; 0 when others of its customer need the place. */
  leftMs(): number {
    return this.#atWork.mayWait(this.operation.customerId) ? this.#deadlineMs - this.tools.nowMs() : 0;
  }

  /** Waits a moment for a VM that is on its way; false when there is no time left. */
  async pause(): Promise<boolean> {
    if (this.leftMs() < LOOK_AGAIN_MS) return false;
    await this.tools.sleep(LOOK_AGAIN_MS);
    return true;
  }

  async #putOff(pauseMs: number): Promise<Verdict> {
    // An attempt that broke off before its claim counts too.
    const attempts = this.operation.attempts + (this.#claimed ? 0 : 1);
    await this.lease.release({ attempts, dueAtMs: this.tools.nowMs() + pauseMs });
    return 'waiting';
  }

  /** Ends the operation. Throws LeaseLost when a read since the last write has shown that another worker has it. */
  async settle(end: End, machine: Machine | undefined, span: CloudSpan | undefined): Promise<void> {
    if (!this.lease.isOurs) throw new LeaseLost();
    await settle(this.lease.held, end, this.tools, { machine, context: this.context(span) });
  }

  /** What a change that this operation has brought about is put down to, and when it was. */
  context(span: CloudSpan | undefined): ObservationContext {
    const nowMs = this.tools.nowMs();
    const { actor, id, kind, call, edit } = this.operation;
    return {
      nowMs,
      atMs: span?.endedAtMs ?? nowMs,
      begunAtMs: span?.startedAtMs ?? null,
      direction: call === null ? null : directionOf(call.verb),
      cause: causeOf(actor),
      actor,
      operationId: id,
      // The platform takes an instance away as the cloud does: for a price above the limit of its bid.
      preempted: kind === 'stop' && actor.id === SPOT_MARKET.id,
      edited: edit !== null,
    };
  }
}

function backoffMs({ attempts }: Operation): number {
  return Math.min(BACKOFF_MS.first * 2 ** Math.max(attempts - 1, 0), BACKOFF_MS.most);
}

/** Since the last call was asked for, or since work began. */
function takenMs({ call, startedAtMs }: Operation, nowMs: number): number {
  return nowMs - (call?.askedAtMs ?? startedAtMs ?? nowMs);
}
