import { ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { nextStep } from '#shared/domain/operation-plan.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import type { Place, ZoneOperation } from '#shared/gce/compute.ts';
import { findMachine } from '#shared/lifecycle/find-machine.ts';
import { finishDelete } from '#shared/lifecycle/remove-instance.ts';
import { settle } from '#shared/lifecycle/settle-operation.ts';
import { type Delivery, LAST_WAIT_MS, type Verdict } from './delivery.ts';

/**
 * Asks for the VM's deletion and follows it until the VM is gone. A delete that a caller waited for has taken the record
 * away already; one that was only accepted keeps it, and its place in the quota, until there is no VM any more.
 */
export async function runDelete(delivery: Delivery): Promise<Verdict> {
  const { lease, tools, operation } = delivery;
  const zone = lease.held.instance?.value.zone ?? (await orphanZone(delivery));
  if (zone === undefined) {
    // Neither record nor list know the VM any more: it is gone.
    await settle(lease.held, { state: 'completed' }, tools);
    return 'done';
  }
  const place = { zone, name: operation.instanceId };
  const machine = await tools.compute.get(place);
  const step = nextStep(operation, machine, tools.nowMs());
  if (!(await delivery.claim(step))) return 'later';
  if (step.do === 'follow')
    return followDelete(place, await tools.compute.operation(zone, step.zoneOperation), delivery);
  if (step.do !== 'call') return followDelete(place, undefined, delivery);
  const asked = await delivery.ask(step.verb, place);
  if (asked === 'later') return delivery.release('later');
  if (!(asked instanceof CloudError)) {
    const { call } = delivery.operation;
    const noted =
      call === null || (await lease.write({ ...delivery.operation, call: { ...call, zoneOperation: asked.name } }));
    return noted ? followDelete(place, asked, delivery) : 'later';
  }
  if (asked.reason === 'not_found') return followDelete(place, undefined, delivery);
  await delivery.takeOffRecord();
  return delivery.release('later');
}

async function followDelete(place: Place, first: ZoneOperation | undefined, delivery: Delivery): Promise<Verdict> {
  const { compute } = delivery.tools;
  let zoneOperation = first;
  for (;;) {
    const error = zoneOperation?.error ?? null;
    // That there is no such VM is what was wanted.
    const absent = error?.reason === 'not_found';
    if (error !== null && !absent) return delivery.retryOrFail(error);
    if (zoneOperation === undefined || zoneOperation.done || absent) {
      // A delete that has ended and a 404 confirm each other; a 404 alone does not.
      const confirmed = zoneOperation !== undefined && !absent;
      const machine = await (confirmed ? compute.get(place) : findMachine(place, delivery.tools));
      if (machine === undefined) {
        await finishDelete(delivery.operation, zoneOperation?.endedAtMs ?? undefined, delivery.tools);
        return 'done';
      }
      if (zoneOperation === undefined) return delivery.release('later');
      await delivery.pause();
    }
    const leftMs = delivery.leftMs();
    if (leftMs < LAST_WAIT_MS) return delivery.continueLater();
    zoneOperation = await compute.wait(place.zone, zoneOperation.name, leftMs - LAST_WAIT_MS / 2);
  }
}

async function orphanZone({ tools, operation }: Delivery): Promise<string | undefined> {
  const orphan = await tools.store.get(ref(ORPHAN, operation.instanceId));
  return orphan?.value.zone;
}
