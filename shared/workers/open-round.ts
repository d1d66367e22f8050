import { JOB_STATE } from '#shared/datastore/bookkeeping-rows.ts';
import type { Shape } from '#shared/datastore/query.ts';
import { INSTANCES_BY_ZONE, VOLUMES_BY_ZONE } from '#shared/datastore/queries.ts';
import { ROUND, SWEEP_ROUND, SWEEP_SLICE } from '#shared/datastore/sweep-rows.ts';
import { Conflict, insert, put, ref, replace, type Row, rowAfter, type Write } from '#shared/datastore/write.ts';
import {
  EVERY_ZONE,
  newSlice,
  planSlices,
  SLICE_LEASE_MS,
  sliceId,
  type SweepRound,
  type SweepSlice,
} from '#shared/domain/sweep-round.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { type RoundRows, SliceLease } from './slice-lease.ts';
import { JOB } from './sweep-report.ts';

/** How the comparison is divided. */
export interface Slicing {
  /**
   * About how many VMs a slice holds, and after how many a run gives a slice back to take the next. A platform with a
   * quarter of it is compared in one piece.
   */
  readonly machinesPerSlice: number;
  /**
   * Number of slices on which a run works at once. A run mostly waits for Compute Engine's lists, whose pages come one
   * after the other.
   */
  readonly atOnce: number;
  /** Time of a run, in ms; it then stops at the next safe point. */
  readonly runMs: number;
}

/** Number of VMs up to which one list of all zones is compared in one piece. */
export function wholeUpTo({ machinesPerSlice }: Slicing): number {
  return Math.floor(machinesPerSlice / 4);
}

/** A round that this run has begun. */
export interface OpenedRound extends RoundRows {
  /** The slice of a round that has only one: it is claimed already. */
  readonly claimed: SliceLease | undefined;
}

/** Begins the next round; `undefined` if another run was faster. */
export async function openRound(
  last: Row<SweepRound> | undefined,
  slicing: Slicing,
  tools: Tools,
): Promise<OpenedRound | undefined> {
  const { store, nowMs, random } = tools;
  const startedAtMs = nowMs();
  const epoch = (last?.value.epoch ?? 0) + 1;
  const byZones = last?.value.byZones ?? (await wasLarge(slicing, tools));
  const memory = last?.value.zones ?? {};
  const plan = byZones
    ? planSlices({
        epoch,
        memory,
        isMemoryWhole: last?.value.isComplete ?? false,
        thingsPerSlice: slicing.machinesPerSlice,
        ...(await zonesOf(tools)),
      })
    : [[EVERY_ZONE]];
  const [only] = plan.length === 1 ? plan : [];
  const round: SweepRound = {
    epoch,
    startedAtMs,
    endedAtMs: null,
    slices: plan.length,
    isComplete: false,
    byZones,
    machines: last?.value.machines ?? 0,
    zones: memory,
    leaseUntilMs: 0,
    leaseToken: '',
  };
  const claim =
    only === undefined ? {} : { claims: 1, leaseUntilMs: startedAtMs + SLICE_LEASE_MS, leaseToken: random.hex(8) };
  const slices = plan.map((zones): SweepSlice => ({ ...newSlice(epoch, zones), ...claim }));
  const writes: Write[] = [
    last === undefined ? insert(SWEEP_ROUND, ROUND, round) : replace(last, round),
    ...slices.map((slice, index) => put(SWEEP_SLICE, sliceId(index), slice)),
  ];
  try {
    const versionOf = await store.commitOnce(writes);
    const rows = slices.flatMap((slice, index) => rowAfter(versionOf, ref(SWEEP_SLICE, sliceId(index)), slice) ?? []);
    const [first] = rows;
    return {
      round: rowAfter(versionOf, ref(SWEEP_ROUND, ROUND), round),
      slices: rows,
      claimed: only === undefined || first === undefined ? undefined : new SliceLease(first, tools),
    };
  } catch (thrown) {
    // Another run has begun the round.
    if (thrown instanceof Conflict) return undefined;
    throw thrown;
  }
}

/** Whether the last sweep of a version without rounds has counted more VMs than are compared in one piece. */
async function wasLarge(slicing: Slicing, { store }: Tools): Promise<boolean> {
  const state = await store.get(ref(JOB_STATE, JOB));
  return Number(state?.value.cursor ?? 0) > wholeUpTo(slicing);
}

/** Returns the zones that Compute Engine lists, and the zones that records name, which Compute Engine may have closed. */
async function zonesOf(tools: Tools): Promise<{ readonly zones: readonly string[]; readonly named: Set<string> }> {
  const [zones, ofInstances, ofVolumes] = await Promise.all([
    tools.compute.zones(),
    zonesNamed(INSTANCES_BY_ZONE, tools),
    zonesNamed(VOLUMES_BY_ZONE, tools),
  ]);
  return { zones, named: new Set([...ofInstances, ...ofVolumes]) };
}

/** Skips from one zone to the next: one row of each zone is read. */
async function zonesNamed<T extends { readonly zone: string }>(
  shape: Shape<T>,
  { store }: Tools,
): Promise<readonly string[]> {
  const zones: string[] = [];
  for (;;) {
    const above = zones.at(-1);
    const { rows } = await store.query(shape, {}, { limit: 1, range: above === undefined ? {} : { above } });
    const [row] = rows;
    if (row === undefined) return zones;
    zones.push(row.value.zone);
  }
}
