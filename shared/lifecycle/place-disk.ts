import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref, type Row } from '#shared/datastore/write.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Volume } from '#shared/domain/volume.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import type { ZoneOperation } from '#shared/gce/compute.ts';
import type { Disk } from '#shared/gce/disks.ts';
import {
  carriedOut,
  LOOK_AGAIN_MS,
  noteVolume,
  OPEN,
  OperationFailed,
  postpone,
  SETTLED,
  type VolumeOutcome,
  volumeRequestId,
} from './volume-steps.ts';
import type { VolumeTools } from './volume-tools.ts';

/**
 * Attaches the disk to the VM that the record names, under the recorded device name, and detaches it from any other VM.
 */
export async function placeDisk(row: Row<Volume>, disk: Disk, tools: VolumeTools): Promise<VolumeOutcome> {
  const { use, callNumber } = row.value;
  const wanted = use?.instanceId ?? undefined;
  const [user] = disk.users;
  if (user === wanted && (user === undefined || (await hasOwnName(row.value, user, tools)))) {
    await noteVolume(row, { attachedTo: user ?? '', attempts: 0, callNumber: callNumber + 1, checkAtMs: null }, tools);
    return SETTLED;
  }
  if (user !== undefined) return takeOff(row, user, tools);
  return wanted === undefined ? OPEN : putOn(row, wanted, tools);
}

/**
 * Returns false if the disk is attached under an old name: the volume was renamed and given back to its VM before it
 * was detached.
 */
async function hasOwnName(
  { id, zone, use }: Volume,
  machine: string,
  { disks }: Pick<VolumeTools, 'disks'>,
): Promise<boolean> {
  const deviceName = await disks.deviceNameOf({ zone, name: id }, machine);
  return deviceName === undefined || deviceName === use?.deviceName;
}

/** Detaches the disk from a VM. Only looks again later if the VM is being deleted, because that detaches its disks. */
async function takeOff(row: Row<Volume>, machine: string, tools: VolumeTools): Promise<VolumeOutcome> {
  const { disks, store } = tools;
  const { value: volume } = row;
  const instance = await store.get(ref(INSTANCE, machine));
  if (instance === undefined || isLeaving(instance.value)) return lookLater(row, { attachedTo: machine }, tools);
  const place = { zone: volume.zone, name: volume.id };
  return move(row, { attachedTo: '' }, tools, async () => {
    const deviceName = (await disks.deviceNameOf(place, machine)) ?? '';
    return disks.detach(place, { machine, deviceName }, volumeRequestId(volume, `detach/${machine}`));
  });
}

/**
 * Attaches the disk. A VM that is being created attaches it through its own insert. If the instance has no record, it
 * never will have one, because the record is written in the commit that assigns the volume: the volume then waits for
 * the first instance of the bid's next launch.
 */
async function putOn(row: Row<Volume>, machine: string, tools: VolumeTools): Promise<VolumeOutcome> {
  const { disks, store } = tools;
  const { value: volume } = row;
  const instance = await store.get(ref(INSTANCE, machine));
  if (instance === undefined) return rest(row, tools);
  if (isLeaving(instance.value) || isComing(instance.value)) return lookLater(row, {}, tools);
  if (isLost(instance.value)) return waitForMachine(row, tools);
  const place = { zone: volume.zone, name: volume.id };
  const deviceName = volume.use?.deviceName ?? volume.name;
  return move(row, { attachedTo: machine }, tools, () =>
    disks.attach(place, { machine, deviceName }, volumeRequestId(volume, `attach/${machine}`)),
  );
}

async function move(
  row: Row<Volume>,
  result: Pick<Volume, 'attachedTo'>,
  tools: VolumeTools,
  call: () => Promise<ZoneOperation>,
): Promise<VolumeOutcome> {
  const { id, zone, callNumber, deletedAtMs } = row.value;
  try {
    const { done } = await carriedOut(zone, call, tools);
    if (!done) return await lookLater(row, {}, tools);
    // After a detach the disk still has to be attached to another VM or deleted.
    const isOver = deletedAtMs === null && result.attachedTo === (row.value.use?.instanceId ?? '');
    const checkAtMs = isOver ? null : tools.nowMs();
    await noteVolume(row, { ...result, attempts: 0, callNumber: callNumber + 1, checkAtMs }, tools);
    return isOver ? SETTLED : OPEN;
  } catch (thrown) {
    if (!(thrown instanceof CloudError)) throw thrown;
    tools.log.warn('a volume could not be attached or detached yet', {
      volume: id,
      instanceId: result.attachedTo,
      reason: thrown.reason,
      cause: thrown,
    });
    return postpone(row, { hasEnded: thrown.refused || thrown instanceof OperationFailed }, tools);
  }
}

async function rest(row: Row<Volume>, tools: VolumeTools): Promise<VolumeOutcome> {
  const use = row.value.use === null ? null : { ...row.value.use, instanceId: null };
  await noteVolume(row, { use, attachedTo: '', attempts: 0, checkAtMs: null }, tools);
  return SETTLED;
}

/**
 * Keeps the volume assigned to an instance whose VM does not exist. If a VM of that name appears again, the next
 * comparison of all disks finds the difference and attaches the disk.
 */
async function waitForMachine(row: Row<Volume>, tools: VolumeTools): Promise<VolumeOutcome> {
  const { attachedTo, checkAtMs } = row.value;
  const isNoted = attachedTo === '' && checkAtMs === null;
  if (!isNoted) await noteVolume(row, { attachedTo: '', attempts: 0, checkAtMs: null }, tools);
  return SETTLED;
}

async function lookLater(row: Row<Volume>, changes: Partial<Volume>, tools: VolumeTools): Promise<VolumeOutcome> {
  await noteVolume(row, { ...changes, checkAtMs: tools.nowMs() + LOOK_AGAIN_MS }, tools);
  return OPEN;
}

/** Returns whether the instance's VM was deleted outside of this API. */
function isLost({ statusReason }: Instance): boolean {
  return statusReason?.reason === 'vm_missing';
}

function isLeaving({ queue }: Instance): boolean {
  return queue.some(({ kind }) => kind === 'delete');
}

function isComing({ cloudId, queue }: Instance): boolean {
  return cloudId === '' && queue.some(({ kind }) => kind === 'create');
}
