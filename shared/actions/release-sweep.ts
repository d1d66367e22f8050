import { type Auditor, auditWrite } from '#shared/datastore/audit-rows.ts';
import {
  BRAKE,
  DATABASE_MARKER,
  JOB_STATE,
  type DatabaseMarker,
  MARKER,
  SWEEP_BRAKE,
} from '#shared/datastore/bookkeeping-rows.ts';
import { time } from '#shared/datastore/field.ts';
import { DUE_ORPHAN_DISKS, DUE_ORPHANS } from '#shared/datastore/queries.ts';
import { put, ref, replace, type Write } from '#shared/datastore/write.ts';
import type { SweepBrake } from '#shared/domain/sweep-brake.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import type { SweepRound } from '#shared/domain/sweep-round.ts';
import { readRound } from '#shared/workers/slice-lease.ts';
import { JOB } from '#shared/workers/sweep-report.ts';

export interface SweepStatus {
  /** Identifies the database that this deployment works on; `undefined`: the database has no marker yet. */
  readonly marker: DatabaseMarker | undefined;
  /** `undefined`: the brake is off. */
  readonly brake: SweepBrake | undefined;
  /** The comparison that goes on, or the last one; `undefined`: no sweep has run. */
  readonly round: RoundStatus | undefined;
  /** When the last complete comparison began; `undefined`: no sweep has run. */
  readonly ranAtMs: number | undefined;
  /** Names of the first VMs (`orphans`) and disks (`orphanDisks`) that the sweep is going to delete. */
  readonly orphans: readonly string[];
  readonly orphanDisks: readonly string[];
}

/** How far a comparison of all VMs with all records has come. */
export interface RoundStatus extends Pick<SweepRound, 'epoch' | 'startedAtMs' | 'endedAtMs' | 'isComplete' | 'slices'> {
  readonly done: number;
  readonly failed: number;
  /** Where the open slices are: a zone, and the last VM or disk that has been compared there. */
  readonly at: readonly { readonly zone: string; readonly after: string }[];
}

/** Maximum number of VMs, and of disks, that are listed for the operator. */
const LISTED_MAX = 100;
/** 9999-12-31T23:59:59Z: later than any due time, so the query finds all orphans. */
const EVER_MS = 253_402_300_799_000;

/**
 * Reads the sweep's state: the orphans that it is going to delete, and the brake or marker that keeps it from doing so.
 */
export async function readSweepStatus({ store }: Pick<Tools, 'store'>): Promise<SweepStatus> {
  const due = { dueAtMs: time.encode(EVER_MS) };
  const [[marker, brake, job], orphans, disks, round] = await Promise.all([
    store.getAll([ref(DATABASE_MARKER, MARKER), ref(SWEEP_BRAKE, BRAKE), ref(JOB_STATE, JOB)]),
    store.query(DUE_ORPHANS, due, { limit: LISTED_MAX }),
    store.query(DUE_ORPHAN_DISKS, due, { limit: LISTED_MAX }),
    readRoundStatus({ store }),
  ]);
  return {
    marker: marker?.value,
    brake: brake?.value,
    round,
    ranAtMs: job?.value.ranAtMs,
    orphans: orphans.rows.map(({ id }) => id),
    orphanDisks: disks.rows.map(({ id }) => id),
  };
}

async function readRoundStatus(tools: Pick<Tools, 'store'>): Promise<RoundStatus | undefined> {
  const { round, slices } = await readRound(tools);
  if (round === undefined) return undefined;
  const { epoch, startedAtMs, endedAtMs, isComplete } = round.value;
  const values = slices.map(({ value }) => value);
  return {
    epoch,
    startedAtMs,
    endedAtMs,
    isComplete,
    slices: round.value.slices,
    done: values.filter(({ state }) => state === 'done').length,
    failed: values.filter(({ state }) => state === 'failed').length,
    at: values
      .filter(({ state }) => state === 'open')
      .map(({ zones, position }) => ({ zone: zones[position.zone] ?? '', after: position.after })),
  };
}

export interface SweepRelease {
  /** True if the brake was on and has been released. */
  readonly released: boolean;
  /** Number of VMs without a record up to which the sweep continues. */
  readonly unrecorded: number;
  /** True if the database was marked as the one that this deployment works on. */
  readonly marked: boolean;
}

/**
 * Releases the sweep's brake. The next sweep may handle as many VMs without a record as were counted when the brake
 * went on; if there are more, the brake goes on again. If the sweep had refused the database, marks it as the right
 * one. Safe to call twice.
 */
export async function releaseSweep(auditor: Auditor, { store }: Pick<Tools, 'store'>): Promise<SweepRelease> {
  return store.change<SweepRelease>(async () => {
    const [marker, row] = await store.getAll([ref(DATABASE_MARKER, MARKER), ref(SWEEP_BRAKE, BRAKE)]);
    if (row?.value.releasedAtMs !== null) {
      return { writes: [], result: { released: false, unrecorded: row?.value.unrecorded ?? 0, marked: false } };
    }
    const { database, epochMs, unrecorded } = row.value;
    const isOurs = marker?.value.database === database && marker.value.epochMs >= epochMs;
    const writes: Write[] = [
      replace(row, { ...row.value, releasedAtMs: auditor.nowMs(), releasedBy: auditor.actor.id }),
    ];
    if (!isOurs) writes.push(put(DATABASE_MARKER, MARKER, { database, epochMs, madeAtMs: auditor.nowMs() }));
    const { machines, records } = row.value;
    const before = { released: false, machines, records, unrecorded };
    const after = { released: true, marked: !isOurs };
    writes.push(auditWrite(auditor, { action: 'sweep.release', object: 'sweep', before, after }));
    return { writes, result: { released: true, unrecorded, marked: !isOurs } };
  });
}
