import { nextStep } from '#shared/domain/operation-plan.ts';
import { requestUuid, UNPROTECT_CALL } from '#shared/domain/request-uuid.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import type { Place, ZoneOperation } from '#shared/gce/compute.ts';
import { findMachine } from '#shared/lifecycle/find-machine.ts';
import { launchWaitingBids } from '#shared/lifecycle/launch-waiting-bids.ts';
import { orphanZone } from '#shared/lifecycle/orphan-zone.ts';
import { finishDelete } from '#shared/lifecycle/remove-instance.ts';
import { settle } from '#shared/lifecycle/settle-operation.ts';
import { type Delivery, LAST_WAIT_MS, type Verdict } from './delivery.ts';

/**
 * Requests the VM's deletion and follows it until the VM no longer exists. A delete for which the caller waited has
 * removed the record already; an accepted delete keeps the record and its quota until the VM is gone.
 */
export async function runDelete(delivery: Delivery): Promise<Verdict> {
  const { lease, tools, operation } = delivery;
  const zone = lease.held.instance?.value.zone ?? (await orphanZone(operation.instanceId, tools));
  if (zone === undefined) {
    // Neither a record nor an orphan names the VM any more, so it was deleted.
    await settle(lease.held, { state: 'completed' }, tools);
    return 'done';
  }
  const place = { zone, name: operation.instanceId };
  for (;;) {
    const verdict = await attempt(place, delivery);
    if (verdict !== 'next') return verdict;
  }
}

async function attempt(place: Place, delivery: Delivery): Promise<Verdict | 'next'> {
  const { lease, tools } = delivery;
  const machine = await tools.compute.get(place);
  const step = nextStep(delivery.operation, machine, tools.nowMs());
  if (!(await delivery.prepare(step))) return 'done';
  if (step.do === 'follow')
    return followDelete(place, await tools.compute.operation(place.zone, step.zoneOperation), delivery);
  if (step.do !== 'call') return followDelete(place, undefined, delivery);
  const isForced = delivery.operation.edit?.deletionProtection === false;
  if (machine?.deletionProtection === true && isForced) await unprotect(place, delivery);
  const asked = await delivery.ask(step.verb, place);
  if (asked === 'later') return delivery.tryAgain();
  if (!(asked instanceof CloudError)) {
    const { call } = delivery.operation;
    const noted =
      call === null ||
      (await lease.write({ ...delivery.operation, attempts: 0, call: { ...call, zoneOperation: asked.name } }));
    return noted ? followDelete(place, asked, delivery) : 'done';
  }
  if (asked.reason === 'not_found') return followDelete(place, undefined, delivery);
  await delivery.takeOffRecord();
  await roomMade(delivery);
  return delivery.goOnLater();
}

/**
 * Removes the VM's protection for an administrator's forced delete. If Compute Engine refuses this, it also refuses the
 * delete, and the delete's own failure ends the operation.
 */
async function unprotect(place: Place, { operation: { id, instanceId }, tools }: Delivery): Promise<void> {
  const call = { verb: 'setDeletionProtection', deletionProtection: false } as const;
  try {
    await tools.compute.edit(call, place, requestUuid(id, UNPROTECT_CALL));
  } catch (thrown) {
    tools.log.warn('the protection of a VM could not be taken off', { operationId: id, instanceId, cause: thrown });
  }
}

async function roomMade({ lease, tools }: Delivery): Promise<void> {
  const gone = lease.held.instance?.value;
  if (gone !== undefined) await launchWaitingBids(gone, tools);
}

async function followDelete(
  place: Place,
  first: ZoneOperation | undefined,
  delivery: Delivery,
): Promise<Verdict | 'next'> {
  const { compute } = delivery.tools;
  let zoneOperation = first;
  for (;;) {
    const error = zoneOperation?.error ?? null;
    // A delete that fails with `not_found` has its desired result.
    const absent = error?.reason === 'not_found';
    if (error !== null && !absent) return delivery.retryOrFail(error);
    if (zoneOperation === undefined || zoneOperation.done || absent) {
      await delivery.lease.keep();
      // After a delete operation that succeeded, one 404 is enough; otherwise the 404 is verified.
      const confirmed = zoneOperation !== undefined && !absent;
      const machine = await (confirmed ? compute.get(place) : findMachine(place, delivery.tools));
      if (machine === undefined) {
        await finishDelete(delivery.operation, zoneOperation?.endedAtMs ?? undefined, delivery.tools);
        await roomMade(delivery);
        return 'done';
      }
      if (zoneOperation === undefined || !(await delivery.pause())) return delivery.goOnLater();
    }
    const leftMs = delivery.leftMs();
    if (leftMs < LAST_WAIT_MS) return delivery.goOnLater();
    await delivery.lease.keep();
    zoneOperation = await compute.wait(place.zone, zoneOperation.name, leftMs);
  }
}
