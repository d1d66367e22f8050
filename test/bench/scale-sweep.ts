import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ROUND, SWEEP_ROUND } from '#shared/datastore/sweep-rows.ts';
import { put } from '#shared/datastore/write.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { SMALL_PLATFORM } from '#shared/domain/sweep-round.ts';
import type { Machine } from '#shared/gce/compute.ts';
import { markDatabase } from '#shared/workers/database-marker.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { whenRunning, type ScaleCloud } from './scale-cloud.ts';
import type { SweepOrder, SweepRun } from './sweep-process.ts';

export interface SweepRow {
  readonly machines: number;
  /** VMs whose records differ from them. */
  readonly drifted: number;
  readonly slices: number;
  /** Runs that the round took, one after the other, and the time of all of them and of the longest. */
  readonly runs: number;
  readonly milliseconds: number;
  readonly longestRunMs: number;
  readonly processorMs: number;
  /** Most memory that any of the runs' processes had, and what such a process has before it sweeps. */
  readonly memoryMb: number;
  readonly memoryBeforeMb: number;
  readonly computeCalls: number;
  readonly datastoreCalls: number;
  readonly entitiesRead: number;
  readonly indexEntriesRead: number;
  readonly commits: number;
}

/** Three regions with three zones each. */
const ZONES = ['us-central1', 'europe-west4', 'asia-southeast1'].flatMap((region) =>
  ['a', 'b', 'c'].map((zone) => `${region}-${zone}`),
);
/** More than the five minutes that a round of a large platform waits for. */
const HOUR_MS = 3_600_000;
const RUNS_MAX = 60;
const PROCESS = fileURLToPath(new URL('sweep-process.ts', import.meta.url));

/** Measures one whole round while all records agree with their VMs, and one while 1 % do not. */
export async function measureSweep(cloud: ScaleCloud, machines: number): Promise<readonly SweepRow[]> {
  const seededAtMs = performance.now();
  const originals = await makeOriginals(cloud);
  const placed = placesOf(machines);
  for (const [zone, names] of placed) {
    const original = originals.get(zone);
    if (original !== undefined) cloud.compute.copyMachine(LOCAL_PROJECT, zone, original.name, names.slice(1));
  }
  load(cloud, recordsOf(placed, originals));
  await noteLastRound(cloud, placed);
  console.log(`${machines} VMs and records seeded in ${((performance.now() - seededAtMs) / 1000).toFixed(1)} s`);
  const calm = await measured(cloud, { machines, drifted: 0, aheadMs: HOUR_MS });
  const drifted = drift(cloud, recordsOf(placed, originals));
  return [calm, await measured(cloud, { machines, drifted, aheadMs: 2 * HOUR_MS })];
}

interface Round {
  readonly machines: number;
  readonly drifted: number;
  readonly aheadMs: number;
}

/** Runs the sweep again and again, in a new process each time, until it has ended a round. */
async function measured({ calls, datastore, addresses, tools }: ScaleCloud, round: Round): Promise<SweepRow> {
  const { machines, drifted, aheadMs } = round;
  calls.spent();
  const before = datastore.stats();
  const runs: SweepRun[] = [];
  while (runs.at(-1)?.report.full !== true) {
    const run = await runSweep({ addresses, aheadMs });
    if (run.report.failures > 0 || runs.length === RUNS_MAX)
      throw new Error(`The sweep was not whole: ${JSON.stringify(run.report)}`);
    runs.push(run);
  }
  const report = runs.at(-1)?.report;
  if (report?.machines !== machines || report.records !== machines)
    throw new Error(`The sweep has counted wrongly: ${JSON.stringify(report)}`);
  const after = datastore.stats();
  const spent = calls.spent();
  const sum = (...methods: string[]) => methods.reduce((total, method) => total + (spent.get(method) ?? 0), 0);
  const totalOf = (of: (run: SweepRun) => number) => runs.reduce((total, run) => total + of(run), 0);
  const mostOf = (of: (run: SweepRun) => number) => Math.max(...runs.map(of));
  const state = await tools.store.get({ kind: SWEEP_ROUND, id: ROUND });
  return {
    machines,
    drifted,
    slices: state?.value.slices ?? 0,
    runs: runs.length,
    milliseconds: totalOf(({ milliseconds }) => milliseconds),
    longestRunMs: mostOf(({ milliseconds }) => milliseconds),
    processorMs: totalOf(({ processorMs }) => processorMs),
    memoryMb: mostOf(({ memoryMb }) => memoryMb),
    memoryBeforeMb: mostOf(({ memoryBeforeMb }) => memoryBeforeMb),
    computeCalls: sum(
      'instances.aggregatedList',
      'instances.list',
      'instances.get',
      'disks.aggregatedList',
      'disks.list',
      'disks.get',
    ),
    datastoreCalls: sum('lookup', 'runQuery', 'runAggregationQuery', 'commit'),
    entitiesRead: after.entitiesRead - before.entitiesRead,
    indexEntriesRead: after.indexEntriesRead - before.indexEntriesRead,
    commits: sum('commit'),
  };
}

