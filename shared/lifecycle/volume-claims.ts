import { VOLUME } from '#shared/datastore/volume-rows.ts';
import { ref, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { idOf } from '#shared/domain/fids.ts';
import type { AttachedVolume } from '#shared/domain/instance.ts';
import {
  assignedTo,
  claimedBy,
  isLive,
  released,
  requireOneInstance,
  type Volume,
  type VolumeClaim,
  volumeNotFound,
} from '#shared/domain/volume.ts';
import type { Tools } from './tools.ts';

/*
 * Volumes as a spot bid uses them. Each function answers rows or writes for the caller's own commit, so that bid, instances
 * and volumes change together:
 *
 * - placed:    `readVolumes`, `claimVolumes` beside the bid's insert;
 * - allocated: `assignVolumes` beside the instances' inserts, and `volumesOf` in the machine's spec: the VM's own insert
 *              brings the disks. While a dying VM still has one, Compute Engine refuses the insert as not ready yet;
 * - taken back after a stockout: `assignVolumes(rows, null, …)`;
 * - changed:   `claimVolumes` and `assignVolumes` for those that come, `releaseVolumes` for those that go, and after the
 *              commit `settleVolume` for each, or the sweep within a minute;
 * - cancelled: `releaseVolumes`. The VM's delete leaves the disks, because they are attached without autoDelete.
 */

/** Who may have which volumes. */
export interface VolumeScope {
  readonly customerId: string;
  readonly project: string;
}

/**
 * The volumes of these fids, in their order, each once. Throws the one `not_found` for a volume that is not there, is not
 * the customer's, or belongs to another project.
 */
export async function readVolumes(
  fids: readonly string[],
  { customerId, project }: VolumeScope,
  { store }: Pick<Tools, 'store'>,
): Promise<readonly Row<Volume>[]> {
  const ids = [...new Set(fids)].map((fid) => idOf('volume', fid));
  const rows = await store.getAll(ids.map((id) => (id === undefined ? undefined : ref(VOLUME, id))));
  return rows.map((row) => {
    const isTheirs = row?.value.customerId === customerId && row.value.project === project;
    if (row === undefined || !isTheirs || !isLive(row.value)) throw volumeNotFound();
    return row;
  });
}

/**
 * Writes that give the volumes to a bid. Throws `unprocessable` for a volume of another region and for more than one
 * instance, because a block device belongs to one VM; `conflict` for a volume that another bid has.
 */
export function claimVolumes(rows: readonly Row<Volume>[], claim: VolumeClaim): readonly Write[] {
  if (rows.length > 0) requireOneInstance(claim);
  return changed(rows, (volume) => claimedBy(volume, claim));
}

/** Writes after which the volumes of a bid are to be attached to this instance, or to none. */
export function assignVolumes(
  rows: readonly Row<Volume>[],
  instanceId: string | null,
  { nowMs }: Pick<Tools, 'nowMs'>,
): readonly Write[] {
  return changed(rows, (volume) => assignedTo(volume, instanceId, nowMs()));
}

/** Writes after which no bid has the volumes any more. */
export function releaseVolumes(rows: readonly Row<Volume>[], { nowMs }: Pick<Tools, 'nowMs'>): readonly Write[] {
  return changed(rows, (volume) => released(volume, nowMs()));
}

/** Writes that claim volumes and assign them at once: the two on one row cannot be two writes of one commit. */
export function claimAndAssignVolumes(
  rows: readonly Row<Volume>[],
  claim: VolumeClaim & { readonly instanceId: string },
  { nowMs }: Pick<Tools, 'nowMs'>,
): readonly Write[] {
  if (rows.length > 0) requireOneInstance(claim);
  return changed(rows, (volume) => assignedTo(claimedBy(volume, claim), claim.instanceId, nowMs()));
}

/** The volumes as an instance's machine spec names them. */
export function volumesOf(rows: readonly Row<Volume>[]): readonly AttachedVolume[] {
  return rows.map(({ id, value }) => ({ disk: id, deviceName: value.use?.deviceName ?? value.name }));
}

function changed(rows: readonly Row<Volume>[], change: (volume: Volume) => Volume): readonly Write[] {
  return rows.flatMap((row) => {
    const value = change(row.value);
    return value === row.value ? [] : [replace(row, value)];
  });
}
