import { Command } from 'commander';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatastoreEmulator } from '#scripts/local/emulators/datastore/datastore-emulator.ts';
import { LOCAL_PROJECT } from '#scripts/local/function-environment.ts';
import { listInstances, type ListRequest } from '#shared/actions/list-instances.ts';
import { Store } from '#shared/datastore/store.ts';
import { embeddedDatastore, parsedRecords, seedInstances } from './seed-instances.ts';

/**
 * The administrators' list on a big platform: time and reads of one request, for pages near and far, filtered and not.
 * Requests go through the store's client over gRPC to the embedded Datastore, one after the other.
 *
 * A measurement, not a test: it prints what it saw and never fails on a number.
 */
const PAGES = [1, 100, 10_000];
const PAGE_SIZE = 20;

const FILTERS: readonly (readonly [string, ListRequest['filters']])[] = [
  ['none', {}],
  ['status', { statusGroup: 'running' }],
  ['status, zone', { statusGroup: 'running', zone: 'us-central1-a' }],
  ['status, zone, templateID', { statusGroup: 'running', zone: 'us-central1-a', templateId: 'ubuntu-22-standard' }],
  ['customerID', { customerId: 'customer-1' }],
  ['customerID, status', { customerId: 'customer-1', statusGroup: 'running' }],
];

interface Row {
  readonly records: number;
  readonly filter: string;
  readonly page: number;
  readonly matches: number;
  readonly listed: number;
  readonly p50Ms: number;
  readonly maxMs: number;
  /** Per request, as the store counts them. The first are what is billed as reads. */
  readonly entitiesRead: number;
  readonly indexEntriesRead: number;
}

interface Options {
  readonly records: readonly number[];
  readonly runs: number;
  readonly json?: string;
  readonly file?: string;
}

async function main({ records, runs, json, file }: Options): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'admin-list-'));
  const rows: Row[] = [];
  console.log(TITLE);
  try {
    for (const count of records) {
      const emulator = embeddedDatastore(file ?? join(folder, `${count}.sqlite`));
      await emulator.start();
      try {
        seedInstances(emulator, count, (done) => process.stderr.write(`seeded ${done} of ${count}\n`));
        rows.push(...(await measured(emulator, count, runs)));
      } finally {
        await emulator.stop();
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (json !== undefined)
    await writeFile(json, `${JSON.stringify({ runs, pageSize: PAGE_SIZE, rows }, undefined, 2)}\n`);
}

async function measured(emulator: DatastoreEmulator, records: number, runs: number): Promise<readonly Row[]> {
  const store = new Store({
    project: LOCAL_PROJECT,
    database: '',
    emulatorHost: emulator.address,
    random: Math.random,
    sleep: (ms) => sleep(ms),
  });
  const rows: Row[] = [];
  try {
    for (const [filter, filters] of FILTERS) {
      for (const page of PAGES) {
        const request = { page, pageSize: PAGE_SIZE, filters };
        // The first one warms the caches of store and client.
        await listInstances(request, { store });
        const row = { records, filter, page, ...(await repeated(request, { store, emulator, runs })) };
        rows.push(row);
        console.log(lineOf(row));
      }
    }
  } finally {
    await store.close();
  }
  return rows;
}

async function repeated(
  request: ListRequest,
  { store, emulator, runs }: { readonly store: Store; readonly emulator: DatastoreEmulator; readonly runs: number },
): Promise<Omit<Row, 'records' | 'filter' | 'page'>> {
  const before = emulator.stats();
  const times: number[] = [];
  let matches = 0;
  let listed = 0;
  for (let run = 0; run < runs; run += 1) {
    const startedAt = performance.now();
    const { instances, totalCount } = await listInstances(request, { store });
    times.push(performance.now() - startedAt);
    matches = totalCount;
    listed = instances.length;
  }
  const after = emulator.stats();
  times.sort((a, b) => a - b);
  return {
    matches,
    listed,
    p50Ms: rounded(times[Math.floor(times.length / 2)] ?? 0),
    maxMs: rounded(times.at(-1) ?? 0),
    entitiesRead: Math.round((after.entitiesRead - before.entitiesRead) / runs),
    indexEntriesRead: Math.round((after.indexEntriesRead - before.indexEntriesRead) / runs),
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

const WIDTHS = [9, 26, 6, 8, 7, 8, 8, 9, 9];
const TITLE = columns(['records', 'filter', 'page', 'matches', 'listed', 'p50 ms', 'max ms', 'entities', 'entries']);

function lineOf(row: Row): string {
  const { records, filter, page, matches, listed, p50Ms, maxMs, entitiesRead, indexEntriesRead } = row;
  return columns([records, filter, page, matches, listed, p50Ms, maxMs, entitiesRead, indexEntriesRead]);
}

function columns(cells: readonly (string | number)[]): string {
  return cells
    .map((cell, i) => (i === 1 ? String(cell).padEnd(WIDTHS[i] ?? 0) : String(cell).padStart(WIDTHS[i] ?? 0)))
    .join('  ');
}

const command = new Command('bench:admin-list')
  .description('p50 and reads per request of the list of all instances.')
  .option(
    '--records <number>',
    'instance records in the store; may be given several times',
    (text, before: readonly number[] | undefined) => [...(before ?? []), parsedRecords(text)],
  )
  .option('--runs <number>', 'requests per line', Number, 15)
  .option('--file <path>', "keep the store's file here (with one --records)")
  .option('--json <file>', 'write the table here as JSON')
  .parse();
const { records = [1_000, 1_000_000], ...options } = command.opts<Partial<Options> & Pick<Options, 'runs'>>();
await main({ records, ...options });
