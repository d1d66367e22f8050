import type { Instance } from '#shared/domain/instance.ts';
import type { Operation } from '#shared/domain/operation.ts';
import type { Price } from '#shared/domain/price.ts';
import { requestUuid } from '#shared/domain/request-uuid.ts';
import { INSTANCE, JOB_STATE, ORPHAN, type Orphan } from '#shared/datastore/rows.ts';
import { ALL_INSTANCES, DUE_INSTANCES, DUE_ORPHANS, OPEN_OPERATIONS } from '#shared/datastore/queries.ts';
import { time } from '#shared/datastore/field.ts';
import { Conflict, insert, put, ref, remove, replace, type Row } from '#shared/datastore/store.ts';
import { toCloudError } from '#shared/gce/cloud-error.ts';
import type { Machine } from '#shared/gce/compute.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { readPrices, rollPrice } from './roll-prices.ts';
import { compare, syncInstance, type SyncTrigger } from '#shared/lifecycle/sync-instance.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** What a sweep did, for its log line and the dashboards made from it. */
export interface SweepReport {
  readonly republished: number;
  readonly oldestOpenSeconds: number;
  readonly looked: number;
  readonly machines: number;
  readonly records: number;
  readonly strays: number;
  readonly orphans: number;
  readonly failures: number;
  /** False: only what was due; the whole comparison runs less often on a large platform. */
  readonly full: boolean;
}

/** An operation younger than this is on its way without help. */
const LEFT_BEHIND_MS = 20_000;
/** VMs younger than this may have a record in a moment: their create is still at work. */
export const ORPHAN_AGE_MS = 5 * 60_000;
/** A VM without a record is left alone for this long, so that a person can look at it. */
export const QUARANTINE_MS = 10 * 60_000;
const RETRY_ORPHAN_MS = 30_000;
const RETRY_ORPHAN_MS_MAX = 10 * 60_000;
/** Bounds of one sweep; what is left over is due at the next one. */
const BATCH = 500;
/** Pages of open operations that one sweep goes through. */
const OPEN_PAGES_MAX = 40;
/** Looks at VMs at the same time: Compute Engine counts requests per minute. */
const LOOKS_AT_ONCE = 10;
/** Beyond this many VMs the whole comparison, one list call per 500 of them, runs each five minutes. */
const SMALL_PLATFORM = 5_000;
const FULL_EVERY_MS = 5 * 60_000;
const JOB = 'reconciler-sweep';
const DRIFT: SyncTrigger = { cause: 'drift' };

/**
 * Puts right what no event has told us: publishes what was left pending, looks at what is in transition, compares all VMs
 * with all records, and removes VMs that must go. Each part goes on when another fails; everything may run twice.
 */
export async function sweep(tools: Tools): Promise<SweepReport> {
  const report = {
    republished: 0,
    oldestOpenSeconds: 0,
    looked: 0,
    machines: 0,
    records: 0,
    strays: 0,
    orphans: 0,
    failures: 0,
    full: false,
  };
  const part = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      report.failures += 1;
      tools.log.error('a part of the sweep failed; the next sweep tries again', { part: name, cause: thrown });
    }
  };
  await part('publish', async () => {
    Object.assign(report, await publishLeftBehind(tools));
  });
  await part('look', async () => {
    report.looked = await lookAtDue(tools);
  });
  await part('compare', async () => {
    Object.assign(report, await compareAll(tools));
  });
  await part('orphans', async () => {
    report.orphans = await removeOrphans(tools);
  });
  tools.log.info('sweep ended', report);
  return report;
}

async function publishLeftBehind(tools: Tools): Promise<Pick<SweepReport, 'republished' | 'oldestOpenSeconds'>> {
  const { store } = tools;
  const nowMs = tools.nowMs();
  const before = { openSince: time.encode(nowMs - LEFT_BEHIND_MS) };
  let oldestMs: number | undefined;
  let republished = 0;
  let cursor: string | undefined;
  // Page by page: what somebody's many operations wait for must not hide what everybody else's are waiting for.
  for (let page = 0; page < OPEN_PAGES_MAX; page += 1) {
    const found = await store.query(OPEN_OPERATIONS, before, {
      limit: BATCH,
      ...(cursor === undefined ? {} : { cursor }),
    });
    oldestMs ??= found.rows[0]?.value.createdAtMs;
    const free = found.rows.filter(({ value }) => value.leaseUntilMs <= nowMs).map(({ value }) => value);
    const due = await nextInQueue(free, store);
    await publishOperations(
      due.map(({ id, instanceId }) => ({ operationId: id, instanceId })),
      tools,
    );
    republished += due.length;
    cursor = found.cursor;
    if (cursor === undefined) break;
  }
  return { republished, oldestOpenSeconds: oldestMs === undefined ? 0 : Math.round((nowMs - oldestMs) / 1000) };
}

