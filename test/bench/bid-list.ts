import { Command } from 'commander';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { type BidListRequest, listBids } from '#shared/actions/list-bids.ts';
import { ListCursors } from '#shared/pagination/list-cursors.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { BID_LISTER, BIDS_PROJECT, seedBids } from './seed-bids.ts';
import { embeddedDatastore, parsedRecords } from './seed-instances.ts';
import { localStore } from '#test/support/local-store.ts';

/**
 * Measures the first page of a project's spot bids, by the number of bids: time and reads per request. Requests go
 * through the store's client over gRPC to the embedded Datastore, one after the other.
 *
 * A measurement, not a test: it prints its figures and never fails because of one.
 */
const ASKED: readonly (readonly [string, Partial<BidListRequest>])[] = [
  ['none', {}],
  ['no project', { project: undefined }],
  ['name', { filters: { name: 'cluster-7' } }],
  ['unknown name', { filters: { name: 'nothing' } }],
  ['status', { filters: { status: 'Allocated' } }],
  ['sorted by status', { sort: 'byStatus' }],
];

interface Row {
  readonly bids: number;
  readonly asked: string;
  readonly listed: number;
  readonly p50Ms: number;
  readonly maxMs: number;
  readonly entitiesRead: number;
}

interface Options {
  readonly bids: readonly number[];
  readonly runs: number;
  readonly json?: string;
}

async function main({ bids, runs, json }: Options): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bid-list-'));
  const rows: Row[] = [];
  console.log(columns(['bids', 'asked', 'listed', 'p50 ms', 'max ms', 'entities']));
  try {
    for (const count of bids) {
      const emulator = embeddedDatastore(join(folder, `${count}.sqlite`));
      await emulator.start();
      try {
        seedBids(emulator, count);
        rows.push(...(await measured(emulator, count, runs)));
      } finally {
        await emulator.stop();
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ runs, rows }, undefined, 2)}\n`);
}

async function measured(emulator: DatastoreEmulator, bids: number, runs: number): Promise<readonly Row[]> {
  const store = localStore(emulator.address);
  const tools = { store, cursors: new ListCursors({ store, random: seededRandom(1) }) };
  const rows: Row[] = [];
  try {
    for (const [asked, more] of ASKED) {
      const request: BidListRequest = {
        caller: BID_LISTER,
        project: BIDS_PROJECT,
        sort: 'byCreated',
        direction: 'desc',
        filters: {},
        limit: 20,
        cursor: undefined,
        ...more,
      };
      // The first request warms the caches of store and client, and creates the key with which cursors are sealed.
      const { bids: listed } = await listBids(request, tools);
      const before = emulator.stats();
      const times: number[] = [];
      for (let run = 0; run < runs; run += 1) {
        const startedAt = performance.now();
        await listBids(request, tools);
        times.push(performance.now() - startedAt);
      }
      times.sort((a, b) => a - b);
      const row: Row = {
        bids,
        asked,
        listed: listed.length,
        p50Ms: rounded(times[Math.floor(times.length / 2)] ?? 0),
        maxMs: rounded(times.at(-1) ?? 0),
        entitiesRead: Math.round((emulator.stats().entitiesRead - before.entitiesRead) / runs),
      };
      rows.push(row);
      console.log(columns(Object.values(row) as (string | number)[]));
    }
  } finally {
    await store.close();
  }
  return rows;
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function columns(cells: readonly (string | number)[]): string {
  return cells.map((cell, i) => (i === 1 ? String(cell).padEnd(18) : String(cell).padStart(9))).join('  ');
}

const { bids, runs, json } = new Command('bench:bids')
  .description("p50 and reads per request of the first page of a project's spot bids.")
  .option('--bids <numbers>', 'bids of the project, separated by commas', '100,100000')
  .option('--runs <number>', 'requests per line', Number, 50)
  .option('--json <file>', 'write the table here as JSON')
  .parse()
  .opts<{ bids: string; runs: number; json?: string }>();
await main({ bids: bids.split(',').map(parsedRecords), runs, ...(json === undefined ? {} : { json }) });
