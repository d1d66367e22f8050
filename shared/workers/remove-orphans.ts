import { type Orphan, ORPHAN_REASONS } from '#shared/datastore/bookkeeping-rows.ts';
import { time } from '#shared/datastore/field.ts';
import { DUE_ORPHANS } from '#shared/datastore/queries.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref, remove, replace, type Row } from '#shared/datastore/write.ts';
import { requestUuid } from '#shared/domain/request-uuid.ts';
import { isStopped, statusFromCloud } from '#shared/domain/status.ts';
import { known } from '#shared/domain/stored-word.ts';
import { toCloudError } from '#shared/gce/cloud-error.ts';
import type { Machine } from '#shared/gce/compute.ts';
import { findMachine } from '#shared/lifecycle/find-machine.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { each } from './each.ts';
import { BATCH } from './sweep-report.ts';

const RETRY_ORPHAN_MS = 30_000;

const RETRY_ORPHAN_MS_MAX = 10 * 60_000;

/** Interval at which a kept VM is checked; if it was started again, it is stopped again. */
const LOOK_AT_KEPT_MS = 24 * 60 * 60_000;

/** Maximum number of pages of due VMs that one sweep reads to find those that it may process. */
const PAGES_MAX = 20;

export interface OrphanRules {
  /** False while the brake is on: VMs found without a record are left unchanged. */
  readonly unrecorded: boolean;
  /** How long a VM found without a record is kept after it was stopped, in ms. */
  readonly keptMs: number;
}

/** Processes the due VMs of the list of orphans. Returns their number. */
export async function removeOrphans(
  rules: OrphanRules,
  tools: Tools,
  mayGoOn: () => boolean = () => true,
): Promise<number> {
  const dueNow = { dueAtMs: time.encode(tools.nowMs()) };
  const due: Row<Orphan>[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX && due.length < BATCH; page += 1) {
    const found = await tools.store.query(DUE_ORPHANS, dueNow, {
      limit: BATCH,
      ...(cursor === undefined ? {} : { cursor }),
    });
    due.push(...found.rows.filter(({ value }) => isOurs(value, rules)));
    cursor = found.cursor;
    if (cursor === undefined) break;
  }
  await each(due, (row) => removeOrphan(row, rules, tools), mayGoOn);
  return due.length;
}

/**
 * Returns whether this sweep may process the VM. An unknown reason comes from a newer version of this software, which
 * processes it.
 */
function isOurs({ why }: Orphan, { unrecorded }: OrphanRules): boolean {
  return known(ORPHAN_REASONS, why) !== undefined && (unrecorded || why !== 'unrecorded');
}

/** The next step for an orphaned VM: check again at `later`, or call Compute Engine. */
type Act = { readonly later: number; readonly more?: Partial<Orphan> } | { readonly verb: 'stop' | 'delete' };

/** Processes one VM: forgets it if it no longer exists, takes the next step, or keeps it and logs why. */
async function removeOrphan(row: Row<Orphan>, { keptMs }: OrphanRules, tools: Tools): Promise<void> {
  const { store, compute, log } = tools;
  const { name, zone, why, absentFromMs } = row.value;
  const nowMs = tools.nowMs();
  const later = (dueAtMs: number, more: Partial<Orphan> = {}) =>
    store.commitOnce([replace(row, { ...row.value, dueAtMs, ...more })]);
  const record = await store.get(ref(INSTANCE, name));
  const place = { zone, name };
  const machine = await findMachine(place, tools);
  if (record !== undefined && why === 'unrecorded') {
    // The instance's record exists by now.
    await store.commitOnce([remove(row)]);
    return;
  }
  if (machine === undefined) {
    await (absentFromMs <= nowMs ? store.commitOnce([remove(row)]) : later(Math.min(absentFromMs, nowMs + 60_000)));
    return;
  }
  if (why === 'unrecorded' && machine.createdAtMs > row.value.foundAtMs) {
    // This is a newer VM of the same name; a later sweep finds it if it has no record.
    await store.commitOnce([remove(row)]);
    return;
  }
  if (machine.labels[compute.label.name] !== compute.label.value || machine.deletionProtection) {
    log.error('a VM that should go is protected or not labelled as ours; it is left alone', { vm: name, zone });
    await later(nowMs + RETRY_ORPHAN_MS_MAX);
    return;
  }
  const act = nextAct(row.value, machine, { keptMs, nowMs });
  if ('later' in act) await later(act.later, act.more);
  else await ask(act.verb, row, tools);
}

/**
 * Chooses the next step. A VM whose delete was requested is deleted at once; a VM found without a record is stopped,
 * kept for days and then deleted.
 */
function nextAct(
  { why, deleteAtMs, stoppedAtMs }: Orphan,
  { status, localSsd }: Machine,
  { keptMs, nowMs }: { readonly keptMs: number; readonly nowMs: number },
): Act {
  if (deleteAtMs > nowMs) return { later: deleteAtMs };
  if (why !== 'unrecorded') return { verb: 'delete' };
  const now = statusFromCloud(status);
  if (now === undefined || now === 'STOPPING' || now === 'SUSPENDING' || now === 'PENDING_STOP') {
    return { later: nowMs + RETRY_ORPHAN_MS };
  }
  // A stop would erase Local SSD data, so a VM with Local SSD keeps running until it is deleted.
  if (!localSsd && !isStopped(now) && now !== 'SUSPENDED') return { verb: 'stop' };
  if (stoppedAtMs === null) {
    const more = { stoppedAtMs: nowMs, attempts: 0 };
    return { later: nowMs + Math.min(keptMs, LOOK_AT_KEPT_MS), more };
  }
  const goesAtMs = stoppedAtMs + keptMs;
  return goesAtMs <= nowMs ? { verb: 'delete' } : { later: Math.min(goesAtMs, nowMs + LOOK_AT_KEPT_MS) };
}

async function ask(verb: 'stop' | 'delete', row: Row<Orphan>, { store, compute, log, nowMs }: Tools): Promise<void> {
  const { name, zone, why, attempts } = row.value;
  const dueAtMs = nowMs() + Math.min(RETRY_ORPHAN_MS * 2 ** Math.min(attempts, 6), RETRY_ORPHAN_MS_MAX);
  // The attempt is counted before the call. If the process crashes here, the next call has a new requestId, which does
  // no harm. A VM that has to be stopped again starts a new keeping period.
  const stopped = verb === 'stop' ? { stoppedAtMs: null } : {};
  await store.commitOnce([replace(row, { ...row.value, ...stopped, dueAtMs, attempts: attempts + 1 })]);
  const subject = verb === 'stop' ? `orphan/${name}/stop/${row.version}` : `orphan/${name}`;
  try {
    await compute.request(verb, { zone, name }, requestUuid(subject, attempts + 1));
    log.info('a VM that has to go was asked to', { vm: name, zone, why, verb });
  } catch (thrown) {
    const error = toCloudError(thrown);
    if (error.reason === 'not_found') return;
    log.error('a VM without a record could not be stopped or deleted yet', {
      vm: name,
      zone,
      why,
      verb,
      attempts: attempts + 1,
      reason: error.reason,
      cause: error,
    });
  }
}