/** Those that nothing is queued before: the others are published when what is before them ends. */
async function nextInQueue(operations: readonly Operation[], store: Tools['store']): Promise<readonly Operation[]> {
  const ids = [...new Set(operations.map(({ instanceId }) => instanceId))];
  const rows = await store.getAll(ids.map((id) => ref(INSTANCE, id)));
  const queues = new Map(rows.map((row, i) => [ids[i], row?.value.queue ?? []]));
  return operations.filter(({ id, instanceId }) => {
    const queue = queues.get(instanceId) ?? [];
    return queue[0]?.id === id || !queue.some((queued) => queued.id === id);
  });
}

async function lookAtDue(tools: Tools): Promise<number> {
  const { rows } = await tools.store.query(DUE_INSTANCES, { checkAtMs: time.encode(tools.nowMs()) }, { limit: BATCH });
  await each(rows, async ({ id }) => {
    await syncInstance(id, DRIFT, tools);
  });
  return rows.length;
}

/** Every VM against its record, and every record against its VM. */
async function compareAll(tools: Tools): Promise<Partial<SweepReport>> {
  const { store, nowMs } = tools;
  const startedAtMs = nowMs();
  const state = await store.get(ref(JOB_STATE, JOB));
  const large = Number(state?.value.cursor ?? 0) > SMALL_PLATFORM;
  if (large && state !== undefined && startedAtMs - state.value.ranAtMs < FULL_EVERY_MS) return { full: false };
  const seen = new Set<string>();
  let strays = 0;
  const prices = await readPrices(tools);
  for await (const machines of tools.compute.list()) {
    for (const { name } of machines) seen.add(name);
    strays += await compareMachines(machines, prices, tools);
  }
  const records = await compareRecords(seen, startedAtMs, tools);
  await store.write([put(JOB_STATE, JOB, { cursor: String(seen.size), ranAtMs: startedAtMs })]);
  return { full: true, machines: seen.size, records, strays };
}

async function compareMachines(
  machines: readonly Machine[],
  prices: ReadonlyMap<string, Price>,
  tools: Tools,
): Promise<number> {
  const rows = await tools.store.getAll(machines.map(({ name }) => ref(INSTANCE, name)));
  const strays: Machine[] = [];
  const pairs: { readonly row: Row<Instance>; readonly machine: Machine }[] = [];
  for (const [index, machine] of machines.entries()) {
    const row = rows[index];
    if (row === undefined) strays.push(machine);
    else pairs.push({ row, machine });
  }
  await each(pairs, async ({ row, machine }) => {
    if (compare(row.value, machine, DRIFT, tools.nowMs()) === undefined) return rollPrice(row, prices, tools);
    // The list is older than the record, which may know better by now: only a fresh look may contradict it.
    await syncInstance(row.id, DRIFT, tools);
  });
  await each(strays, (machine) => quarantine(machine, tools));
  return strays.length;
}

/** A VM that carries our label and has no record: put on the list, never touched at once. */
async function quarantine(machine: Machine, { store, nowMs, log }: Tools): Promise<void> {
  const atMs = nowMs();
  if (atMs - machine.createdAtMs < ORPHAN_AGE_MS || machine.deletionProtection) return;
  const orphan: Orphan = {
    name: machine.name,
    zone: machine.zone,
    why: 'unrecorded',
    foundAtMs: atMs,
    deleteAtMs: atMs + QUARANTINE_MS,
    absentFromMs: atMs,
    dueAtMs: atMs + QUARANTINE_MS,
    attempts: 0,
  };
  try {
    await store.commitOnce([insert(ORPHAN, machine.name, orphan)]);
    log.error('a VM without a record was found; it will be deleted after its quarantine', {
      vm: machine.name,
      zone: machine.zone,
    });
  } catch (thrown) {
    // It is on the list already.
    if (!(thrown instanceof Conflict)) throw thrown;
  }
}

/**
 * Records whose VM was not in the list are asked for one by one: a list may be partial, or older than the record. Which
 * records there are is read by keys alone: those with a VM have been read and compared with it already.
 */
async function compareRecords(seen: ReadonlySet<string>, startedAtMs: number, tools: Tools): Promise<number> {
  const { store } = tools;
  let records = 0;
  let cursor: string | undefined;
  do {
    const page = await store.keys(ALL_INSTANCES, {}, { limit: BATCH, ...(cursor === undefined ? {} : { cursor }) });
    records += page.refs.length;
    const rows = await store.getAll(page.refs.filter(({ id }) => !seen.has(id)));
    const missing = rows.flatMap((row) =>
      row !== undefined && row.value.status !== 'ERROR' && row.value.createdAtMs < startedAtMs ? [row] : [],
    );
    await each(missing, async ({ id }) => {
      await syncInstance(id, DRIFT, tools);
    });
    cursor = page.cursor;
  } while (cursor !== undefined);
  return records;
}

async function removeOrphans(tools: Tools): Promise<number> {
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
  const machine = await compute.get(place);
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

/** Runs `work` for each, a few at a time. One that fails is reported after the others had their turn. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        await work(item);
      } catch (thrown) {
        // Somebody else changed the row at the same time: he has seen something newer.
        if (!(thrown instanceof Conflict)) failures.push(thrown);
      }
    }
  };
  await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, lane));
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} of ${items.length} failed`);
}
