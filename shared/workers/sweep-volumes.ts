import { time } from '#shared/datastore/field.ts';
import { DUE_VOLUMES } from '#shared/datastore/queries.ts';
import type { Row } from '#shared/datastore/write.ts';
import { isLive, type Volume } from '#shared/domain/volume.ts';
import type { Disk } from '#shared/gce/disks.ts';
import { settleVolume } from '#shared/lifecycle/settle-volume.ts';
import type { VolumeTools } from '#shared/lifecycle/volume-tools.ts';
import { type Comparison, forEachRow } from './compare-machines.ts';
import { each } from './each.ts';
import { ORPHAN_AGE_MS } from './orphan-times.ts';
import { BATCH } from './sweep-report.ts';

/**
 * Settles the volumes that are due because their disks were not as recorded, the longest due first. Returns their
 * number.
 */
export async function settleDueVolumes(tools: VolumeTools, mayGoOn: () => boolean): Promise<number> {
  const { rows } = await tools.store.query(DUE_VOLUMES, { checkAtMs: time.encode(tools.nowMs()) }, { limit: BATCH });
  await each(
    rows,
    async ({ id }) => {
      await settleVolume(id, tools);
    },
    mayGoOn,
  );
  return rows.length;
}

/** Settles the volumes whose disk is not as recorded. Returns the number of live ones. */
export async function compareVolumes(
  volumes: readonly Row<Volume>[],
  disks: ReadonlyMap<string, Disk>,
  comparison: Comparison,
): Promise<number> {
  const { tools, startedAtMs } = comparison;
  const wrong = volumes.filter((row) => row.value.createdAtMs < startedAtMs && differs(row, disks.get(row.id)));
  await forEachRow(
    wrong,
    async ({ id }) => {
      await settleVolume(id, tools);
    },
    comparison,
  );
  return volumes.filter(({ value }) => isLive(value)).length;
}

/** Returns whether a volume's disk is not as recorded. */
function differs({ value: volume }: Row<Volume>, disk: Disk | undefined): boolean {
  // A volume with a due time is checked at that time.
  if (volume.checkAtMs !== null) return false;
  if (!isLive(volume)) return disk !== undefined;
  return disk === undefined || (disk.users[0] ?? '') !== (volume.use?.instanceId ?? '');
}

/** The disks without a volume that are old enough to have one. */
export function diskCandidates(
  disks: Iterable<Disk>,
  volumes: ReadonlySet<string>,
  startedAtMs: number,
): readonly Disk[] {
  return [...disks].filter(({ name, createdAtMs }) => !volumes.has(name) && startedAtMs - createdAtMs >= ORPHAN_AGE_MS);
}
