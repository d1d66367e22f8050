import { replace, type Row } from '#shared/datastore/write.ts';
import {
  countsOf,
  EVERY_ZONE,
  isRoundDue,
  NO_COUNTS,
  ROUND_MS_MAX,
  type SweepRound,
  type SweepSlice,
} from '#shared/domain/sweep-round.ts';
import { readBrake } from './apply-brake.ts';
import { claimEnd, endRound, roundToEnd, type RoundReport } from './close-round.ts';
import { compareEverything, TooLarge } from './compare-everything.ts';
import type { Comparison } from './compare-machines.ts';
import type { DatabaseIdentity } from './database-marker.ts';
import { openRound, type Slicing, wholeUpTo } from './open-round.ts';
import { readPrices } from './roll-prices.ts';
import { claimSlice, readRound, type SliceLease, SliceLost } from './slice-lease.ts';
import type { SweepTools } from './sweep-tools.ts';
import { workOnSlice } from './work-on-slice.ts';

export interface RoundSettings {
  readonly identity: DatabaseIdentity;
  readonly slicing: Slicing;
  /** Whether there is time for another page. */
  readonly mayGoOn: () => boolean;
}

/** What a run did, and what it could not do. */
export interface RunOfRound {
  readonly report: RoundReport;
  readonly failures: readonly unknown[];
}

/**
 * Does this run's part of the round: begins one if none is going on, works on slices until none is free or time is up,
 * and ends the round if all its slices have been compared. On a small platform that is the whole round.
 */
export async function runRound(settings: RoundSettings, tools: SweepTools): Promise<RunOfRound> {
  const failures: unknown[] = [];
  let rows = await readRound(tools);
  let claimed: SliceLease | undefined;
  if (isRoundDue(rows.round?.value, tools.nowMs())) {
    const opened = await openRound(rows.round, settings.slicing, tools);
    rows = opened ?? (await readRound(tools));
    claimed = opened?.claimed;
  }
  const { round, slices } = rows;
  if (round?.value.endedAtMs !== null) return { report: await between(failures, tools), failures };
  const prices = await readPrices(tools);
  const startedAtMs = Math.min(round.value.startedAtMs, tools.nowMs());
  const comparison = { tools, prices, startedAtMs, mayGoOn: settings.mayGoOn, failures };
  if (claimed !== undefined && isWhole(claimed.slice)) return wholeRound(claimed, round, settings, comparison);
  const lanes = Array.from({ length: Math.min(settings.slicing.atOnce, slices.length) }, (_, index) =>
    lane(index === 0 ? claimed : undefined, settings, comparison),
  );
  await Promise.all(lanes);
  return { report: await endIfOver(settings, comparison), failures };
}

/** Works on slices, one after the other. A failure leaves the slice to a later run. */
async function lane(claimed: SliceLease | undefined, settings: RoundSettings, comparison: Comparison): Promise<void> {
  const { tools, mayGoOn, failures } = comparison;
  let lease = claimed;
  while (mayGoOn()) {
    try {
      lease ??= await claimSlice(await readRound(tools), tools);
      if (lease === undefined) return;
      await workOn(lease, settings, comparison);
    } catch (thrown) {
      if (!(thrown instanceof SliceLost)) failures.push(thrown);
      return;
    }
    lease = undefined;
  }
}

async function workOn(lease: SliceLease, { slicing }: RoundSettings, comparison: Comparison): Promise<void> {
  const { machinesPerSlice } = slicing;
  if (isWhole(lease.slice)) await lease.release(await wholeSlice(slicing, comparison));
  else await workOnSlice(lease, { comparison, machinesPerSlice });
}

/** Ends the round if every slice has been compared or given up. */
async function endIfOver({ identity, slicing }: RoundSettings, { tools, failures }: Comparison): Promise<RoundReport> {
  const rows = await readRound(tools);
  noteLate(rows.round?.value, failures, tools);
  const over = roundToEnd(rows);
  const round = over === undefined ? undefined : await claimEnd(over, tools);
  if (round === undefined) return between(failures, tools);
  const slices = rows.slices.map(({ value }) => value);
  return endRound({ round, slices, byZones: isLarge(round.value, slices, slicing) }, identity, tools);
}

/**
 * Does the whole round of a small platform, and writes its end together with its only slice, whose lease keeps other
 * runs from ending it.
 */
async function wholeRound(
  lease: SliceLease,
  round: Row<SweepRound>,
  { slicing, identity }: RoundSettings,
  comparison: Comparison,
): Promise<RunOfRound> {
  const { tools, failures } = comparison;
  const slice = { ...lease.slice, ...(await wholeSlice(slicing, comparison)), leaseUntilMs: 0 };
  const byZones = isLarge(round.value, [slice], slicing);
  const writes = [replace(lease.row, slice)];
  return { report: await endRound({ round, slices: [slice], writes, byZones }, identity, tools), failures };
}

/** Compares a small platform in one piece. */
async function wholeSlice(slicing: Slicing, comparison: Comparison): Promise<Partial<SweepSlice>> {
  try {
    // Some more than a small platform has: that it has grown is known only afterwards.
    return { ...(await compareEverything(2 * wholeUpTo(slicing), comparison)), state: 'done' };
  } catch (thrown) {
    comparison.failures.push(thrown);
    const atLeast = { ...NO_COUNTS, machines: wholeUpTo(slicing) + 1 };
    return { state: 'failed', ...(thrown instanceof TooLarge ? { counts: { [EVERY_ZONE]: atLeast } } : {}) };
  }
}

function isWhole({ zones }: SweepSlice): boolean {
  return zones[0] === EVERY_ZONE;
}

/** Whether the next round takes the zones one by one. A round that lacks slices does not show that few VMs are left. */
function isLarge({ byZones }: SweepRound, slices: readonly SweepSlice[], slicing: Slicing): boolean {
  const { machines, disks } = countsOf(slices);
  const isComplete = slices.every(({ state }) => state === 'done');
  return Math.max(machines, disks) > wholeUpTo(slicing) || (byZones && !isComplete);
}

/** The report of a run that has not ended a round: the brake stays as it was. */
async function between(failures: readonly unknown[], tools: SweepTools): Promise<RoundReport> {
  return { full: false, brake: failures.length > 0 ? 'on' : await readBrake(tools) };
}

function noteLate(round: SweepRound | undefined, failures: unknown[], { nowMs }: SweepTools): void {
  if (round?.endedAtMs !== null) return;
  const ageMs = nowMs() - round.startedAtMs;
  if (ageMs > ROUND_MS_MAX) failures.push(new Error(`Round ${round.epoch} has not ended for ${ageMs} ms.`));
}
