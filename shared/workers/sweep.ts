import { time } from '#shared/datastore/field.ts';
import { DUE_INSTANCES, OPEN_OPERATIONS } from '#shared/datastore/queries.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { isLeased, isPutOff } from '#shared/domain/lease.ts';
import type { Operation } from '#shared/domain/operation.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { syncInstance } from '#shared/lifecycle/sync-instance.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { readBrake, refuseDatabase } from './apply-brake.ts';
import { advanceBids } from './advance-bids.ts';
import { type DatabaseIdentity, databaseState } from './database-marker.ts';
import { each } from './each.ts';
import type { Slicing } from './open-round.ts';
import { removeOrphanDisks } from './remove-orphan-disks.ts';
import { removeOrphans } from './remove-orphans.ts';
import { runRound } from './run-round.ts';
import { BATCH, DRIFT, type SweepReport } from './sweep-report.ts';
import type { SweepTools } from './sweep-tools.ts';
import { settleDueVolumes } from './sweep-volumes.ts';

/** A younger operation is expected to be processed without the sweep. */
const LEFT_BEHIND_MS = 20_000;
/** Maximum number of pages of open operations that one sweep reads. */
const OPEN_PAGES_MAX = 40;
/** Margin for clocks that are ahead: open operations up to this far in the future are read too. */
const AHEAD_MS_MAX = 24 * 60 * 60_000;

/**
 * Shares of a run's time: after those of the first parts and of the comparison, counted from its beginning, they begin
 * nothing further. The rest has its share from when it begins, so that a long comparison leaves time for it.
 */
const SHARES = { first: 0.3, comparison: 0.8, rest: 0.2 };

const SLICING: Slicing = { machinesPerSlice: 20_000, atOnce: 8, runMs: 50_000 };

export interface SweepSettings {
  readonly identity: DatabaseIdentity;
  readonly slicing?: Slicing;
  /** How long a VM found without a record is kept after it was stopped, in ms. */
  readonly keptMs: number;
}

/**
 * Repairs what events have missed: publishes operations that were left behind, checks instances in transition, compares
 * all VMs with all records, slice by slice, and deletes orphaned VMs. Each part runs even if another fails, and
 * everything may run twice, also at the same time. If the database is not this deployment's, the sweep does nothing:
 * its operations have been carried out already, and its records describe another time.
 */
export async function sweep(
  { identity, keptMs, slicing = SLICING }: SweepSettings,
  tools: SweepTools,
): Promise<SweepReport> {
  const report: { -readonly [K in keyof SweepReport]: SweepReport[K] } = {
    republished: 0,
    oldestOpenSeconds: 0,
    looked: 0,
    bids: 0,
    machines: 0,
    records: 0,
    unrecorded: 0,
    orphans: 0,
    disks: 0,
    volumes: 0,
    unrecordedDisks: 0,
    settledVolumes: 0,
    failures: 0,
    full: false,
    brake: 'on',
  };
  if ((await databaseState(identity, tools.store)) === 'foreign') {
    await refuseDatabase(identity, tools);
    return { ...report, brake: 'foreign' };
  }
  const part = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      report.failures += 1;
      tools.log.error('a part of the sweep failed; the next sweep tries again', { part: name, cause: thrown });
    }
  };
  const first = timeUntil(SHARES.first, slicing, tools);
  const comparison = timeUntil(SHARES.comparison, slicing, tools);
  await part('publish', async () => {
    Object.assign(report, await publishLeftBehind(tools, first));
  });
  await part('look', async () => {
    report.looked = await lookAtDue(tools, first);
  });
  await part('volumes', async () => {
    report.settledVolumes = await settleDueVolumes(tools, first);
  });
  // `brake` starts as `on`: if the comparison failed, nothing shows that records are complete, so no unrecorded VM is
  // touched.
  let isCompared = false;
  await part('compare', async () => {
    const run = await runRound({ identity, slicing, mayGoOn: comparison }, tools);
    Object.assign(report, run.report);
    if (run.failures.length > 0) throw new AggregateError(run.failures, `${run.failures.length} comparisons failed`);
    isCompared = true;
  });
  const rest = timeUntil(SHARES.rest, slicing, tools);
  await part('bids', async () => {
    report.bids = await advanceBids(tools, rest);
  });
  await part('orphans', async () => {
    const unrecorded = isCompared && report.brake !== 'on' && (await readBrake(tools)) !== 'on';
    report.orphans = await removeOrphans({ unrecorded, keptMs }, tools, rest);
    if (unrecorded) report.orphans += await removeOrphanDisks({ keptMs }, tools, rest);
  });
  tools.log.info('sweep ended', report);
  return report;
}

