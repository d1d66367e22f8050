import { Command } from 'commander';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scaleCloud, type ScaleCloud } from './scale-cloud.ts';
import { measureLatency, type LatencyRow } from './scale-latency.ts';
import { measureSweep, type SweepRow } from './scale-sweep.ts';
import { parsedRecords } from './seed-instances.ts';

/**
 * Measures what grows with the platform: the latency of user requests, by the number of instance records, and the cost
 * of the reconciler's sweep, by the number of VMs. Actions run in this process and call emulators in it over the
 * network.
 *
 * A measurement, not a test: it prints its figures and never fails because of one.
 */
interface Options {
  readonly records: readonly number[];
  readonly machines: readonly number[];
  readonly runs: number;
  readonly json?: string;
}

async function main({ records, machines, runs, json }: Options): Promise<void> {
  const latency: LatencyRow[] = [];
  const sweeps: SweepRow[] = [];
  console.log(columns(['records', 'action', 'p50 ms', 'p95 ms', 'entities', 'entries']));
  for (const count of records) {
    for (const row of await withCloud((cloud) => measureLatency(cloud, count, runs))) {
      latency.push(row);
      const { action, p50Ms, p95Ms, entitiesRead, indexEntriesRead } = row;
      console.log(columns([count, action, p50Ms.toFixed(2), p95Ms.toFixed(2), entitiesRead, indexEntriesRead]));
    }
  }
  const perRound = ['slices', 'runs', 's', 'longest s', 'MB'];
  const perThousand = ['cpu ms', 'gce calls', 'ds calls', 'entities', 'entries', 'commits'];
  console.log(`\nA round of the sweep; from cpu ms on per 1,000 VMs`);
  console.log(columns(['VMs', 'drifted', ...perRound, ...perThousand]));
  for (const count of machines) {
    for (const row of await withCloud((cloud) => measureSweep(cloud, count))) {
      sweeps.push(row);
      const { processorMs, computeCalls, datastoreCalls, entitiesRead, indexEntriesRead, commits } = row;
      const each = [processorMs, computeCalls, datastoreCalls, entitiesRead, indexEntriesRead, commits];
      const seconds = [row.milliseconds, row.longestRunMs].map((ms) => (ms / 1000).toFixed(1));
      const whole = [String(row.drifted), row.slices, row.runs, ...seconds, row.memoryMb.toFixed(0)];
      console.log(columns([count, ...whole, ...each.map((total) => ((total * 1000) / count).toFixed(1))]));
    }
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ runs, latency, sweeps }, undefined, 2)}\n`);
}

/** Runs the work on a cloud whose files are deleted afterwards: a million records take more than a gigabyte. */
async function withCloud<T>(work: (cloud: ScaleCloud) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'scale-'));
  try {
    const cloud = await scaleCloud(folder);
    try {
      return await work(cloud);
    } finally {
      await cloud.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function columns(cells: readonly (string | number)[]): string {
  return cells.map((cell, i) => (i === 1 ? String(cell).padEnd(20) : String(cell).padStart(10))).join('  ');
}

function listOf(text: string): readonly number[] {
  return text === '' ? [] : text.split(',').map(parsedRecords);
}

const { records, machines, runs, json } = new Command('bench:scale')
  .description('Latency by instance records in the store, and the cost of a sweep by VMs.')
  .option('--records <numbers>', 'instance records, separated by commas; "" for none', '1000,100000,1000000')
  .option('--machines <numbers>', 'VMs, separated by commas; "" for none', '10000,100000,1000000')
  .option('--runs <number>', 'requests per line', Number, 200)
  .option('--json <file>', 'write the tables here as JSON')
  .parse()
  .opts<{ records: string; machines: string; runs: number; json?: string }>();
await main({ records: listOf(records), machines: listOf(machines), runs, ...(json === undefined ? {} : { json }) });
