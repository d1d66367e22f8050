import { time } from '#shared/datastore/field.ts';
import { DUE_ORPHAN_DISKS } from '#shared/datastore/queries.ts';
import { type OrphanDisk, VOLUME } from '#shared/datastore/volume-rows.ts';
import { ref, remove, replace, type Row } from '#shared/datastore/write.ts';
import { requestUuid } from '#shared/domain/request-uuid.ts';
import { toCloudError } from '#shared/gce/cloud-error.ts';
import { findDisk } from '#shared/lifecycle/find-disk.ts';
import type { VolumeTools } from '#shared/lifecycle/volume-tools.ts';
import { each } from './each.ts';
import { BATCH } from './sweep-report.ts';

/** Interval at which a disk that is kept or attached to a VM is checked again. */
const LOOK_AT_KEPT_MS = 24 * 60 * 60_000;
const RETRY_MS = 10 * 60_000;

/**
 * Processes the due disks without a volume: each is kept until it has been detached for `keptMs`, then deleted. Returns
 * the number of disks processed.
 */
export async function removeOrphanDisks(
  { keptMs }: { readonly keptMs: number },
  tools: VolumeTools,
  mayGoOn: () => boolean,
): Promise<number> {
  const due = { dueAtMs: time.encode(tools.nowMs()) };
  const { rows } = await tools.store.query(DUE_ORPHAN_DISKS, due, { limit: BATCH });
  await each(rows, (row) => removeOrphanDisk(row, keptMs, tools), mayGoOn);
  return rows.length;
}

async function removeOrphanDisk(row: Row<OrphanDisk>, keptMs: number, tools: VolumeTools): Promise<void> {
  const { store, disks, compute, log, nowMs } = tools;
  const { name, zone, foundAtMs, freeSinceMs, attempts } = row.value;
  const later = (dueAtMs: number, more: Partial<OrphanDisk> = {}) =>
    store.commitOnce([replace(row, { ...row.value, dueAtMs, ...more })]);
  const volume = await store.get(ref(VOLUME, name));
  const disk = await findDisk({ zone, name }, tools);
  // The volume's record exists by now, or the disk is gone, or it is a newer disk of the same name, which a later sweep
  // finds.
  if (volume !== undefined || disk === undefined || disk.createdAtMs > foundAtMs) {
    await store.commitOnce([remove(row)]);
    return;
  }
  const atMs = nowMs();
  if (disk.labels[compute.label.name] !== compute.label.value) {
    log.error('a disk that should go is not labelled as ours any more; it is left alone', { disk: name, zone });
    await later(atMs + LOOK_AT_KEPT_MS);
    return;
  }
  if (disk.users.length > 0) {
    await later(atMs + LOOK_AT_KEPT_MS, { freeSinceMs: null });
    return;
  }
  const goesAtMs = (freeSinceMs ?? atMs) + keptMs;
  if (goesAtMs > atMs) {
    await later(Math.min(goesAtMs, atMs + LOOK_AT_KEPT_MS), { freeSinceMs: freeSinceMs ?? atMs });
    return;
  }
  // The attempt is counted before the call. If the process crashes here, the next call has a new requestId, which does
  // no harm.
  await later(atMs + RETRY_MS, { attempts: attempts + 1 });
  try {
    await disks.delete({ zone, name }, requestUuid(`orphan-disk/${name}`, attempts + 1));
    log.info('a disk without a volume was deleted', { disk: name, zone });
  } catch (thrown) {
    const error = toCloudError(thrown);
    if (error.reason === 'not_found') return;
    log.error('a disk without a volume could not be deleted yet', {
      disk: name,
      zone,
      reason: error.reason,
      cause: error,
    });
  }
}