/** Returns whether a share of the run's time is left; a clock that goes back ends it too. */
function timeUntil(share: number, { runMs }: Slicing, { nowMs }: Tools): () => boolean {
  const startedAtMs = nowMs();
  return () => {
    const passedMs = nowMs() - startedAtMs;
    return passedMs < runMs * share && passedMs > -runMs;
  };
}

async function publishLeftBehind(
  tools: Tools,
  mayGoOn: () => boolean,
): Promise<Pick<SweepReport, 'republished' | 'oldestOpenSeconds'>> {
  const { store } = tools;
  const nowMs = tools.nowMs();
  const before = { openSince: time.encode(nowMs + AHEAD_MS_MAX) };
  let oldestMs: number | undefined;
  let republished = 0;
  let cursor: string | undefined;
  // Reads page by page, so that many operations of one customer do not hide those of the others.
  for (let page = 0; page < OPEN_PAGES_MAX && (page === 0 || mayGoOn()); page += 1) {
    const found = await store.query(OPEN_OPERATIONS, before, {
      limit: BATCH,
      ...(cursor === undefined ? {} : { cursor }),
    });
    oldestMs ??= found.rows[0]?.value.createdAtMs;
    const free = found.rows.map(({ value }) => value).filter((operation) => isDue(operation, nowMs));
    const due = await nextInQueue(free, store);
    await publishOperations(
      due.map(({ id, instanceId, customerId }) => ({ operationId: id, instanceId, customerId })),
      tools,
    );
    republished += due.length;
    cursor = found.cursor;
    if (cursor === undefined) break;
  }
  return { republished, oldestOpenSeconds: Math.max(0, Math.round((nowMs - (oldestMs ?? nowMs)) / 1000)) };
}

/**
 * Returns whether an operation should be published: no worker holds it, and its due time has come. Without a due time,
 * it should have started by now.
 */
function isDue(operation: Operation, nowMs: number): boolean {
  if (isLeased(operation, nowMs)) return false;
  const dueAtMs = operation.dueAtMs === 0 ? operation.createdAtMs + LEFT_BEHIND_MS : operation.dueAtMs;
  return !isPutOff(dueAtMs, nowMs);
}

/**
 * Returns the operations that are first in their instance's queue, or in no queue any more. The others are published
 * when the operation before them ends.
 */
async function nextInQueue(operations: readonly Operation[], store: Tools['store']): Promise<readonly Operation[]> {
  const ids = [...new Set(operations.map(({ instanceId }) => instanceId))];
  const rows = await store.getAll(ids.map((id) => ref(INSTANCE, id)));
  const queues = new Map(rows.map((row, i) => [ids[i], row?.value.queue ?? []]));
  return operations.filter(({ id, instanceId }) => {
    const queue = queues.get(instanceId) ?? [];
    return queue[0]?.id === id || !queue.some((queued) => queued.id === id);
  });
}

async function lookAtDue(tools: Tools, mayGoOn: () => boolean): Promise<number> {
  const { rows } = await tools.store.query(DUE_INSTANCES, { checkAtMs: time.encode(tools.nowMs()) }, { limit: BATCH });
  await each(
    rows,
    async ({ id }) => {
      await syncInstance(id, DRIFT, tools);
    },
    mayGoOn,
  );
  return rows.length;
}
