import { Command } from 'commander';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from '#scripts/build.ts';
import { functionEnvironment } from '#scripts/local/functions/function-environment.ts';
import { BenchCloud } from './bench-cloud-process.ts';
import {
  amountsOf,
  BILLED_STEP_MS,
  MEMORY_GIB,
  NAIVE_MEMORY_GIB,
  naiveOf,
  naivePolling,
  type Usage,
  usagePerRequest,
} from './cost-model.ts';
import { DELIVERED, measureStanding } from './cost-standing.ts';
import { FunctionProcess } from './function-process.ts';
import { indexEntriesOfRows } from './index-entries.ts';
import { burst, closeConnections } from './load.ts';
import { dollars, PRICES, PRICES_READ_ON, PRICES_REGION } from './prices.ts';
import { type Subject, subjects } from './warm-subjects.ts';

/**
 * Tells what requests and machines cost in dollars: what each endpoint uses of Datastore, Pub/Sub, functions, API Gateway
 * and Cloud Logging, counted by the emulators and read from the function's process, multiplied by Google Cloud's list
 * prices. Free tiers, discounts and the machines themselves are not counted.
 *
 * A measurement, not a test: it prints its figures and never fails because of one.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = join(ROOT, '.build/bench/cost');
/** Requests before the measured ones, so that caches are filled and the code is compiled. */
const WARM_UP = 200;
const WARM_UP_WRITES = 30;
/** Measured requests: one after the other, and many at a time. */
const ALONE = 30;
const CROWDED = 130;
const AT_ONCE = 16;
/** Time for work that goes on after a reply. */
const QUIET_MS = 300;

interface Row {
  readonly name: string;
  readonly alone: Usage;
  readonly crowded: Usage;
  /** Most memory that the process has used, MiB. */
  readonly peakMib: number;
  /** Dollars for a million requests. */
  readonly perMillion: {
    /** Many at a time: an instance is billed for the processor time that a request takes. */
    readonly busy: number;
    /** One at a time: an instance is billed for 100 ms. */
    readonly idle: number;
    /** As `idle`, with a write for the rate limit, in an instance that has room for whole packages. */
    readonly naive: number;
  };
}

interface Options {
  readonly only?: string[];
  readonly machines: number;
  readonly json?: string;
}

