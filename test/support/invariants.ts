import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { isFinal } from '#shared/domain/operation.ts';
import { isTransitional } from '#shared/domain/status.ts';
import { BID } from '#shared/datastore/bid-rows.ts';
import { VOLUME } from '#shared/datastore/volume-rows.ts';
import { atRest } from './fleet-invariants.ts';
import { type Snapshot, snapshotOf, violations } from './invariant-checks.ts';
import { eventually, type LocalCloudProcess } from './local-cloud.ts';
import { Records } from './records.ts';

/**
 * Moves the clock until nothing is in progress: every operation is final, no instance is changing, and no VM is to be
 * deleted. Faults should have been cleared. The test's timeout is the only limit.
 */
export async function settled(cloud: LocalCloudProcess): Promise<void> {
  const records = new Records(cloud.connection);
  try {
    // VMs that were found without a record are kept for days, so only those left by a delete are waited for.
    const leaving = async () => (await records.orphans()).some(({ value }) => value.why !== 'unrecorded');
    while (!(await quiet(records)) || (await leaving())) await sweepOnce(cloud, records);
    // One more sweep compares the last changes, with nothing else running.
    await sweepOnce(cloud, records);
    await eventually(async () => ((await quiet(records)) ? true : undefined));
  } finally {
    await records.close();
  }
}

/** Moves the clock by a minute and waits for the sweep that this starts; back-offs and leases run down meanwhile. */
export async function sweepOnce(cloud: LocalCloudProcess, records: Records, seconds = 61): Promise<void> {
  const answer = await cloud.control('POST', '/clock', { advanceSeconds: seconds });
  const nowMs = Date.parse((answer.body as { readonly now: string }).now);
  const giveUpAtMs = performance.now() + SWEEP_PATIENCE_MS;
  // A killed host may have ended a sweep, so the wait has a limit; the next minute starts another sweep.
  await eventually(async () =>
    (await records.sweptAtMs()) >= nowMs || performance.now() > giveUpAtMs ? true : undefined,
  );
  // Gives due messages time to reach workers, and operations in progress time to end.
  await sleep(TAKEN_UP_MS);
  const endAtMs = performance.now() + ENDED_MS;
  await eventually(async () => (!(await worked(records, nowMs)) || performance.now() > endAtMs ? true : undefined));
}

const SWEEP_PATIENCE_MS = 4_000;
const TAKEN_UP_MS = 200;
const ENDED_MS = 1_200;

/** Whether a worker holds a lease on an operation. */
async function worked(records: Records, nowMs: number): Promise<boolean> {
  const operations = await records.operations();
  return operations.some(({ value }) => !isFinal(value.state) && value.leaseUntilMs > nowMs);
}

/** Whether no operation is unfinished, no instance, bid or volume is changing, and no instance is due for a check. */
async function quiet(records: Records): Promise<boolean> {
  const [instances, operations, bids, volumes] = await Promise.all([
    records.instances(),
    records.operations(),
    records.all(BID),
    records.all(VOLUME),
  ]);
  return (
    atRest(bids, volumes) &&
    operations.every(({ value }) => isFinal(value.state)) &&
    instances.every(({ value }) => !isTransitional(value.status) && value.checkAtMs === null)
  );
}

/** Expects all of the design's invariants to hold. Call it when nothing is in progress. */
export async function expectInvariants(cloud: LocalCloudProcess): Promise<void> {
  expect(violations(await snapshot(cloud))).toEqual([]);
}

async function snapshot(cloud: LocalCloudProcess): Promise<Snapshot> {
  const records = new Records(cloud.connection);
  try {
    const [calls, machines, disks] = await Promise.all([cloud.calls(), cloud.machines(), cloud.disks()]);
    return await snapshotOf(records, { calls, machines, disks });
  } finally {
    await records.close();
  }
}
