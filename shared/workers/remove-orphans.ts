import type { Orphan } from '#shared/datastore/bookkeeping-rows.ts';
import { time } from '#shared/datastore/field.ts';
import { DUE_ORPHANS } from '#shared/datastore/queries.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref, remove, replace, type Row } from '#shared/datastore/write.ts';
import { requestUuid } from '#shared/domain/request-uuid.ts';
import { toCloudError } from '#shared/gce/cloud-error.ts';
import { findMachine } from '#shared/lifecycle/find-machine.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { each } from './each.ts';
import { BATCH } from './sweep-report.ts';

const RETRY_ORPHAN_MS = 30_000;

const RETRY_ORPHAN_MS_MAX = 10 * 60_000;

export async function removeOrphans(tools: Tools): Promise<number> {
  const { rows } = await tools.store.query(DUE_ORPHANS, { dueAtMs: time.encode(tools.nowMs()) }, { limit: BATCH });
  await each(rows, (row) => removeOrphan(row, tools));
  return rows.length;
}

/** One VM that must go: gone already, or deleted, or kept for a reason that is logged. */
async function removeOrphan(row: Row<Orphan>, tools: Tools): Promise<void> {
  const { store, compute, log } = tools;
  const { name, zone, why, attempts, absentFromMs, deleteAtMs } = row.value;
  const nowMs = tools.nowMs();
  const later = (dueAtMs: number, more: Partial<Orphan> = {}) =>
    store.commitOnce([replace(row, { ...row.value, dueAtMs, ...more })]);
  const record = await store.get(ref(INSTANCE, name));
  const place = { zone, name };
  const machine = await findMachine(place, tools);
  if (record !== undefined && why === 'unrecorded') {
    // Its record came after all.
    await store.commitOnce([remove(row)]);
    return;
  }
  if (machine === undefined) {
    await (absentFromMs <= nowMs ? store.commitOnce([remove(row)]) : later(Math.min(absentFromMs, nowMs + 60_000)));
    return;
  }
  if (machine.labels[compute.label.name] !== compute.label.value || machine.deletionProtection) {
    log.error('a VM that should go is protected or not labelled as ours; it is left alone', { vm: name, zone });
    await later(nowMs + RETRY_ORPHAN_MS_MAX);
    return;
  }
  if (deleteAtMs > nowMs) {
    await later(deleteAtMs);
    return;
  }
  // The attempt is written first: should the process die here, the next one asks under a new id, which does no harm.
  await later(nowMs + Math.min(RETRY_ORPHAN_MS * 2 ** Math.min(attempts, 6), RETRY_ORPHAN_MS_MAX), {
    attempts: attempts + 1,
  });
  try {
    await compute.request('delete', place, requestUuid(`orphan/${name}`, attempts + 1));
    log.info('a VM without a record is being deleted', { vm: name, zone, why });
  } catch (thrown) {
    const error = toCloudError(thrown);
    if (error.reason === 'not_found') return;
    log.error('a VM without a record could not be deleted yet', {
      vm: name,
      zone,
      why,
      attempts: attempts + 1,
      reason: error.reason,
      cause: error,
    });
  }
}
