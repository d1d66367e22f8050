import { JOB_STATE, ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { ALL_INSTANCES } from '#shared/datastore/queries.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { Conflict, insert, put, ref, type Row } from '#shared/datastore/write.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { ListedPrices } from '#shared/domain/spot-price.ts';
import { unrecordedAllowed } from '#shared/domain/sweep-brake.ts';
import type { Machine } from '#shared/gce/compute.ts';
import { newOrphan } from '#shared/lifecycle/new-orphan.ts';
import { compare, syncInstance } from '#shared/lifecycle/sync-instance.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { applyBrake, readBrake } from './apply-brake.ts';
import type { DatabaseIdentity } from './database-marker.ts';
import { each } from './each.ts';
import { ORPHAN_AGE_MS, QUARANTINE_MS } from './orphan-times.ts';
import { readPrices, rollPrice } from './roll-prices.ts';
import { BATCH, DRIFT, JOB, type SweepReport } from './sweep-report.ts';
import type { SweepTools } from './sweep-tools.ts';
import { compareDisks, quarantineDisk } from './sweep-volumes.ts';

/**
 * On a platform with more VMs than this, the full comparison (one list call per 500 VMs) runs only every five minutes.
 */
const SMALL_PLATFORM = 5_000;

const FULL_EVERY_MS = 5 * 60_000;

/**
 * Compares every VM with its record and every record with its VM, and likewise disks with volumes. Unless the returned
 * `brake` is `on`, the VMs and disks without a record are quarantined: they must be few, and the database must be this
 * deployment's.
 */
export async function compareAll(
  identity: DatabaseIdentity,
  tools: SweepTools,
): Promise<Partial<SweepReport> & Pick<SweepReport, 'brake'>> {
  const { store, nowMs } = tools;
  const startedAtMs = nowMs();
  const state = await store.get(ref(JOB_STATE, JOB));
  const large = Number(state?.value.cursor ?? 0) > SMALL_PLATFORM;
  if (large && state !== undefined && startedAtMs - state.value.ranAtMs < FULL_EVERY_MS) {
    return { full: false, brake: await readBrake(tools) };
  }
  const seen = new Set<string>();
  const unrecorded: Machine[] = [];
  const prices = await readPrices(tools);
  for await (const machines of tools.compute.list()) {
    for (const { name } of machines) seen.add(name);
    unrecorded.push(...(await compareMachines(machines, prices, tools)));
  }
  const records = await compareRecords(seen, startedAtMs, tools);
  const candidates = unrecorded.filter(
    ({ createdAtMs, deletionProtection }) => startedAtMs - createdAtMs >= ORPHAN_AGE_MS && !deletionProtection,
  );
  const found = { machines: seen.size, records };
  const confirmed = await confirmUnrecorded(candidates, unrecordedAllowed(found), tools);
  const { unrecordedDisks, ...volumes } = await compareDisks(startedAtMs, tools);
  // One brake for VMs and disks: if the records were lost, those of both were.
  const together = {
    machines: found.machines + volumes.disks,
    records: found.records + volumes.volumes,
    unrecorded: confirmed.length + unrecordedDisks.length,
  };
  const brake = await applyBrake(together, identity, tools);
  if (brake !== 'on') {
    await each(confirmed, (machine) => quarantine(machine, tools));
    await each(unrecordedDisks, (disk) => quarantineDisk(disk, tools));
  }
  await store.write([put(JOB_STATE, JOB, { cursor: String(seen.size), ranAtMs: startedAtMs })]);
  return {
    full: true,
    ...found,
    ...volumes,
    unrecorded: confirmed.length,
    unrecordedDisks: unrecordedDisks.length,
    brake,
  };
}

/** Compares one page of VMs with their records, and returns the VMs without a record. */
async function compareMachines(
  machines: readonly Machine[],
  prices: ReadonlyMap<string, ListedPrices>,
  tools: Tools,
): Promise<readonly Machine[]> {
  const rows = await tools.store.getAll(machines.map(({ name }) => ref(INSTANCE, name)));
  const unrecorded: Machine[] = [];
  const pairs: { readonly row: Row<Instance>; readonly machine: Machine }[] = [];
  for (const [index, machine] of machines.entries()) {
    const row = rows[index];
    if (row === undefined) unrecorded.push(machine);
    else pairs.push({ row, machine });
  }
  await each(pairs, async ({ row, machine }) => {
    if (compare(row.value, machine, DRIFT, tools.nowMs()) === undefined) return rollPrice(row, prices, tools);
    // The list may be older than the record, so the VM is read again before the record is changed.
    await syncInstance(row.id, DRIFT, tools);
  });
  return unrecorded;
}

/**
 * Returns the candidates that still have no record, are not being deleted and still exist, because the list may be
 * older than the records. Once more than the allowed number are confirmed, the rest are counted without reading the VM:
 * the brake then goes on and none is touched.
 */
async function confirmUnrecorded(
  candidates: readonly Machine[],
  allowed: number,
  { store, compute }: Tools,
): Promise<readonly Machine[]> {
  const records = await store.getAll(candidates.map(({ name }) => ref(INSTANCE, name)));
  const listed = await store.getAll(candidates.map(({ name }) => ref(ORPHAN, name)));
  const confirmed: Machine[] = [];
  for (const [index, machine] of candidates.entries()) {
    const why = listed[index]?.value.why;
    if (records[index] !== undefined || (why !== undefined && why !== 'unrecorded')) continue;
    const isCounted = confirmed.length > allowed;
    if (isCounted || (await compute.get({ zone: machine.zone, name: machine.name })) !== undefined)
      confirmed.push(machine);
  }
  return confirmed;
}

/** Puts a VM with our label but without a record on the list of orphans. The VM itself is not changed yet. */
async function quarantine(machine: Machine, { store, nowMs, log }: Tools): Promise<void> {
  const atMs = nowMs();
  const orphan = newOrphan(machine, { why: 'unrecorded', atMs, deleteAtMs: atMs + QUARANTINE_MS });
  try {
    await store.commitOnce([insert(ORPHAN, machine.name, orphan)]);
    log.error('a VM without a record was found; it will be stopped, and deleted after some days', {
      vm: machine.name,
      zone: machine.zone,
    });
  } catch (thrown) {
    // The VM is on the list already.
    if (!(thrown instanceof Conflict)) throw thrown;
  }
}

/**
 * Reads the VM of each record whose VM was not in the list, because a list may be incomplete or older than the record.
 * Records are found by a keys-only query: those whose VM was listed have been compared already.
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
