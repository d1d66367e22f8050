import { ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { Conflict, ref, replace, type Row, rowAfter, type Write } from '#shared/datastore/write.ts';
import { type ObservationContext, observe } from '#shared/domain/observe.ts';
import { nextStep, RESET_UNKNOWN, type Step } from '#shared/domain/operation-plan.ts';
import { type CloudCall, isFinal, type Operation } from '#shared/domain/operation.ts';
import { requestUuid } from '#shared/domain/request-uuid.ts';
import { CloudError, toCloudError } from '#shared/gce/cloud-error.ts';
import type { Machine, ZoneOperation } from '#shared/gce/compute.ts';
import { cloudReason } from '#shared/lifecycle/cloud-failure.ts';
import { observedWrites } from '#shared/lifecycle/instance-writes.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { finishDelete, removeInstance } from '#shared/lifecycle/remove-instance.ts';
import { type End, type Held, settle } from '#shared/lifecycle/settle-operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import type { OperationMessage } from '#shared/pubsub/publisher.ts';

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

/** A lease outlives its delivery by this much, so that a slow commit at its end is still the holder's. */
const LEASE_MARGIN_MS = 15_000;
/** No new wait is begun with less time than this left. */
const LAST_WAIT_MS = 3_000;
/** Between two looks at a VM that is on its way by itself: a twentieth of the time it has taken, within these. */
const LOOK_AGAIN_MS = { least: 500, most: 10_000 };
/** No VM is on its way for longer. One under repair may be, and what is queued behind must not wait for that. */
const PATIENCE_MS = 60 * 60_000;
/** Real retries, after which a transient error counts as permanent. */
const CALLS_MAX = 5;

/** When Compute Engine began and ended something. */
type CloudSpan = Pick<ZoneOperation, 'startedAtMs' | 'endedAtMs'>;

/**
 * Works on one operation. Safe to run twice, late and out of order: what is on record decides, a lease keeps others away,
 * and every call to Compute Engine is written down with its requestId before it is made.
 */
export async function runOperation(message: OperationMessage, tools: Tools, options: RunOptions): Promise<Verdict> {
  const { store, log } = tools;
  const [operation, instance] = await store.getAll([
    ref(OPERATION, message.operationId),
    ref(INSTANCE, message.instanceId),
  ]);
  if (operation === undefined) {
    log.error('a message names an operation that is not on record', { ...message });
    return 'done';
  }
  const held: Held = { operation, instance };
  if (isFinal(operation.value.state)) return done(held, tools);
  if (operation.value.leaseUntilMs > tools.nowMs()) return 'later';
  if (operation.value.kind === 'delete') {
    const delivery = new Delivery(held, tools, options);
    return delivery.orRelease(() => delivery.runDelete());
  }
  if (instance === undefined || instance.value.status === 'DELETING') {
    await settle(
      held,
      { state: 'failed', error: { reason: 'instance_deleted', message: 'The instance was deleted.' } },
      tools,
    );
    return 'done';
  }
  const [head] = instance.value.queue;
  // Its turn comes when what is before it ends: then it is published again.
  if (head?.id !== operation.id && instance.value.queue.some(({ id }) => id === operation.id)) return done(held, tools);
  const delivery = new Delivery(held, tools, options);
  return delivery.orRelease(() => delivery.run());
}

/** Nothing to do for this one; but the head of the queue may have been left behind, and telling it twice is harmless. */
async function done({ operation, instance }: Held, tools: Tools): Promise<Verdict> {
  const head = instance?.value.queue[0];
  if (head !== undefined && head.id !== operation.id && isFinal(operation.value.state)) {
    await publishOperations([{ operationId: head.id, instanceId: operation.value.instanceId }], tools);
  }
  return 'done';
}

/** One delivery at work: the lease it holds, and what it has seen. */
class Delivery {
  #held: Held;
  readonly #tools: Tools;
  readonly #options: RunOptions;
  readonly #token: string;
  /** Every attempt at the call so far was clearly refused. */
  #refusedOnly = false;

  constructor(held: Held, tools: Tools, options: RunOptions) {
    this.#held = held;
    this.#tools = tools;
    this.#options = options;
    this.#token = `${options.worker}/${tools.random.hex(4)}`;
  }

  /** Ends the lease when the work breaks off, so that the next delivery need not wait until it is over. */
  async orRelease(work: () => Promise<Verdict>): Promise<Verdict> {
    try {
      return await work();
    } catch (thrown) {
      const { id, instanceId } = this.#operation;
      this.#tools.log.warn('work on an operation broke off', { operationId: id, instanceId, cause: thrown });
      return await this.#release('later');
    }
  }

  async run(): Promise<Verdict> {
    let machine: Machine | undefined;
    let claimed = false;
    for (;;) {
      const { call } = this.#operation;
      const following = call !== null && !call.done && call.zoneOperation !== null;
      if (!following) machine = await this.#look();
      const step = nextStep(this.#operation, machine, this.#tools.nowMs());
      if (!claimed) {
        if (!(await this.#claim(step))) return 'later';
        claimed = true;
      } else if (step.do === 'call' && !(await this.#writeDown(step))) return 'later';
      const verdict = await this.#take(step, machine);
      if (verdict !== 'next') return verdict;
    }
  }

  /**
   * Asks for the VM's deletion and follows it until the VM is gone. A delete that somebody waited for has taken the record
   * away already; one that was only accepted keeps it, and its place in the quota, until there is no VM any more.
   */
  async runDelete(): Promise<Verdict> {
    const { instanceId } = this.#operation;
    const zone = this.#held.instance?.value.zone ?? (await this.#orphanZone());
    if (zone === undefined) {
      // Neither record nor list know of it any more: it is gone.
      await settle(this.#held, { state: 'completed' }, this.#tools);
      return 'done';
    }
    const place = { zone, name: instanceId };
    const machine = await this.#tools.compute.get(place);
    const step = nextStep(this.#operation, machine, this.#tools.nowMs());
    if (!(await this.#claim(step))) return 'later';
    if (step.do === 'follow') {
      return this.#followDelete(place, await this.#tools.compute.operation(zone, step.zoneOperation));
    }
    if (step.do !== 'call') return this.#followDelete(place, undefined);
    const asked = await this.#ask(step.verb);
    if (asked === 'later') return this.#release('later');
    if (!(asked instanceof CloudError)) {
      const { call } = this.#operation;
      const noted =
        call === null || (await this.#write({ ...this.#operation, call: { ...call, zoneOperation: asked.name } }));
      return noted ? this.#followDelete(place, asked) : 'later';
    }
    if (asked.reason === 'not_found') return this.#followDelete(place, undefined);
    await this.#takeOffRecord();
    return this.#release('later');
  }

  async #followDelete(
    place: { readonly zone: string; readonly name: string },
    first: ZoneOperation | undefined,
  ): Promise<Verdict> {
    let zoneOperation = first;
    for (;;) {
      const error = zoneOperation?.error ?? null;
      // That there is no such VM is what was wished for.
      const absent = error?.reason === 'not_found';
      if (error !== null && !absent) return this.#retryOrFail(error);
      if (zoneOperation === undefined || zoneOperation.done || absent) {
        if ((await this.#tools.compute.get(place)) === undefined) {
          await finishDelete(this.#operation, zoneOperation?.endedAtMs ?? undefined, this.#tools);
          return 'done';
        }
        if (zoneOperation === undefined) return this.#release('later');
        await this.#tools.sleep(this.#pauseMs());
      }
      const leftMs = this.#leftMs();
      if (leftMs < LAST_WAIT_MS) return this.#continueLater();
      zoneOperation = await this.#tools.compute.wait(place.zone, zoneOperation.name, leftMs - LAST_WAIT_MS / 2);
    }
  }

  /** What Compute Engine will not delete does not stay on the record: the reconciler goes on with the VM alone. */
  async #takeOffRecord(): Promise<void> {
    if (this.#held.instance === undefined) return;
    const { id: deleteId, instanceId } = this.#operation;
    await removeInstance({ instanceId, deleteId }, { vm: 'unknown' }, this.#tools);
  }

  get #operation(): Operation {
    return this.#held.operation.value;
  }

  #leftMs(): number {
    return this.#options.deadlineMs - this.#tools.nowMs();
  }

  async #look(): Promise<Machine | undefined> {
    const { instance } = this.#held;
    if (instance === undefined) return undefined;
    return this.#tools.compute.get({ zone: instance.value.zone, name: instance.id });
  }

  async #orphanZone(): Promise<string | undefined> {
    const orphan = await this.#tools.store.get(ref(ORPHAN, this.#operation.instanceId));
    return orphan?.value.zone;
  }

  /** Takes the lease and writes down the call that will be made. False when somebody else was faster. */
  async #claim(step: Step): Promise<boolean> {
    const nowMs = this.#tools.nowMs();
    const before = this.#operation;
    this.#plan(step);
    const next: Operation = {
      ...before,
      state: 'running',
      attempts: before.attempts + 1,
      startedAtMs: before.startedAtMs ?? nowMs,
      leaseUntilMs: this.#options.deadlineMs + LEASE_MARGIN_MS,
      leaseToken: this.#token,
      ...plannedCall(before, step, nowMs),
    };
    return this.#write(next);
  }

  async #writeDown(step: Extract<Step, { do: 'call' }>): Promise<boolean> {
    this.#plan(step);
    return this.#write({ ...this.#operation, ...plannedCall(this.#operation, step, this.#tools.nowMs()) });
  }

  #plan(step: Step): void {
    if (step.do === 'call') this.#refusedOnly = step.fresh || this.#operation.call?.mayBeApplied === false;
  }

  /** Writes the operation on condition that it is still as we know it. */
  async #write(next: Operation, writes: readonly Write[] = []): Promise<boolean> {
    const { store } = this.#tools;
    const { operation, instance } = this.#held;
    let known: Row<Operation> | undefined = operation;
    const written = await store.change<Row<Operation> | boolean>(async () => {
      const current = known ?? (await store.get(operation));
      known = undefined;
      if (current === undefined) return { writes: [], result: false };
      // Our own write, whose answer was lost.
      if (current.version !== operation.version)
        return { writes: [], result: current.value.leaseToken === this.#token && sameCall(current.value, next) };
      return {
        writes: [replace(current, next), ...writes],
        result: true,
        applied: (versionOf) => rowAfter(versionOf, current, next) ?? true,
      };
    });
    if (written === false) return false;
    if (written === true) await this.#reread();
    else this.#held = { operation: written, instance };
    return this.#operation.leaseToken === this.#token;
  }

  async #reread(): Promise<void> {
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

  async #take(step: Step, machine: Machine | undefined): Promise<Verdict | 'next'> {
    switch (step.do) {
      case 'complete':
        await this.#settle({ state: 'completed' }, machine, undefined);
        return 'done';
      case 'fail':
        await this.#settle(
          { state: 'failed', error: { reason: step.reason, message: step.message } },
          machine,
          undefined,
        );
        return 'done';
      case 'wait':
        if (this.#leftMs() < LAST_WAIT_MS) return this.#continueLater();
        await this.#tools.sleep(this.#pauseMs());
        return 'next';
      case 'follow':
        return this.#follow(step.zoneOperation);
      case 'call': {
        const asked = await this.#ask(step.verb);
        if (asked === 'later') return this.#release('later');
        if (asked instanceof CloudError) return this.#refused(asked);
        if (asked.error !== null) return this.#retryOrFail(asked.error);
        return (await this.#accepted(asked)) ? 'next' : 'later';
      }
    }
  }

  /** One call, under the requestId that is on record. Errors that may pass are `later`. */
  async #ask(verb: CloudCall['verb']): Promise<ZoneOperation | CloudError | 'later'> {
    const { compute, log } = this.#tools;
    const { call, id, instanceId } = this.#operation;
    const instance = this.#held.instance?.value;
    const place = { zone: instance?.zone ?? (await this.#orphanZone()) ?? '', name: instanceId };
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
      if (!error.transient || this.#operation.attempts >= ATTEMPTS_MAX) return error;
      if (this.#refusedOnly && call !== null)
        await this.#write({ ...this.#operation, call: { ...call, mayBeApplied: false } });
      return 'later';
    }
  }

  /**
   * The call is under way: its zone operation goes on record, and what the VM looks like now. False when the lease was
   * lost meanwhile: whoever has it now makes the same call, and has its answer.
   */
  async #accepted(zoneOperation: ZoneOperation): Promise<boolean> {
    const { call } = this.#operation;
    if (call === null) return true;
    const next: Operation = { ...this.#operation, call: { ...call, zoneOperation: zoneOperation.name } };
    const { instance } = this.#held;
    const machine = call.verb === 'reset' || instance === undefined ? undefined : await this.#look();
    const observed =
      machine === undefined || instance === undefined
        ? undefined
        : observe(
            instance.value,
            machine,
            this.#context({ startedAtMs: zoneOperation.startedAtMs, endedAtMs: zoneOperation.startedAtMs }),
          );
    const writes =
      observed === undefined || instance === undefined
        ? []
        : await observedWrites(instance, observed, this.#tools.store);
    try {
      const versionOf = await this.#tools.store.commitOnce([replace(this.#held.operation, next), ...writes]);
      const operation = writes.length === 0 ? rowAfter(versionOf, this.#held.operation, next) : undefined;
      if (operation === undefined) await this.#reread();
      else this.#held = { operation, instance };
      return true;
    } catch (thrown) {
      if (!(thrown instanceof Conflict)) throw thrown;
      // Somebody looked at the instance at the same time; his look is as good as ours. Only the call has to be noted.
      await this.#reread();
      return this.#operation.leaseToken === this.#token && this.#write({ ...this.#operation, call: next.call });
    }
  }

  async #follow(name: string): Promise<Verdict | 'next'> {
    const { instance } = this.#held;
    if (instance === undefined) return this.#release('later');
    const { zone } = instance.value;
    for (;;) {
      const leftMs = this.#leftMs();
      if (leftMs < LAST_WAIT_MS) return this.#continueLater();
      const zoneOperation = await this.#tools.compute.wait(zone, name, leftMs - LAST_WAIT_MS / 2);
      if (zoneOperation === undefined || (zoneOperation.done && zoneOperation.error === null)) {
        return this.#arrive(zoneOperation);
      }
      if (zoneOperation.error !== null) return this.#retryOrFail(zoneOperation.error);
    }
  }

  /** The call has ended well. Mostly the VM is where it should be, and the operation is over. */
  async #arrive(ended: CloudSpan | undefined): Promise<Verdict | 'next'> {
    const { call } = this.#operation;
    if (call === null) return 'next';
    const arrived: Operation = { ...this.#operation, call: { ...call, done: true } };
    const machine = await this.#look();
    const step = nextStep(arrived, machine, this.#tools.nowMs());
    if (step.do === 'complete') {
      await this.#settle({ state: 'completed' }, machine, ended);
      return 'done';
    }
    return (await this.#write(arrived)) ? 'next' : 'later';
  }

  /**
   * A call that was refused. That says nothing about an attempt at it that was never answered: under a new requestId it
   * could be applied twice.
   */
  async #refused(error: CloudError): Promise<Verdict> {
    const { call } = this.#operation;
    if (this.#refusedOnly) return this.#retryOrFail(error);
    return call?.verb === 'reset' && error.refused ? this.#giveUp(RESET_UNKNOWN) : this.#fail(error);
  }

  /** A zone operation that ended badly, or a call that was refused. */
  async #retryOrFail(error: Pick<CloudError, 'reason' | 'message'>): Promise<Verdict> {
    const { id, instanceId, callCount } = this.#operation;
    this.#tools.log.warn('a call to Compute Engine failed', {
      operationId: id,
      instanceId,
      reason: error.reason,
      detail: error.message,
    });
    const passing = new CloudError(error.reason, error.message).transient;
    if (passing && callCount < CALLS_MAX) {
      // The same requestId would answer the same failure: the next attempt is a new call.
      await this.#write({ ...this.#operation, call: null, leaseUntilMs: 0 });
      return 'later';
    }
    return this.#fail(error);
  }

  /** Gives up. A call that was never answered is not made again under a new requestId: that could apply it twice. */
  async #fail(error: Pick<CloudError, 'reason'>): Promise<Verdict> {
    return this.#giveUp(cloudReason(error.reason));
  }

  async #giveUp(error: NonNullable<End['error']>): Promise<Verdict> {
    if (this.#operation.kind === 'delete') await this.#takeOffRecord();
    await this.#settle({ state: 'failed', error }, await this.#look(), undefined);
    return 'done';
  }

  /** This delivery ends before the VM has arrived: the next one takes over, unless it has taken too long in all. */
  async #continueLater(): Promise<Verdict> {
    if (this.#takenMs() < PATIENCE_MS) return this.#release('continue');
    const message = 'The virtual machine did not get there within an hour. Its status shows where it is.';
    return this.#giveUp({ reason: 'gave_up', message });
  }

  #takenMs(): number {
    const nowMs = this.#tools.nowMs();
    const { call, startedAtMs } = this.#operation;
    return nowMs - (call?.askedAtMs ?? startedAtMs ?? nowMs);
  }

  #pauseMs(): number {
    return Math.min(Math.max(this.#takenMs() / 20, LOOK_AGAIN_MS.least), LOOK_AGAIN_MS.most);
  }

  async #release<V extends Verdict>(verdict: V): Promise<V> {
    const { operation } = this.#held;
    await this.#tools.store.change(async () => {
      const current = await this.#tools.store.get(operation);
      if (current?.value.leaseToken !== this.#token || isFinal(current.value.state))
        return { writes: [], result: undefined };
      // Going on is no failed attempt.
      const attempts = verdict === 'continue' ? 0 : current.value.attempts;
      return { writes: [replace(current, { ...current.value, attempts, leaseUntilMs: 0 })], result: undefined };
    });
    return verdict;
  }

  async #settle(end: End, machine: Machine | undefined, span: CloudSpan | undefined): Promise<void> {
    await settle(this.#held, end, this.#tools, { machine, context: this.#context(span) });
  }

  #context(span: CloudSpan | undefined): ObservationContext {
    const nowMs = this.#tools.nowMs();
    const { actor, id } = this.#operation;
    return {
      nowMs,
      atMs: span?.endedAtMs ?? nowMs,
      begunAtMs: span?.startedAtMs ?? null,
      cause: actor.type === 'admin' ? 'admin' : 'operation',
      actor,
      operationId: id,
    };
  }
}

/** Deliveries of one operation that may meet an error that passes. Pub/Sub gives up a little later than we do. */
const ATTEMPTS_MAX = 7;

/** What a step writes on the operation before it is taken. */
function plannedCall(operation: Operation, step: Step, nowMs: number): Pick<Operation, 'call' | 'callCount'> {
  if (step.do !== 'call') return { call: operation.call, callCount: operation.callCount };
  // Whoever makes the call may die over it.
  if (!step.fresh && operation.call !== null)
    return { call: { ...operation.call, mayBeApplied: true }, callCount: operation.callCount };
  const callCount = operation.callCount + 1;
  return {
    callCount,
    call: {
      verb: step.verb,
      requestId: requestUuid(operation.id, callCount),
      askedAtMs: nowMs,
      zoneOperation: null,
      done: false,
      mayBeApplied: true,
    },
  };
}

function sameCall(a: Operation, b: Operation): boolean {
  return a.call?.requestId === b.call?.requestId && a.callCount === b.callCount;
}
