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
 * Result of a delivery; the message is acknowledged in both cases. `done`: this message needs no more work. `waiting`:
 * the operation continues when the cloud's event arrives or the sweep finds it due. An exception rejects the delivery
 * instead.
 */
export type Verdict = 'done' | 'waiting';

export interface RunOptions {
  /** Identifies the worker, to distinguish the lease's holder from a worker that has lost the lease. */
  readonly worker: string;
  /** Maximum time that this delivery may wait for Compute Engine, in ms. */
  readonly waitMs: number;
  /** The other deliveries in progress in this process. */
  readonly atWork: CustomersAtWork;
}

/** When Compute Engine began and ended an operation. */
export type CloudSpan = Pick<ZoneOperation, 'startedAtMs' | 'endedAtMs'>;

/** No further wait begins when less time than this is left. */
export const LAST_WAIT_MS = 200;
/** Interval between two reads of a VM that is in transition. */
const LOOK_AGAIN_MS = 500;
/** If no event of the cloud arrives, the sweep continues an operation whose VM is in transition after this time. */
const LOOK_DUE_MS = 10_000;
/**
 * An operation whose VM is in transition for longer than this fails. A VM under repair can take longer, but it must not
 * block the operations queued behind.
 */
export const PATIENCE_MS = 60 * 60_000;
/** Number of calls (each with its own requestId) after which a transient error counts as permanent. */
const CALLS_MAX = 5;
/** Number of attempts in a row that may fail with a transient error. */
const ATTEMPTS_MAX = 7;
/** Pause after consecutive errors: doubles from `first` up to `most`, one minute, which is the sweep's interval. */
const BACKOFF_MS = { first: 500, most: PUT_OFF_MS_MAX };

/** One delivery in progress: it holds the lease, makes the calls and ends the operation. */
export class Delivery {
  readonly lease: OperationLease;
  readonly tools: Tools;
  readonly #deadlineMs: number;
  readonly #atWork: CustomersAtWork;
  #claimed = false;
  /** True while every attempt at the present call has been rejected, so it cannot have been applied. */
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
   * Runs `work`; if it fails, postpones the operation so that the sweep continues it. Throws when the postponement
   * cannot be written: Pub/Sub then delivers the message again.
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

  /** Claims or renews the lease, and records the next call. Returns false when another worker has the lease. */
  async prepare(step: Step): Promise<boolean> {
    if (this.#claimed && step.do !== 'call') return true;
    const nowMs = this.tools.nowMs();
    const { operation } = this;
    if (step.do === 'call') this.#refusedOnly = step.fresh || operation.call?.mayBeApplied === false;
    const next: Operation = {
      ...operation,
      state: 'running',
      attempts: operation.attempts + 1,
      // The clock of the process that accepted the operation may be ahead of this one's.
      startedAtMs: operation.startedAtMs ?? Math.max(nowMs, operation.createdAtMs),
      ...plannedCall(operation, step, nowMs),
    };
    const written = await (this.#claimed ? this.lease.write(next) : this.lease.claim(next));
    this.#claimed = written;
    return written;
  }

  /** Reads the VM, if the instance is on record. Verifies a 404, unless the VM has not been created yet. */
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

  /** Returns the VM's zone and name. If a delete has removed the record already, they come from the list of orphans. */
  async #place(): Promise<Place | undefined> {
    const { instance } = this.lease.held;
    if (instance !== undefined) return { zone: instance.value.zone, name: instance.id };
    const { kind, instanceId } = this.operation;
    const zone = kind === 'delete' ? await orphanZone(instanceId, this.tools) : undefined;
    return zone === undefined ? undefined : { zone, name: instanceId };
  }

  /** Returns true if a call failed with `not_found` although the VM exists. */
  async #isContradicted(verb: CloudVerb, { reason }: CloudError): Promise<boolean> {
    const needsVm = verb !== 'insert' && verb !== 'delete';
    return needsVm && reason === 'not_found' && (await this.#lookSurely()) !== undefined;
  }

  /** Makes one call with the recorded requestId. `later`: the error is transient, so the same call is repeated. */
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
   * Handles a rejected call. An earlier attempt that was never answered may have been applied, so a new call with a new
   * requestId is made only if every attempt was rejected.
   */
  refused(error: CloudError): Promise<Verdict | 'next'> {
    if (this.#refusedOnly) return this.retryOrFail(error);
    const resetUnknown = this.operation.call?.verb === 'reset' && error.refused;
    return this.#giveUp(resetUnknown ? RESET_UNKNOWN : this.#reasonOf(error));
  }

  /** After a failed zone operation or rejected call: retries a transient error with a new call, else fails. */
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
    // Compute Engine would return the same failure for the same requestId, so the next attempt is a new call.
    if (!(await this.lease.write({ ...this.operation, call: null }))) return 'done';
    return this.tryAgain();
  }

  /** Returns reason and text for an error; for a stockout, the text names zone and machine type. */
  #reasonOf({ reason, stockout }: NonNullable<ZoneOperation['error']> | CloudError): NonNullable<End['error']> {
    const instance = this.lease.held.instance?.value;
    return cloudReason(reason, this.#verb(), stockout ?? (instance && machineOf(instance)));
  }

  /** Returns the verb of the last call; `get` if there is none. */
  #verb(): RefusedVerb {
    const { call } = this.operation;
    return (call === null ? undefined : known(CLOUD_VERBS, call.verb)) ?? 'get';
  }

