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

/** A VM that is kept is looked at this often: when it was started again meanwhile, it is stopped again. */
const LOOK_AT_KEPT_MS = 24 * 60 * 60_000;

/** Pages of due VMs that one sweep goes through for those that it may touch. */
const PAGES_MAX = 20;

export interface OrphanRules {
  /** False while the brake is on: VMs that were found without a record stay as they are. */
  readonly unrecorded: boolean;
  /** For how long a VM that was found without a record is kept once it has stopped. */
  readonly keptMs: number;
}

/** Goes on with the VMs that have to go. Answers how many were looked at. */
export async function removeOrphans(rules: OrphanRules, tools: Tools): Promise<number> {
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
  await each(due, (row) => removeOrphan(row, rules, tools));
  return due.length;
}

/** A VM that must go for a reason which this version does not know is left to the version that does. */
function isOurs({ why }: Orphan, { unrecorded }: OrphanRules): boolean {
  return known(ORPHAN_REASONS, why) !== undefined && (unrecorded || why !== 'unrecorded');
}

/** What is done to a VM that has to go: left until a time, or asked of Compute Engine. */
type Act = { readonly later: number; readonly more?: Partial<Orphan> } | { readonly verb: 'stop' | 'delete' };

/** One VM that must go: gone already, or brought a step further, or kept for a reason that is logged. */
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
    // Its record came after all.
    await store.commitOnce([remove(row)]);
    return;
  }
  if (machine === undefined) {
    await (absentFromMs <= nowMs ? store.commitOnce([remove(row)]) : later(Math.min(absentFromMs, nowMs + 60_000)));
    return;
  }
  if (why === 'unrecorded' && machine.createdAtMs > row.value.foundAtMs) {
    // Another VM under the same name: it is found again when it is old enough.
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

/** A VM that was deleted goes at once. One that was found is stopped, kept for days, and goes then. */
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
  // With Local SSD a stop would be the end of its data already, so such a VM runs for as long as it is kept.
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
  // The attempt is written first: should the process die here, the next one asks under a new id, which does no harm. A VM
  // that has to be stopped again is kept anew.
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
