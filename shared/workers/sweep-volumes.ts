import { time } from '#shared/datastore/field.ts';
import { ALL_VOLUMES, DUE_VOLUMES } from '#shared/datastore/queries.ts';
import { ORPHAN_DISK, VOLUME } from '#shared/datastore/volume-rows.ts';
import { Conflict, insert, ref, type Row } from '#shared/datastore/write.ts';
import { isLive, type Volume } from '#shared/domain/volume.ts';
import type { Disk } from '#shared/gce/disks.ts';
import { settleVolume } from '#shared/lifecycle/settle-volume.ts';
import type { VolumeTools } from '#shared/lifecycle/volume-tools.ts';
import { ORPHAN_AGE_MS, QUARANTINE_MS } from './orphan-times.ts';
import { each } from './each.ts';
import { BATCH } from './sweep-report.ts';

/** Result of comparing all disks with all volumes. */
export interface DiskComparison {
  /** Number of disks with our label. */
  readonly disks: number;
  /** Number of live volumes. */
  readonly volumes: number;
  /** Disks that should have a volume but have none. */
  readonly unrecordedDisks: readonly Disk[];
}

/**
 * Settles the volumes that are due because their disks were not as recorded, the longest due first. Returns their
 * number.
 */
export async function settleDueVolumes(tools: VolumeTools): Promise<number> {
  const { rows } = await tools.store.query(DUE_VOLUMES, { checkAtMs: time.encode(tools.nowMs()) }, { limit: BATCH });
  await each(rows, async ({ id }) => {
    await settleVolume(id, tools);
  });
  return rows.length;
}

/**
 * Compares every disk that has our label with its volume, and every volume with its disk. Settles volumes that differ.
 */
export async function compareDisks(startedAtMs: number, tools: VolumeTools): Promise<DiskComparison> {
  const { store, disks } = tools;
  const seen = new Map<string, Disk>();
  for await (const page of disks.list()) for (const disk of page) seen.set(disk.name, disk);
  let volumes = 0;
  const known = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await store.query(ALL_VOLUMES, {}, { limit: BATCH, ...(cursor === undefined ? {} : { cursor }) });
    for (const { id } of page.rows) known.add(id);
    volumes += page.rows.filter(({ value }) => isLive(value)).length;
    const wrong = page.rows.filter((row) => row.value.createdAtMs < startedAtMs && differs(row, seen.get(row.id)));
    await each(wrong, async ({ id }) => {
      await settleVolume(id, tools);
    });
    cursor = page.cursor;
  } while (cursor !== undefined);
  const candidates = [...seen.values()].filter(
    ({ name, createdAtMs }) => !known.has(name) && startedAtMs - createdAtMs >= ORPHAN_AGE_MS,
  );
  return { disks: seen.size, volumes, unrecordedDisks: await confirmUnrecordedDisks(candidates, tools) };
}

/** Returns whether a volume's disk is not as recorded. */
function differs({ value: volume }: Row<Volume>, disk: Disk | undefined): boolean {
  // A volume with a due time is checked at that time.
  if (volume.checkAtMs !== null) return false;
  if (!isLive(volume)) return disk !== undefined;
  return disk === undefined || (disk.users[0] ?? '') !== (volume.use?.instanceId ?? '');
}

/** Returns the candidates that still exist and have no volume, because the list may be older than the records. */
async function confirmUnrecordedDisks(
  candidates: readonly Disk[],
  { store, disks }: VolumeTools,
): Promise<readonly Disk[]> {
  const records = await store.getAll(candidates.map(({ name }) => ref(VOLUME, name)));
  const orphans: Disk[] = [];
  for (const [index, disk] of candidates.entries()) {
    if (records[index] === undefined && (await disks.get(disk)) !== undefined) orphans.push(disk);
  }
  return orphans;
}

/** Puts a disk with our label but without a volume on the list of orphans. The disk itself is not changed yet. */
export async function quarantineDisk(disk: Disk, { store, nowMs, log }: VolumeTools): Promise<void> {
  const foundAtMs = nowMs();
  const orphan = {
    name: disk.name,
    zone: disk.zone,
    foundAtMs,
    freeSinceMs: null,
    dueAtMs: foundAtMs + QUARANTINE_MS,
    attempts: 0,
  };
  try {
    await store.commitOnce([insert(ORPHAN_DISK, disk.name, orphan)]);
    log.error('a disk without a volume was found; it will be deleted after some days', {
      disk: disk.name,
      zone: disk.zone,
    });
  } catch (thrown) {
    // The disk is on the list already.
    if (!(thrown instanceof Conflict)) throw thrown;
  }
}
