import { Conflict } from '#shared/datastore/write.ts';
import { observe } from '#shared/domain/observe.ts';
import { nextStep, PREEMPTED_EARLY, type Step } from '#shared/domain/operation-plan.ts';
import type { Operation } from '#shared/domain/operation.ts';
import { isLeaving } from '#shared/domain/power.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import type { Machine, ZoneOperation } from '#shared/gce/compute.ts';
import { observedWrites } from '#shared/lifecycle/instance-writes.ts';
import { type CloudSpan, type Delivery, LAST_WAIT_MS, type Verdict } from './delivery.ts';

/** Runs a create or power operation step by step; record and VM determine each step. */
export async function runPower(delivery: Delivery): Promise<Verdict> {
  let machine: Machine | undefined;
  for (;;) {
    const { call } = delivery.operation;
    const following = call !== null && !call.done && call.zoneOperation !== null;
    if (!following) machine = await delivery.look();
    const step = nextStep(delivery.operation, machine, delivery.tools.nowMs());
    if (!(await delivery.prepare(step))) return 'done';
    // The rows may have been read again since the VM was: an accepted delete takes precedence.
    if (leaves(delivery)) return delivery.superseded();
    const verdict = await take(await explained(step, delivery), machine, delivery);
    if (verdict !== 'next') return verdict;
  }
}

function leaves({ lease }: Delivery): boolean {
  const { instance } = lease.held;
  return instance === undefined || isLeaving(instance.value);
}

/** Replaces the reason of a VM that stopped early if the cloud's event of a pre-emption is already on record. */
async function explained(step: Step, { lease }: Delivery): Promise<Step> {
  if (step.do !== 'fail' || step.reason !== 'vm_stopped') return step;
  await lease.reread();
  return lease.held.instance?.value.preempted === true ? { do: 'fail', ...PREEMPTED_EARLY } : step;
}

async function take(step: Step, machine: Machine | undefined, delivery: Delivery): Promise<Verdict | 'next'> {
  switch (step.do) {
    case 'complete':
      await delivery.settle({ state: 'completed' }, machine, await spanOf(delivery));
      return 'done';
    case 'fail':
      await delivery.settle(
        { state: 'failed', error: { reason: step.reason, message: step.message } },
        machine,
        undefined,
      );
      return 'done';
    case 'wait':
      return (await delivery.pause()) ? 'next' : delivery.goOnLater();
    case 'follow':
      return follow(step.zoneOperation, delivery);
    case 'call': {
      const place = { zone: delivery.lease.held.instance?.value.zone ?? '', name: delivery.operation.instanceId };
      const asked = await delivery.ask(step.verb, place, machine);
      if (asked === 'later') return delivery.tryAgain();
      if (asked instanceof CloudError) return delivery.refused(asked);
      if (asked.error !== null) return delivery.retryOrFail(asked.error);
      if (!(await accepted(asked, delivery))) return 'done';
      return delivery.leftMs() < LAST_WAIT_MS ? delivery.goOnLater() : 'next';
    }
  }
}

/**
 * Returns when the zone operation of the call ran: the VM's status changed at its end. `undefined` if there is none or
 * Compute Engine does not answer; the change is then dated by when it was observed.
 */
async function spanOf({ operation, lease, tools }: Delivery): Promise<CloudSpan | undefined> {
  const { call } = operation;
  const { instance } = lease.held;
  if (typeof call?.zoneOperation !== 'string' || instance === undefined) return undefined;
  try {
    return await tools.compute.operation(instance.value.zone, call.zoneOperation);
  } catch (thrown) {
    tools.log.warn('a zone operation could not be read; the time of a change is when it was seen', {
      instanceId: instance.id,
      cause: thrown,
    });
    return undefined;
  }
}

/**
 * Records the accepted call's zone operation and the VM's present status. Returns false when the lease was lost
 * meanwhile; its new holder repeats the same call and gets the same answer.
 */
async function accepted(zoneOperation: ZoneOperation, delivery: Delivery): Promise<boolean> {
  const { lease, tools } = delivery;
  const { call } = delivery.operation;
  if (call === null) return true;
  const next: Operation = { ...delivery.operation, attempts: 0, call: { ...call, zoneOperation: zoneOperation.name } };
  const { instance } = lease.held;
  const machine = call.verb === 'reset' || instance === undefined ? undefined : await delivery.look();
  const span = { startedAtMs: zoneOperation.startedAtMs, endedAtMs: zoneOperation.startedAtMs };
  const observed =
    machine === undefined || instance === undefined || isLeaving(instance.value)
      ? undefined
      : observe(instance.value, machine, delivery.context(span));
  const writes =
    observed === undefined || instance === undefined ? [] : await observedWrites(instance, observed, tools.store);
  try {
    await lease.writeWith(next, writes);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof Conflict)) throw thrown;
    // Another process has recorded an observation of the same VM, which is as good. Only the call has to be recorded.
    await lease.reread();
    return lease.isOurs && lease.write({ ...lease.operation, attempts: 0, call: next.call });
  }
}

async function follow(name: string, delivery: Delivery): Promise<Verdict | 'next'> {
  const { instance } = delivery.lease.held;
  if (instance === undefined) return delivery.superseded();
  const { zone } = instance.value;
  const { compute } = delivery.tools;
  for (;;) {
    const leftMs = delivery.leftMs();
    await delivery.lease.keep();
    // Reads the zone operation even without time to wait: this delivery may have been triggered by its end.
    const zoneOperation = await (leftMs < LAST_WAIT_MS
      ? compute.operation(zone, name)
      : compute.wait(zone, name, leftMs));
    if (zoneOperation === undefined || (zoneOperation.done && zoneOperation.error === null))
      return arrive(zoneOperation, delivery);
    if (zoneOperation.error !== null) return delivery.retryOrFail(zoneOperation.error);
    if (delivery.leftMs() < LAST_WAIT_MS) return delivery.goOnLater();
  }
}

/** Handles a call that succeeded. Usually the VM has reached its target, and the operation is completed. */
async function arrive(ended: CloudSpan | undefined, delivery: Delivery): Promise<Verdict | 'next'> {
  const { call } = delivery.operation;
  if (call === null) return 'next';
  const arrived: Operation = { ...delivery.operation, call: { ...call, done: true } };
  const machine = await delivery.look();
  const step = nextStep(arrived, machine, delivery.tools.nowMs());
  if (step.do === 'complete') {
    await delivery.settle({ state: 'completed' }, machine, ended);
    return 'done';
  }
  return (await delivery.lease.write(arrived)) ? 'next' : 'done';
}
