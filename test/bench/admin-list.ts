import { Command } from 'commander';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { listInstances, type ListRequest } from '#shared/actions/list-instances.ts';
import { storeWith } from '#test/support/store-with.ts';
import { embeddedDatastore, parsedRecords, seedInstances } from './seed-instances.ts';
import { localStore } from '#test/support/local-store.ts';

/**
 * Measures the administrators' list on a big platform: time and reads per request, for early and late pages, with and
 * without filters. Requests go through the store's client over gRPC to the embedded Datastore, one after the other.
 *
 * A measurement, not a test: it prints its figures and never fails because of one.
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
  /** Time of the first request with this filter and page. */
  readonly firstMs: number;
  /** Times of whole requests, which read the page and the total in parallel. */
  readonly p50Ms: number;
  readonly maxMs: number;
  /** Time of a request that reads the page without the total. */
  readonly pageP50Ms: number;
  /**
   * Reads per request, as the store counts them. Datastore bills an entity or a page entry as one read, and 1,000
   * counted entries as one.
   */
  readonly entitiesRead: number;
  readonly pageEntriesRead: number;
  readonly countEntriesRead: number;
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
      // An existing file was left by an earlier run, which must have had the same number of records.
      const kept = file !== undefined && existsSync(file);
      const emulator = embeddedDatastore(file ?? join(folder, `${count}.sqlite`));
      await emulator.start();
      try {
        if (!kept) seedInstances(emulator, count, (done) => process.stderr.write(`seeded ${done} of ${count}\n`));
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
  const store = localStore(emulator.address);
  const rows: Row[] = [];
  try {
    for (const [filter, filters] of FILTERS) {
      for (const page of PAGES) {
        const request = { page, pageSize: PAGE_SIZE, filters };
        // The first request warms the caches of store and client.
        const startedAt = performance.now();
        const { totalCount, instances } = await listInstances(request, { store });
        const firstMs = rounded(performance.now() - startedAt);
        const whole = await repeated(() => listInstances(request, { store }), emulator, runs);
        const alone = await repeated(
          () => listInstances(request, { store: storeWith(store, { count: async () => totalCount }) }),
          emulator,
          runs,
        );
        const row: Row = {
          records,
          filter,
          page,
          matches: totalCount,
          listed: instances.length,
          firstMs,
          p50Ms: whole.p50Ms,
          maxMs: whole.maxMs,
          pageP50Ms: alone.p50Ms,
          entitiesRead: whole.entitiesRead,
          pageEntriesRead: alone.indexEntriesRead,
          countEntriesRead: whole.indexEntriesRead - alone.indexEntriesRead,
        };
        rows.push(row);
        console.log(lineOf(row));
      }
    }
  } finally {
    await store.close();
  }
  return rows;
}

async function repeated(work: () => Promise<unknown>, emulator: DatastoreEmulator, runs: number) {
  const before = emulator.stats();
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  const after = emulator.stats();
  times.sort((a, b) => a - b);
  return {
    p50Ms: rounded(times[Math.floor(times.length / 2)] ?? 0),
    maxMs: rounded(times.at(-1) ?? 0),
    entitiesRead: Math.round((after.entitiesRead - before.entitiesRead) / runs),
    indexEntriesRead: Math.round((after.indexEntriesRead - before.indexEntriesRead) / runs),
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

const WIDTHS = [9, 26, 6, 8, 6, 8, 8, 8, 8, 8, 12, 13];
const TITLE = columns([
  ...['records', 'filter', 'page', 'matches', 'listed', 'first ms', 'p50 ms', 'max ms', 'page p50', 'entities'],
  ...['page entries', 'count entries'],
]);

function lineOf(row: Row): string {
  return columns([
    ...[row.records, row.filter, row.page, row.matches, row.listed, row.firstMs, row.p50Ms, row.maxMs],
    ...[row.pageP50Ms, row.entitiesRead, row.pageEntriesRead, row.countEntriesRead],
  ]);
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
  .option('--file <path>', "keep the store's file here, or use the one that an earlier run kept (with one --records)")
  .option('--json <file>', 'write the table here as JSON')
  .parse();
const { records = [1_000, 1_000_000], ...options } = command.opts<Partial<Options> & Pick<Options, 'runs'>>();
await main({ records, ...options });