async function runSweep(order: SweepOrder): Promise<SweepRun> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROCESS, JSON.stringify(order)]);
  return JSON.parse(stdout) as SweepRun;
}

/** Divides the VMs among the zones. */
function placesOf(machines: number): ReadonlyMap<string, readonly string[]> {
  const zones = ZONES.slice(0, Math.max(1, Math.min(ZONES.length, machines)));
  return new Map(
    zones.map((zone, place) => [
      zone,
      Array.from(
        { length: Math.floor((machines + zones.length - 1 - place) / zones.length) },
        (_, index) => `tw-${place.toString(16).padStart(6, '0')}-${index.toString(16).padStart(8, '0')}`,
      ),
    ]),
  );
}

/** Makes the first VM of each zone; the others are copies of it. */
async function makeOriginals({ tools }: ScaleCloud): Promise<ReadonlyMap<string, Machine>> {
  const { machine } = anInstance();
  for (const [place, zone] of ZONES.entries()) {
    const requestId = `00000000-0000-4000-8000-${String(place).padStart(12, '0')}`;
    const name = `tw-${place.toString(16).padStart(6, '0')}-00000000`;
    await tools.compute.insert({ zone, name }, machine, requestId);
  }
  const running = await whenRunning(tools.compute, ZONES.length);
  return new Map(running.map((one) => [one.zone, one]));
}

/** The records as the VMs are: a copy has its original's addresses, and the id that follows the one before. */
function* recordsOf(
  placed: ReadonlyMap<string, readonly string[]>,
  originals: ReadonlyMap<string, Machine>,
): Generator<Instance> {
  for (const [zone, names] of placed) {
    const { externalIp = '', internalIp = '', cloudId = '0' } = originals.get(zone) ?? {};
    for (const [index, id] of names.entries())
      yield anInstance({ id, zone, externalIp, internalIp, cloudId: String(BigInt(cloudId) + BigInt(index)) });
  }
}

function drift(cloud: ScaleCloud, instances: Iterable<Instance>): number {
  const drifted = [...instances].filter((_, index) => index % 100 === 0);
  load(
    cloud,
    drifted.map((instance) => ({ ...instance, status: 'TERMINATED' as const, externalIp: '' })),
  );
  return drifted.length;
}

/** Writes what a round before has left, so that the measured one is like all the rounds that follow. */
async function noteLastRound({ tools }: ScaleCloud, placed: ReadonlyMap<string, readonly string[]>): Promise<void> {
  await markDatabase({ database: '', epochMs: 0 }, tools);
  const machines = [...placed.values()].reduce((total, names) => total + names.length, 0);
  const round = {
    epoch: 1,
    startedAtMs: tools.nowMs(),
    endedAtMs: tools.nowMs(),
    slices: 0,
    isComplete: true,
    byZones: machines > SMALL_PLATFORM,
    machines,
    zones: Object.fromEntries([...placed].map(([zone, names]) => [zone, { things: 2 * names.length }])),
    leaseUntilMs: 0,
    leaseToken: '',
  };
  await tools.store.write([put(SWEEP_ROUND, ROUND, round)]);
}

function load({ datastore }: Pick<ScaleCloud, 'datastore'>, instances: Iterable<Instance>): void {
  const partitionId = { projectId: LOCAL_PROJECT, databaseId: '', namespaceId: '' };
  datastore.bulkLoad(
    (function* () {
      for (const instance of instances)
        yield {
          key: { partitionId, path: [{ kind: INSTANCE.name, name: instance.id }] },
          properties: INSTANCE.encode(instance),
        };
    })(),
  );
}