async function main({ only, machines, json }: Options): Promise<void> {
  const rows = await endpoints(only);
  const standing = await measureStanding(ROOT, machines);
  const entries = await indexEntriesOfRows();
  printEndpoints(rows);
  console.log(`\nWorkers, for each run or delivery\n\n${columns(HEAD)}`);
  for (const { name, usage } of standing.workers) console.log(columns([name, ...usageCells(usage), '', '', '', '']));
  console.log('\nStanding cost of 1,000 machines, dollars a month\n');
  for (const { what, perMonth } of standing.lines) console.log(`${what.padEnd(66)}${perMonth.toFixed(2).padStart(9)}`);
  const naive = dollars(naivePolling(1_000));
  console.log(`${'naive: a poll of each machine every minute'.padEnd(66)}${naive.toFixed(2).padStart(9)}`);
  console.log('\nIndex entries of a new row: now, and with every property indexed\n');
  for (const { kind, now, all } of entries)
    console.log(`${kind.padEnd(20)}${String(now).padStart(6)}${String(all).padStart(6)}`);
  console.log(`\nPrices of ${PRICES_REGION}, looked up on ${PRICES_READ_ON}: test/bench/prices.ts`);
  const report = {
    prices: { readOn: PRICES_READ_ON, region: PRICES_REGION, list: PRICES },
    rows,
    standing,
    naive,
    entries,
  };
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`);
}

async function endpoints(only: readonly string[] | undefined): Promise<readonly Row[]> {
  const cloud = await BenchCloud.start({ machines: 50, stopped: 0, records: 1_000 });
  const rows: Row[] = [];
  try {
    const wanted = subjects(cloud.ready).filter(({ name }) => only?.includes(name) ?? true);
    const { folders } = await build();
    await mkdir(FOLDER, { recursive: true });
    for (const subject of wanted) rows.push(await measured(subject, folders[subject.name] ?? '', cloud));
  } finally {
    closeConnections();
    cloud.stop();
  }
  return rows;
}

async function measured(subject: Subject, source: string, cloud: BenchCloud): Promise<Row> {
  const { name } = subject;
  const logFile = openSync(join(FOLDER, `${name}.log`), 'w+');
  const environment = functionEnvironment({ emulators: cloud.ready.emulators, repositoryFolder: ROOT, given: {} });
  const own = await FunctionProcess.start({ name, source, environment, logFile });
  const run = async (requestsMax: number, concurrency: number) => {
    await cloud.trace(0);
    const before = { processorMs: await own.processorMs(), logBytes: fstatSync(logFile).size };
    const report = await burst({ port: own.port, ...subject, concurrency, requestsMax, milliseconds: 60_000 });
    await sleep(QUIET_MS);
    const processorMs = (await own.processorMs()) - before.processorMs;
    const logBytes = fstatSync(logFile).size - before.logBytes;
    return usagePerRequest(await cloud.calls(), { requests: report.requests, processorMs, logBytes });
  };
  try {
    await run(subject.requestsMax === Number.POSITIVE_INFINITY ? WARM_UP : WARM_UP_WRITES, AT_ONCE);
    const alone = await run(ALONE, 1);
    const crowded = await run(Math.min(CROWDED, subject.requestsMax), AT_ONCE);
    const idle = { billedMs: BILLED_STEP_MS, memoryGib: MEMORY_GIB, gateway: true };
    return {
      name,
      alone,
      crowded,
      peakMib: await own.peakRssMb(),
      perMillion: {
        busy: 1e6 * dollars(amountsOf(crowded, { ...idle, billedMs: crowded.processorMs })),
        idle: 1e6 * dollars(amountsOf(alone, idle)),
        naive: 1e6 * dollars(amountsOf(naiveOf(alone), { ...idle, memoryGib: NAIVE_MEMORY_GIB })),
      },
    };
  } finally {
    closeConnections();
    await own.stop();
    closeSync(logFile);
  }
}

const WIDTHS = [30, 7, 7, 7, 7, 7, 7, 8, 7, 7, 8, 8, 8];
const HEAD = [
  '',
  'reads',
  'writes',
  'deletes',
  'ttl',
  'index',
  'gce',
  'pubsub B',
  'cpu ms',
  'MiB',
  '$ busy',
  '$ idle',
  '$ naive',
];

function printEndpoints(rows: readonly Row[]): void {
  console.log(
    `\nA request, ${AT_ONCE} at a time (in the line below: alone); dollars for a million requests\n\n${columns(HEAD)}`,
  );
  for (const { name, alone, crowded, peakMib, perMillion } of rows) {
    const { busy, idle, naive } = perMillion;
    console.log(
      columns([name, ...usageCells(crowded), peakMib.toFixed(0), ...[busy, idle, naive].map((sum) => sum.toFixed(2))]),
    );
    console.log(columns(['  alone', ...usageCells(alone), '', '', '', '']));
  }
}

function usageCells({ datastore, computeCalls, messageBytes, processorMs }: Usage): readonly string[] {
  const { reads, writes, deletes, expiring, indexEntries } = datastore;
  return [
    ...[reads, writes, deletes, expiring, indexEntries, computeCalls].map((figure) => figure.toFixed(2)),
    messageBytes.toFixed(0),
    processorMs.toFixed(2),
  ];
}

function columns(cells: readonly string[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(WIDTHS[i] ?? 0) : cell.padStart(WIDTHS[i] ?? 0))).join(' ');
}

const command = new Command('bench:cost')
  .description(`What requests and machines cost. Standing cost counts ${DELIVERED} events of a machine a month.`)
  .option('--only <name...>', 'these endpoints')
  .option('--machines <number>', 'machines of the platform whose standing cost is measured', Number, 1_000)
  .option('--json <file>', 'write the figures here as JSON')
  .parse();
await main(command.opts<Options>());
