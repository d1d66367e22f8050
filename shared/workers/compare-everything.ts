import { ALL_INSTANCES, ALL_VOLUMES } from '#shared/datastore/queries.ts';
import { addedCounts, type CloudCounts, EVERY_ZONE, NO_COUNTS, type SweepSlice } from '#shared/domain/sweep-round.ts';
import { unrecordedAllowed } from '#shared/domain/sweep-brake.ts';
import type { Machine } from '#shared/gce/compute.ts';
import type { Disk } from '#shared/gce/disks.ts';
import { compareMachines, type Comparison, lookAtUnlisted } from './compare-machines.ts';
import { candidatesOf, confirmUnrecorded, confirmUnrecordedDisks } from './confirm-unrecorded.ts';
import { BATCH } from './sweep-report.ts';
import { compareVolumes, diskCandidates } from './sweep-volumes.ts';

/** The platform is too large to be compared in one piece within one run. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/**
 * Compares all VMs and disks of a small platform with all records in one piece, and holds their names in memory. Throws
 * TooLarge if there are more than `most` of them, or if time is up.
 */
export async function compareEverything(
  most: number,
  comparison: Comparison,
): Promise<Pick<SweepSlice, 'counts' | 'unrecorded' | 'unrecordedDisks'>> {
  const { tools, startedAtMs } = comparison;
  const seen = new Set<string>();
  const zones: Record<string, CloudCounts> = {};
  const unrecorded: Machine[] = [];
  for await (const machines of tools.compute.list()) {
    if (seen.size > 0) requireRoom(seen.size, most, comparison);
    for (const { name, zone } of machines) {
      seen.add(name);
      zones[zone] = addedCounts(zones[zone] ?? NO_COUNTS, { ...NO_COUNTS, machines: 1 });
    }
    unrecorded.push(...(await compareMachines(machines, comparison)));
  }
  const records = await compareRecords(seen, comparison);
  const machines = seen.size;
  const allowed = unrecordedAllowed({ machines, records });
  const confirmed = await confirmUnrecorded(candidatesOf(unrecorded, startedAtMs), allowed, tools);
  const { unrecordedDisks, ...volumes } = await compareDisks(most, comparison);
  const confirmedDisks = await confirmUnrecordedDisks(
    unrecordedDisks,
    Math.max(
      allowed,
      unrecordedAllowed({
        machines: volumes.disks,
        records: volumes.volumes,
      }),
    ),
    tools,
  );
  const counts: CloudCounts = {
    machines: 0,
    records,
    unrecorded: confirmed.count,
    ...volumes,
    unrecordedDisks: confirmedDisks.count,
  };
  return {
    counts: { ...zones, [EVERY_ZONE]: counts },
    unrecorded: confirmed.unlisted,
    unrecordedDisks: confirmedDisks.unlisted,
  };
}

function requireRoom(seen: number, most: number, { mayGoOn }: Comparison): void {
  if (seen > most) throw new TooLarge(`There are more than ${most} VMs or disks.`);
  if (!mayGoOn()) throw new TooLarge('One run is too short for all VMs.');
}

/** Finds records by a keys-only query: those whose VM was listed have been compared already. Returns their number. */
async function compareRecords(seen: ReadonlySet<string>, comparison: Comparison): Promise<number> {
  const { store } = comparison.tools;
  let records = 0;
  let cursor: string | undefined;
  do {
    if (cursor !== undefined) requireRoom(0, 0, comparison);
    const page = await store.keys(ALL_INSTANCES, {}, { limit: BATCH, ...(cursor === undefined ? {} : { cursor }) });
    records += page.refs.length;
    await lookAtUnlisted(
      page.refs.filter(({ id }) => !seen.has(id)),
      comparison,
    );
    cursor = page.cursor;
  } while (cursor !== undefined);
  return records;
}

/**
 * Compares every disk that has our label with its volume, and every volume with its disk. Settles volumes that differ.
 */
async function compareDisks(
  most: number,
  comparison: Comparison,
): Promise<Pick<CloudCounts, 'disks' | 'volumes'> & { readonly unrecordedDisks: readonly Disk[] }> {
  const { tools, startedAtMs } = comparison;
  const seen = new Map<string, Disk>();
  for await (const page of tools.disks.list()) {
    if (seen.size > 0) requireRoom(seen.size, most, comparison);
    for (const disk of page) seen.set(disk.name, disk);
  }
  let volumes = 0;
  const known = new Set<string>();
  let cursor: string | undefined;
  do {
    if (cursor !== undefined) requireRoom(0, 0, comparison);
    const page = await tools.store.query(
      ALL_VOLUMES,
      {},
      { limit: BATCH, ...(cursor === undefined ? {} : { cursor }) },
    );
    for (const { id } of page.rows) known.add(id);
    volumes += await compareVolumes(page.rows, seen, comparison);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { disks: seen.size, volumes, unrecordedDisks: diskCandidates(seen.values(), known, startedAtMs) };
}
