import { VOLUME } from '#shared/datastore/volume-rows.ts';
import { ref, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { idOf } from '#shared/domain/fids.ts';
import type { AttachedVolume } from '#shared/domain/instance.ts';
import {
  assignedTo,
  claimedBy,
  isLive,
  released,
  type Volume,
  type VolumeClaim,
  volumeNotFound,
} from '#shared/domain/volume.ts';
import type { Tools } from './tools.ts';

/*
 * The volumes of a spot bid. Each function returns rows or writes for its caller's commit, so that bid, instances and
 * volumes change together. What to call when a bid is:
 *
 * - placed:    `readVolumes`, and `claimVolumes` with the bid's insert;
 * - launched:  `assignVolumes` with the instances' inserts, and `volumesOf` for the machine's spec: the VM's insert
 *              attaches the disks. While another VM still has one, Compute Engine refuses the insert as not ready;
 * - withdrawn after a stockout: `assignVolumes(rows, null, …)`;
 * - changed:   `claimVolumes` and `assignVolumes` for added volumes, `releaseVolumes` for removed ones; after the
 *              commit `settleVolume` for each, otherwise the sweep does it within a minute;
 * - cancelled: `releaseVolumes`. The VM's delete keeps the disks, because they are attached without autoDelete.
 */

/** The customer and project that volumes must belong to. */
export interface VolumeScope {
  readonly customerId: string;
  readonly project: string;
}

/**
 * Reads the volumes with these ids, each once, in the order of the ids. Throws the same `not_found` for a volume that
 * does not exist and for one of another customer or project.
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
 * Returns the writes that assign the volumes to a bid. Throws `unprocessable` for a volume of another region, and
 * `conflict` for a volume that another bid uses.
 */
export function claimVolumes(rows: readonly Row<Volume>[], claim: VolumeClaim): readonly Write[] {
  return changed(rows, (volume) => claimedBy(volume, claim));
}

/** Returns the writes after which the bid's volumes shall be attached to this instance; `null`: to none. */
export function assignVolumes(
  rows: readonly Row<Volume>[],
  instanceId: string | null,
  { nowMs }: Pick<Tools, 'nowMs'>,
): readonly Write[] {
  return changed(rows, (volume) => assignedTo(volume, instanceId, nowMs()));
}

/** Returns the writes after which no bid uses the volumes any more. */
export function releaseVolumes(rows: readonly Row<Volume>[], { nowMs }: Pick<Tools, 'nowMs'>): readonly Write[] {
  return changed(rows, (volume) => released(volume, nowMs()));
}

/**
 * Returns the writes that claim volumes and assign them at once, because one commit cannot write the same row twice.
 */
export function claimAndAssignVolumes(
  rows: readonly Row<Volume>[],
  claim: VolumeClaim & { readonly instanceId: string },
  { nowMs }: Pick<Tools, 'nowMs'>,
): readonly Write[] {
  return changed(rows, (volume) => assignedTo(claimedBy(volume, claim), claim.instanceId, nowMs()));
}

/** Returns the volumes in the form that an instance's machine spec has. */
export function volumesOf(rows: readonly Row<Volume>[]): readonly AttachedVolume[] {
  return rows.map(({ id, value }) => ({ disk: id, deviceName: value.use?.deviceName ?? value.name }));
}

function changed(rows: readonly Row<Volume>[], change: (volume: Volume) => Volume): readonly Write[] {
  return rows.flatMap((row) => {
    const value = change(row.value);
    return value === row.value ? [] : [replace(row, value)];
  });
}
