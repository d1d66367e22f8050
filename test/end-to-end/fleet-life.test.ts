import { expect, test } from 'vitest';
import { ComputeUser, QUICK_MACHINES, type ShownOperation } from '#test/support/compute-api.ts';
import { FleetUser, type ShownPricePeriod, type ShownStatusEvent } from '#test/support/fleet-api.ts';
import { expectInvariants, settled } from '#test/support/invariants.ts';
import { eventually, startLocalCloud, type LocalCloudProcess } from '#test/support/local-cloud.ts';

interface Change {
  readonly instance: string;
  readonly status: string;
  readonly time: string;
}

/** The fleet family's word for each status of Compute Engine. */
const WORDS: Readonly<Record<string, string>> = {
  PROVISIONING: 'STATUS_INITIALIZING',
  STAGING: 'STATUS_STARTING',
  RUNNING: 'STATUS_RUNNING',
  STOPPING: 'STATUS_STOPPING',
  TERMINATED: 'STATUS_PAUSED',
  DELETED: 'STATUS_TERMINATED',
};

test('status and price history of a whole life are those of the cloud, to the second', async () => {
  const cloud = await startLocalCloud({ args: QUICK_MACHINES });
  const alice = new ComputeUser(cloud, 'alice');
  const fleet = new FleetUser(cloud, cloud.connection.principals.alice);

  const id = await alice.running();
  const fid = `inst_${id}`;
  expect(await fleet.updated([fid], 'STATUS_PAUSED')).toEqual({ [fid]: 'STATUS_STOPPING' });
  await fleet.becomes(fid, 'STATUS_PAUSED');
  await settled(cloud);
  expect(await fleet.updated([fid], 'STATUS_RUNNING')).toEqual({ [fid]: 'STATUS_CONFIRMED' });
  await fleet.becomes(fid, 'STATUS_RUNNING');
  await settled(cloud);
  await cloud.drift(id, 'preempt');
  // Reading the instance would compare it with its VM, perhaps before the pre-emption's event tells when the stop began.
  await eventually(async () => ((await lastStatus(fleet, fid)) === 'STATUS_RUNNING' ? undefined : true));
  const preempted = await fleet.becomes(fid, 'STATUS_PREEMPTED');
  await settled(cloud);
  const deletion = await alice.ended(await alice.delete(id));
  await settled(cloud);

  const log = await cloudLog(cloud, id);
  const events = await eventually(async () => {
    const shown = await eventsOf(fleet, fid);
    return shown.length >= log.length ? shown : undefined;
  });
  expect(events).toEqual(expected(log, deletion));
  expect(preempted.end_time).toBe(at(log, 'TERMINATED', 1));
  expect(await periodsOf(fleet, fid)).toEqual([
    { price_cents: 10, start_time: at(log, 'RUNNING', 0), end_time: at(log, 'TERMINATED', 0) },
    { price_cents: 10, start_time: at(log, 'RUNNING', 1), end_time: at(log, 'TERMINATED', 1) },
  ]);
  expect(await fleet.status(fid)).toMatchObject({ status: 404 });
  await expectInvariants(cloud);
});

test('an instance that is deleted while it runs is charged until it is gone', async () => {
  const cloud = await startLocalCloud({ args: ['--boot-seconds', '0.4', '--stop-seconds', '1.2'] });
  const alice = new ComputeUser(cloud, 'alice');
  const fleet = new FleetUser(cloud, cloud.connection.principals.alice);

  const id = await alice.running();
  const deletion = await alice.ended(await alice.delete(id));
  await settled(cloud);

  const log = await cloudLog(cloud, id);
  const fid = `inst_${id}`;
  expect(await eventsOf(fleet, fid)).toEqual(expected(log, deletion));
  expect(await periodsOf(fleet, fid)).toEqual([
    { price_cents: 10, start_time: at(log, 'RUNNING', 0), end_time: at(log, 'DELETED', 0) },
  ]);
});

test('a caller who reads the instance all the time does not change its history', async () => {
  const cloud = await startLocalCloud({ args: ['--boot-seconds', '6', '--stop-seconds', '0.8'] });
  const alice = new ComputeUser(cloud, 'alice');
  const fleet = new FleetUser(cloud, cloud.connection.principals.alice);

  const id = await alice.created();
  const fid = `inst_${id}`;
  const seen = new Set<string>();
  await eventually(async () => {
    const { status } = (await fleet.status(fid)).body as { readonly status: string };
    seen.add(status);
    return status === 'STATUS_RUNNING' ? true : undefined;
  });
  await settled(cloud);
  await fleet.updated([fid], 'STATUS_PAUSED');
  await fleet.becomes(fid, 'STATUS_PAUSED');
  await settled(cloud);

  expect(seen).toContain('STATUS_STARTING');
  const told = await eventsOf(fleet, fid);
  const log = expected(await cloudLog(cloud, id));
  expect(told.map(({ status }) => status)).toEqual(log.map(({ status }) => status));
  // RUNNING may be observed before the zone operation has ended. Compute Engine then gives no time for it, so the event
  // has the time of that read.
  for (const [index, { timestamp }] of told.entries()) {
    const lateMs = Date.parse(timestamp) - Date.parse(log[index]?.timestamp ?? '');
    expect(lateMs, told[index]?.status ?? '').toBeGreaterThanOrEqual(0);
    expect(lateMs, told[index]?.status ?? '').toBeLessThan(10_000);
  }
});

async function cloudLog(cloud: LocalCloudProcess, id: string): Promise<readonly Change[]> {
  const changes = (await cloud.control('GET', '/machine-history')).body as readonly Change[];
  return changes.filter(({ instance }) => instance === id);
}

/**
 * Returns the events that the fleet family should show for the cloud's log. The VM is stopped twice: the second time by
 * a pre-emption, which shows as PREEMPTED. It is shown as STOPPING from the acceptance of its deletion on, which is a
 * little before the cloud begins with it.
 */
function expected(log: readonly Change[], deletion?: ShownOperation): readonly ShownStatusEvent[] {
  let rests = 0;
  return log.map(({ status, time }, index) => {
    if (status === 'TERMINATED') rests += 1;
    const preempted = status === 'TERMINATED' && rests === 2;
    const leaves = status === 'STOPPING' && log[index + 1]?.status === 'DELETED';
    return {
      timestamp: seconds(leaves && deletion !== undefined ? deletion.createdAt : time),
      status: preempted ? 'STATUS_PREEMPTED' : (WORDS[status] ?? status),
    };
  });
}

function at(log: readonly Change[], status: string, index: number): string {
  return seconds(log.filter((change) => change.status === status)[index]?.time ?? '');
}

function seconds(time: string): string {
  return `${time.slice(0, 19)}Z`;
}

async function eventsOf(fleet: FleetUser, fid: string): Promise<readonly ShownStatusEvent[]> {
  const { instances } = await fleet.statuses({ instance_fid: fid });
  return instances.flatMap(({ events }) => events);
}

async function lastStatus(fleet: FleetUser, fid: string): Promise<string | undefined> {
  return (await eventsOf(fleet, fid)).at(-1)?.status;
}

async function periodsOf(fleet: FleetUser, fid: string): Promise<readonly ShownPricePeriod[]> {
  const { instances } = await fleet.prices({ instance_fid: fid });
  return instances.flatMap(({ events }) => events);
}
