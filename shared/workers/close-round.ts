import { JOB_STATE } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { VOLUME } from '#shared/datastore/volume-rows.ts';
import type { Kind } from '#shared/datastore/kind.ts';
import { Conflict, put, ref, replace, type Row, rowAfter, type Write } from '#shared/datastore/write.ts';
import { isLeased } from '#shared/domain/lease.ts';
import {
  countsOf,
  SLICE_LEASE_MS,
  type SweepRound,
  type SweepSlice,
  type Unrecorded,
  zonesAfter,
} from '#shared/domain/sweep-round.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { applyBrake } from './apply-brake.ts';
import { quarantine, quarantineDisk } from './confirm-unrecorded.ts';
import type { DatabaseIdentity } from './database-marker.ts';
import { each } from './each.ts';
import type { RoundRows } from './slice-lease.ts';
import { JOB, type SweepReport } from './sweep-report.ts';
import type { SweepTools } from './sweep-tools.ts';

/** What the end of a round adds to the report of the sweep that ends it. */
export type RoundReport = Pick<SweepReport, 'full' | 'brake'> & Partial<SweepReport>;

/** Returns the round if it has not ended, and every slice has been compared or is left to the next round. */
export function roundToEnd({ round, slices }: RoundRows): Row<SweepRound> | undefined {
  const isOver =
    round?.value.endedAtMs === null &&
    slices.length === round.value.slices &&
    slices.every(({ value }) => value.state !== 'open');
  return isOver ? round : undefined;
}

/** Claims the end of a round, so that one run ends it; `undefined` if another one does. */
export async function claimEnd(row: Row<SweepRound>, tools: Tools): Promise<Row<SweepRound> | undefined> {
  const { store, nowMs, random } = tools;
  const token = random.hex(8);
  let known: Row<SweepRound> | undefined = row;
  return store.change<Row<SweepRound> | undefined>(async () => {
    const current = known ?? (await store.get(row));
    known = undefined;
    if (current?.value.leaseToken === token) return { writes: [], result: current };
    const { epoch, endedAtMs } = current?.value ?? { epoch: 0, endedAtMs: 0 };
    if (current === undefined || epoch !== row.value.epoch || endedAtMs !== null)
      return { writes: [], result: undefined };
    if (isLeased(current.value, nowMs(), SLICE_LEASE_MS)) return { writes: [], result: undefined };
    const next = { ...current.value, leaseToken: token, leaseUntilMs: nowMs() + SLICE_LEASE_MS };
    return {
      writes: [replace(current, next)],
      result: { ...current, value: next },
      applied: (versionOf) => rowAfter(versionOf, current, next) ?? { ...current, value: next },
    };
  });
}

export interface EndOfRound {
  readonly round: Row<SweepRound>;
  readonly slices: readonly SweepSlice[];
  /** Written in the same commit. */
  readonly writes?: readonly Write[];
  /** Whether the next round takes the zones one by one. */
  readonly byZones: boolean;
}

/**
 * Ends a round: decides with the counts of all slices whether the VMs and disks without a record may be touched, and
 * quarantines them if so. A round that lacks a slice decides nothing. If this run dies before it has written the end,
 * another run ends the round once more; every step may be taken twice.
 */
export async function endRound(
  { round, slices, writes = [], byZones }: EndOfRound,
  identity: DatabaseIdentity,
  tools: SweepTools,
): Promise<RoundReport> {
  const { nowMs, log } = tools;
  const isComplete = slices.every(({ state }) => state === 'done');
  const counts = countsOf(slices);
  const ended: SweepRound = {
    ...round.value,
    endedAtMs: nowMs(),
    isComplete,
    byZones,
    machines: isComplete ? counts.machines : round.value.machines,
    zones: zonesAfter(round.value, slices),
    leaseUntilMs: 0,
  };
  const { epoch, startedAtMs } = round.value;
  if (!isComplete) {
    log.warn('a round of the sweep ended without some of its slices', { epoch, slices: slices.length });
    await end([replace(round, ended), ...writes], tools);
    return { full: false, brake: 'on' };
  }
  const machines = await stillUnrecorded(
    INSTANCE,
    slices.flatMap(({ unrecorded }) => unrecorded),
    tools,
  );
  const disks = await stillUnrecorded(
    VOLUME,
    slices.flatMap(({ unrecordedDisks }) => unrecordedDisks),
    tools,
  );
  const unrecorded = counts.unrecorded - machines.recorded;
  const unrecordedDisks = counts.unrecordedDisks - disks.recorded;
  // One brake for VMs and disks: if the records were lost, those of both were.
  const together = {
    machines: counts.machines + counts.disks,
    records: counts.records + counts.volumes,
    unrecorded: unrecorded + unrecordedDisks,
  };
  const brake = await applyBrake(together, identity, tools);
  if (brake !== 'on') {
    await each(machines.left, (machine) => quarantine(machine, tools));
    await each(disks.left, (disk) => quarantineDisk(disk, tools));
  }
  const state = put(JOB_STATE, JOB, { cursor: String(counts.machines), ranAtMs: startedAtMs });
  await end([replace(round, ended), ...writes, state], tools);
  return { full: true, ...counts, unrecorded, unrecordedDisks, brake };
}

async function end(writes: readonly Write[], { store }: Tools): Promise<void> {
  try {
    await store.commitOnce(writes);
  } catch (thrown) {
    // Another run has ended the round meanwhile, because this one took longer than its lease.
    if (!(thrown instanceof Conflict)) throw thrown;
  }
}

/** Leaves out what has got its record since a slice found it without one. */
async function stillUnrecorded(
  kind: Kind<unknown>,
  found: readonly Unrecorded[],
  { store }: Tools,
): Promise<{ readonly left: readonly Unrecorded[]; readonly recorded: number }> {
  const rows = await store.getAll(found.map(({ name }) => ref(kind, name)));
  const left = found.filter((_, index) => rows[index] === undefined);
  return { left, recorded: found.length - left.length };
}
