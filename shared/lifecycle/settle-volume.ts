import { VOLUME } from '#shared/datastore/volume-rows.ts';
import { ref, type Row } from '#shared/datastore/write.ts';
import { known } from '#shared/domain/stored-word.ts';
import { type Volume, VOLUME_STATES } from '#shared/domain/volume.ts';
import { type CloudError, toCloudError } from '#shared/gce/cloud-error.ts';
import type { Place } from '#shared/gce/compute.ts';
import { DEPLOYMENT_LABEL } from '#shared/domain/deployment-label.ts';
import type { Disk } from '#shared/gce/disks.ts';
import { endVolume } from './end-volume.ts';
import { findDisk } from './find-disk.ts';
import { placeDisk } from './place-disk.ts';
import {
  carriedOut,
  LOOK_AGAIN_MS,
  LOOK_AGAIN_MS_MAX,
  noteVolume,
  OPEN,
  OperationFailed,
  postpone,
  SETTLED,
  type VolumeOutcome,
  volumeRequestId,
} from './volume-steps.ts';
import type { VolumeTools } from './volume-tools.ts';

/** How long a disk can still appear after an insert without a clear answer. */
const LATE_INSERT_MS = 10 * 60_000;
/**
 * After this many failed attempts, which take hours, the creation of a disk is given up unless a bid needs the volume.
 */
const ATTEMPTS_MAX = 20;

/**
 * Brings a volume's disk one step closer to the record: creates, attaches, detaches or deletes the disk. Safe to repeat
 * and to run in parallel: names and requestIds derive from the record, and the result is written only if the record is
 * unchanged.
 *
 * Throws `Conflict` when the record has changed meanwhile, because another process has recorded a newer state.
 */
export async function settleVolume(id: string, tools: VolumeTools): Promise<VolumeOutcome> {
  const row = await tools.store.get(ref(VOLUME, id));
  if (row === undefined) return SETTLED;
  switch (known(VOLUME_STATES, row.value.state)) {
    case 'creating':
      return makeDisk(row, tools);
    case 'ready':
      return placeReady(row, tools);
    case 'deleted':
    case 'failed':
      return removeDisk(row, tools);
    case undefined:
      // The state is of a newer version of this software, which handles it.
      return SETTLED;
  }
}

async function makeDisk(row: Row<Volume>, tools: VolumeTools): Promise<VolumeOutcome> {
  const { disks, nowMs } = tools;
  const { value: volume } = row;
  const place = { zone: volume.zone, name: volume.id };
  try {
    const insert = () => disks.insert(place, volume, volumeRequestId(volume, 'insert'));
    const { done } = await carriedOut(volume.zone, insert, tools);
    if (!done) {
      await noteVolume(row, { checkAtMs: nowMs() + LOOK_AGAIN_MS }, tools);
      return OPEN;
    }
  } catch (thrown) {
    const error = toCloudError(thrown);
    const hasEnded = thrown instanceof OperationFailed;
    // Nothing else creates a disk of this name, so an existing one was created by an earlier call.
    if (error.reason !== 'already_exists' && (await mayBeFound(place, tools)) === undefined) {
      const givenUp = volume.attempts >= ATTEMPTS_MAX && volume.use === null;
      if (error.transient && !givenUp) return postpone(row, { hasEnded }, tools);
      return refuse(row, error, tools);
    }
  }
  return becomeReady(row, tools);
}

async function becomeReady(row: Row<Volume>, tools: VolumeTools): Promise<VolumeOutcome> {
  const { use, callNumber } = row.value;
  const isWanted = use !== null && use.instanceId !== null;
  const checkAtMs = isWanted ? tools.nowMs() : null;
  await noteVolume(row, { state: 'ready', attempts: 0, callNumber: callNumber + 1, checkAtMs }, tools);
  return SETTLED;
}

async function mayBeFound(place: Place, tools: VolumeTools): Promise<Disk | undefined> {
  try {
    return await tools.disks.get(place);
  } catch {
    // Compute Engine gives no answer; the next attempt checks again.
    return undefined;
  }
}

async function refuse(row: Row<Volume>, error: CloudError, tools: VolumeTools): Promise<VolumeOutcome> {
  const { id, zone, attempts } = row.value;
  tools.log.warn('Compute Engine refused the disk of a volume', {
    volume: id,
    zone,
    reason: error.reason,
    cause: error,
  });
  // Only a refusal of the first attempt is returned to the caller; later, the owner has already seen the volume.
  await endVolume(id, { state: attempts === 0 ? 'failed' : 'deleted', decidedBy: row }, tools);
  return { is: 'refused', error };
}

async function placeReady(row: Row<Volume>, tools: VolumeTools): Promise<VolumeOutcome> {
  const { value: volume } = row;
  const disk = await findDisk({ zone: volume.zone, name: volume.id }, tools);
  if (disk !== undefined) return placeDisk(row, disk, tools);
  tools.log.error('the disk of a volume is gone; the volume is deleted', { volume: volume.id, zone: volume.zone });
  await endVolume(volume.id, { state: 'deleted' }, tools);
  return SETTLED;
}

/** Deletes the disk of a volume that has ended, until it is certainly gone. */
async function removeDisk(row: Row<Volume>, tools: VolumeTools): Promise<VolumeOutcome> {
  const { disks, nowMs, log } = tools;
  const { value: volume } = row;
  const place = { zone: volume.zone, name: volume.id };
  const disk = await findDisk(place, tools);
  if (disk === undefined) {
    const lateUntilMs = volume.createdAtMs + LATE_INSERT_MS;
    const isLate = nowMs() >= lateUntilMs;
    await noteVolume(row, { attachedTo: '', checkAtMs: isLate ? null : lateUntilMs }, tools);
    return SETTLED;
  }
  const { name, value } = tools.compute.label;
  if (disk.labels[name] !== value) {
    log.error(`a disk that should go has lost the label ${DEPLOYMENT_LABEL}; it is left alone`, { disk: disk.name });
    await noteVolume(row, { checkAtMs: nowMs() + LOOK_AGAIN_MS_MAX }, tools);
    return OPEN;
  }
  if (disk.users.length > 0) return placeDisk(row, disk, tools);
  try {
    const { done } = await carriedOut(volume.zone, () => disks.delete(place, volumeRequestId(volume, 'delete')), tools);
    // The volume is checked once more, to observe that the disk is gone.
    const waitMs = done ? Math.max(LOOK_AGAIN_MS, volume.createdAtMs + LATE_INSERT_MS - nowMs()) : LOOK_AGAIN_MS;
    await noteVolume(row, { attachedTo: '', callNumber: volume.callNumber + 1, checkAtMs: nowMs() + waitMs }, tools);
    return done ? SETTLED : OPEN;
  } catch (thrown) {
    const error = toCloudError(thrown);
    log.warn('the disk of a deleted volume could not be deleted yet', { volume: volume.id, reason: error.reason });
    return postpone(row, { hasEnded: thrown instanceof OperationFailed }, tools);
  }
}
