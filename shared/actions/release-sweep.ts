import { type Auditor, auditWrite } from '#shared/datastore/audit-rows.ts';
import {
  BRAKE,
  DATABASE_MARKER,
  type DatabaseMarker,
  MARKER,
  SWEEP_BRAKE,
} from '#shared/datastore/bookkeeping-rows.ts';
import { put, ref, replace, type Write } from '#shared/datastore/write.ts';
import type { SweepBrake } from '#shared/domain/sweep-brake.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

export interface SweepStatus {
  /** `undefined`: the database has none. */
  readonly marker: DatabaseMarker | undefined;
  /** `undefined`: the brake is off. */
  readonly brake: SweepBrake | undefined;
}

/** What keeps the sweep from touching VMs without a record, if anything. */
export async function readSweepStatus({ store }: Pick<Tools, 'store'>): Promise<SweepStatus> {
  const [marker, brake] = await store.getAll([ref(DATABASE_MARKER, MARKER), ref(SWEEP_BRAKE, BRAKE)]);
  return { marker: marker?.value, brake: brake?.value };
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
