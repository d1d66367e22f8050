import { BRAKE, SWEEP_BRAKE } from '#shared/datastore/bookkeeping-rows.ts';
import { put, ref, remove } from '#shared/datastore/write.ts';
import { brakeAfter, type SweepCounts } from '#shared/domain/sweep-brake.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { type DatabaseIdentity, databaseState, markDatabase } from './database-marker.ts';
import type { SweepReport } from './sweep-report.ts';

type Brake = SweepReport['brake'];

/** Reads the state of the brake, as the last full comparison set it or an operator released it. */
export async function readBrake({ store }: Pick<Tools, 'store'>): Promise<Brake> {
  const brake = await store.get(ref(SWEEP_BRAKE, BRAKE));
  if (brake === undefined) return 'off';
  return brake.value.releasedAtMs === null ? 'on' : 'released';
}

/**
 * Decides from a full comparison whether the sweep may handle VMs without a record, and stores the decision. The brake
 * prevents that lost records lead to deleted VMs. If every VM has a record and the database has no marker, marks the
 * database as this deployment's.
 */
export async function applyBrake(counts: SweepCounts, identity: DatabaseIdentity, tools: Tools): Promise<Brake> {
  const { store, nowMs, log } = tools;
  const isMarked = (await databaseState(identity, store)) === 'ours';
  if (!isMarked && counts.unrecorded === 0) await markDatabase(identity, tools);
  const row = await store.get(ref(SWEEP_BRAKE, BRAKE));
  const brake = brakeAfter(row?.value, counts, { isMarked });
  if (brake === 'off' && row !== undefined) {
    await store.commitOnce([remove(row)]);
    log.info('the brake of the sweep is off: there are few VMs without a record again', { ...counts });
  }
  if (brake === 'on') {
    const engagedAtMs = row?.value.releasedAtMs === null ? row.value.engagedAtMs : nowMs();
    await store.write([
      put(SWEEP_BRAKE, BRAKE, { ...counts, ...identity, engagedAtMs, releasedAtMs: null, releasedBy: '' }),
    ]);
    log.critical('too many VMs without a record', { ...counts, isMarked });
  }
  return brake;
}

/**
 * Logs that the sweep does nothing because the database is not this deployment's, and sets the brake, so that operators
 * can release it.
 */
export async function refuseDatabase(identity: DatabaseIdentity, { store, nowMs, log }: Tools): Promise<void> {
  log.critical('the database was restored from another one, or is another one; nothing is swept', { ...identity });
  const row = await store.get(ref(SWEEP_BRAKE, BRAKE));
  if (row?.value.releasedAtMs === null) return;
  const counts = { machines: 0, records: 0, unrecorded: 0 };
  const brake = { ...counts, ...identity, engagedAtMs: nowMs(), releasedAtMs: null, releasedBy: '' };
  await store.write([put(SWEEP_BRAKE, BRAKE, brake)]);
}
