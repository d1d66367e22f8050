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
import { JOB } from '#shared/workers/sweep-report.ts';

export interface SweepStatus {
  /** `undefined`: the database has none. */
  readonly marker: DatabaseMarker | undefined;
  /** `undefined`: the brake is off. */
  readonly brake: SweepBrake | undefined;
  /** When the last sweep ended; `undefined`: none has. */
  readonly ranAtMs: number | undefined;
  /** VMs and disks that the sweep is to remove, by name: the first of each. */
  readonly orphans: readonly string[];
  readonly orphanDisks: readonly string[];
}

/** Of VMs and disks each; what an operator reads. */
const LISTED_MAX = 100;
/** After every time at which a VM or disk on the list is due: bound of a query that finds all of them. */
const EVER_MS = 253_402_300_799_000;

/** What the sweep has to do, and what keeps it from touching VMs without a record, if anything. */
export async function readSweepStatus({ store }: Pick<Tools, 'store'>): Promise<SweepStatus> {
  const due = { dueAtMs: time.encode(EVER_MS) };
  const [[marker, brake, job], orphans, disks] = await Promise.all([
    store.getAll([ref(DATABASE_MARKER, MARKER), ref(SWEEP_BRAKE, BRAKE), ref(JOB_STATE, JOB)]),
    store.query(DUE_ORPHANS, due, { limit: LISTED_MAX }),
    store.query(DUE_ORPHAN_DISKS, due, { limit: LISTED_MAX }),
  ]);
  return {
    marker: marker?.value,
    brake: brake?.value,
    ranAtMs: job?.value.ranAtMs,
    orphans: orphans.rows.map(({ id }) => id),
    orphanDisks: disks.rows.map(({ id }) => id),
  };
}

export interface SweepRelease {
  /** A brake was on, and is not any more. */
  readonly released: boolean;
  /** So many VMs without a record the sweep goes on with, and not with one more. */
  readonly unrecorded: number;
  /** The database was marked as the one that this deployment works on. */
  readonly marked: boolean;
}

/**
 * Takes the brake off. The next sweep goes on with as many VMs without a record as the brake has counted; when there are
 * more, the brake is on again. A database that was refused is marked as the right one. Safe to call twice.
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