  /** Retries after a transient error: within this delivery if the pause fits, otherwise through the sweep. */
  async tryAgain(): Promise<Verdict | 'next'> {
    const pauseMs = backoffMs(this.operation);
    if (pauseMs >= this.leftMs()) return this.#putOff(pauseMs);
    await this.tools.sleep(pauseMs);
    return 'next';
  }

  /** Leaves a VM in transition to the cloud's event or the sweep. After `PATIENCE_MS` the operation fails. */
  async goOnLater(): Promise<Verdict> {
    if (takenMs(this.operation, this.tools.nowMs()) < PATIENCE_MS) {
      // A VM in transition is not a failed attempt.
      await this.lease.release({ attempts: 0, dueAtMs: this.tools.nowMs() + LOOK_DUE_MS });
      return 'waiting';
    }
    const message = 'The virtual machine did not get there within an hour. Its status shows where it is.';
    return this.#giveUp({ reason: 'gave_up', message });
  }

  /** Fails the operation, or completes it if the VM is at its target: an unanswered call may have been applied. */
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

  /** Fails the operation because a delete of the instance was accepted or has removed the record. */
  async superseded(): Promise<Verdict> {
    const error = { reason: 'instance_deleted' as const, message: 'The instance was deleted.' };
    await settle(this.lease.held, { state: 'failed', error }, this.tools);
    return 'done';
  }

  /** Removes the record of a VM that Compute Engine refuses to delete; the reconciler keeps trying to delete the VM. */
  async takeOffRecord(): Promise<void> {
    if (this.lease.held.instance === undefined) return;
    const { id: deleteId, instanceId, customerId } = this.operation;
    await removeInstance({ instanceId, deleteId, customerId }, { vm: 'unknown' }, this.tools);
  }

  /** Returns how long this delivery may still wait, in ms; 0 when too many deliveries of its customer are waiting. */
  leftMs(): number {
    return this.#atWork.mayWait(this.operation.customerId) ? this.#deadlineMs - this.tools.nowMs() : 0;
  }

  /** Waits one interval for a VM in transition; returns false when no time is left. */
  async pause(): Promise<boolean> {
    if (this.leftMs() < LOOK_AGAIN_MS) return false;
    await this.tools.sleep(LOOK_AGAIN_MS);
    return true;
  }

  async #putOff(pauseMs: number): Promise<Verdict> {
    // An attempt that failed before the lease was claimed has not been counted yet.
    const attempts = this.operation.attempts + (this.#claimed ? 0 : 1);
    await this.lease.release({ attempts, dueAtMs: this.tools.nowMs() + pauseMs });
    return 'waiting';
  }

  /** Ends the operation. Throws LeaseLost when the last read has shown that another worker holds the lease. */
  async settle(end: End, machine: Machine | undefined, span: CloudSpan | undefined): Promise<void> {
    if (!this.lease.isOurs) throw new LeaseLost();
    await settle(this.lease.held, end, this.tools, { machine, context: this.context(span) });
  }

  /** Returns the cause and times for a status change that this operation has brought about. */
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
      // When a spot price exceeds a bid's limit, the platform stops the instance itself, which counts as a pre-emption.
      preempted: kind === 'stop' && actor.id === SPOT_MARKET.id,
      edited: edit !== null,
    };
  }
}

function backoffMs({ attempts }: Operation): number {
  return Math.min(BACKOFF_MS.first * 2 ** Math.max(attempts - 1, 0), BACKOFF_MS.most);
}

/** Returns the time since Compute Engine accepted the last call or, without an accepted call, since work began. */
function takenMs({ call, startedAtMs }: Operation, nowMs: number): number {
  const isAccepted = call !== null && (call.done || call.zoneOperation !== null);
  return nowMs - (isAccepted ? call.askedAtMs : (startedAtMs ?? nowMs));
}
