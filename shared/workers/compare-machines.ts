import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref, type Ref, type Row } from '#shared/datastore/write.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { ListedPrices } from '#shared/domain/spot-price.ts';
import type { Machine } from '#shared/gce/compute.ts';
import { compare, syncInstance } from '#shared/lifecycle/sync-instance.ts';
import { each } from './each.ts';
import { rollPrice } from './roll-prices.ts';
import { DRIFT } from './sweep-report.ts';
import type { SweepTools } from './sweep-tools.ts';

/** What the comparisons of one run share. */
export interface Comparison {
  readonly tools: SweepTools;
  readonly prices: ReadonlyMap<string, ListedPrices>;
  /** When the round began: VMs and records that are younger are not missed yet. */
  readonly startedAtMs: number;
  /** Whether there is time for another page. */
  readonly mayGoOn: () => boolean;
  /** Rows that could not be brought up to date; the next round tries again. */
  readonly failures: unknown[];
}

/** Runs `work` for each row, a few at a time. A row that fails does not keep the others from being compared. */
export async function forEachRow<T>(
  rows: readonly T[],
  work: (row: T) => Promise<void>,
  { failures }: Comparison,
): Promise<void> {
  try {
    await each(rows, work);
  } catch (thrown) {
    failures.push(thrown);
  }
}

/** Compares one page of VMs with their records, and returns the VMs without a record. */
export async function compareMachines(
  machines: readonly Machine[],
  comparison: Comparison,
): Promise<readonly Machine[]> {
  const { tools, prices } = comparison;
  const rows = await tools.store.getAll(machines.map(({ name }) => ref(INSTANCE, name)));
  const unrecorded: Machine[] = [];
  const pairs: { readonly row: Row<Instance>; readonly machine: Machine }[] = [];
  for (const [index, machine] of machines.entries()) {
    const row = rows[index];
    if (row === undefined) unrecorded.push(machine);
    else pairs.push({ row, machine });
  }
  await forEachRow(
    pairs,
    async ({ row, machine }) => {
      if (compare(row.value, machine, DRIFT, tools.nowMs()) === undefined) return rollPrice(row, prices, tools);
      // The list may be older than the record, so the VM is read again before the record is changed.
      await syncInstance(row.id, DRIFT, tools);
    },
    comparison,
  );
  return unrecorded;
}

/**
 * Reads the VM of each record whose VM was not in the list, because a list may be incomplete or older than the record.
 */
export async function lookAtUnlisted(refs: readonly Ref<Instance>[], comparison: Comparison): Promise<void> {
  const { tools, startedAtMs } = comparison;
  if (refs.length === 0) return;
  const rows = await tools.store.getAll(refs);
  const missing = rows.flatMap((row) =>
    row !== undefined && row.value.status !== 'ERROR' && row.value.createdAtMs < startedAtMs ? [row] : [],
  );
  await forEachRow(
    missing,
    async ({ id }) => {
      await syncInstance(id, DRIFT, tools);
    },
    comparison,
  );
}
