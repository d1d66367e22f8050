import { Command } from 'commander';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '#scripts/build.ts';
import { ShiftableClock } from '#scripts/local/clock.ts';
import { ComputeEmulator } from '#scripts/local/emulators/compute/compute-emulator.ts';
import { DatastoreEmulator } from '#scripts/local/emulators/datastore/datastore-emulator.ts';
import { PubSubEmulator } from '#scripts/local/emulators/pubsub/pubsub-emulator.ts';
import { Faults } from '#scripts/local/faults.ts';
import { firstAnswer, type FunctionProcess } from '#test/build/running-function.ts';

/**
 * Cold start of each built function: from the start of its process to the end of its first answer, beside an empty
 * functions-framework function. Both are started by turns, so that whatever else the machine does meets both alike.
 *
 * A measurement, not a test: it prints what it saw and never fails on a number.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EMPTY = 'empty';

interface Sample {
  readonly milliseconds: number;
  readonly peakRssMb: number;
}

interface Row {
  readonly name: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly emptyMilliseconds: number;
  readonly ratio: number;
  readonly peakRssMb: number;
  readonly emptyPeakRssMb: number;
  readonly memoryRatio: number;
}

interface Cloud {
  readonly hosts: Readonly<Record<string, string>>;
  /** Sent as a bearer token. An unknown one costs the function the same look-up, and ends in 401. */
  readonly token: string;
  stop(): Promise<void>;
}

interface Options {
  readonly runs: string;
  readonly only?: string[];
  readonly connection?: string;
  readonly datastore?: string;
  readonly json?: string;
}

async function main({ runs, only, connection, datastore, json }: Options): Promise<void> {
  const { folders } = await build(only === undefined ? {} : { only });
  const cloud = connection === undefined ? await embeddedCloud(datastore) : await runningCloud(connection);
  try {
    const empty = await emptyFunction();
    const requests = await firstRequests(cloud.token);
    const rows: Row[] = [];
    console.log(TITLE);
    for (const [name, source] of Object.entries(folders)) {
      const request = requests.get(name);
      const started = { target: name, source, environment: environmentOf(cloud), ...(request && { request }) };
      const row = await measured(started, empty, Math.max(1, Number(runs)));
      rows.push(row);
      console.log(lineOf(row));
    }
    if (json !== undefined) await writeFile(json, `${JSON.stringify({ runs: Number(runs), rows }, undefined, 2)}\n`);
  } finally {
    await cloud.stop();
  }
}

async function measured(started: FunctionProcess, empty: FunctionProcess, runs: number): Promise<Row> {
  const own: Sample[] = [];
  const bare: Sample[] = [];
  let status = 0;
  for (let run = 0; run < runs; run += 1) {
    bare.push(await firstAnswer(empty));
    const answer = await firstAnswer(started);
    own.push(answer);
    status = answer.status;
  }
  const [milliseconds, emptyMilliseconds] = [median(own, 'milliseconds'), median(bare, 'milliseconds')];
  const [peakRssMb, emptyPeakRssMb] = [median(own, 'peakRssMb'), median(bare, 'peakRssMb')];
  return {
    name: started.target,
    status,
    milliseconds,
    emptyMilliseconds,
    ratio: milliseconds / emptyMilliseconds,
    peakRssMb,
    emptyPeakRssMb,
    memoryRatio: peakRssMb / emptyPeakRssMb,
  };
}

function median(samples: readonly Sample[], figure: keyof Sample): number {
  const sorted = samples.map((sample) => sample[figure]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const TITLE = `${'function'.padEnd(32)}status     ms  empty  ratio     MB  empty  ratio`;

function lineOf(row: Row): string {
  const figures = [
    [row.status, 6, 0],
    [row.milliseconds, 7, 0],
    [row.emptyMilliseconds, 7, 0],
    [row.ratio, 7, 2],
    [row.peakRssMb, 7, 0],
    [row.emptyPeakRssMb, 7, 0],
    [row.memoryRatio, 7, 2],
  ] as const;
  return row.name.padEnd(32) + figures.map(([value, width, digits]) => value.toFixed(digits).padStart(width)).join('');
}

/** The floor: the framework and a function that answers at once. */
async function emptyFunction(): Promise<FunctionProcess> {
  const folder = join(ROOT, '.build/bench', EMPTY);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"main":"index.js"}\n');
  await writeFile(
    join(folder, 'index.js'),
    `require('@google-cloud/functions-framework').http('${EMPTY}', (_request, response) => response.json({}));\n`,
  );
  return { target: EMPTY, source: folder, environment: {} };
}

async function embeddedCloud(datastoreHost?: string): Promise<Cloud> {
  const clock = new ShiftableClock();
  const faults = new Faults();
  const datastore = datastoreHost === undefined ? new DatastoreEmulator({ clock, faults }) : undefined;
  const pubsub = new PubSubEmulator({ clock, faults });
  const compute = new ComputeEmulator({ clock, faults });
  await Promise.all([datastore?.start(), pubsub.start(), compute.start()]);
  return {
    hosts: {
      DATASTORE_EMULATOR_HOST: datastore?.address ?? datastoreHost ?? '',
      PUBSUB_EMULATOR_HOST: pubsub.address,
      COMPUTE_EMULATOR_HOST: compute.address,
    },
    token: 'unknown-token-of-the-benchmark',
    stop: async () => {
      await Promise.all([datastore?.stop(), pubsub.stop(), compute.stop()]);
      clock.stop();
    },
  };
}

/** The emulators and a principal of a local cloud that somebody else started, and will stop. */
async function runningCloud(connectionFile: string): Promise<Cloud> {
  const connection = record(JSON.parse(await readFile(connectionFile, 'utf8')));
  const emulators = record(connection['emulators']);
  return {
    hosts: {
      DATASTORE_EMULATOR_HOST: String(emulators['datastore']),
      PUBSUB_EMULATOR_HOST: String(emulators['pubsub']),
      COMPUTE_EMULATOR_HOST: String(emulators['compute']),
    },
    token: String(record(record(connection['principals'])['alice'])['token']),
    stop: async () => undefined,
  };
}

function environmentOf({ hosts }: Cloud): Readonly<Record<string, string>> {
  return { ...hosts, GOOGLE_CLOUD_PROJECT: 'local', DATASTORE_DATABASE: '', DEPLOYMENT: 'local', LOG_LEVEL: 'error' };
}

/** What each function is asked first: its own endpoint, or the event that it is there for. */
async function firstRequests(token: string): Promise<ReadonlyMap<string, NonNullable<FunctionProcess['request']>>> {
  const manifest = record(JSON.parse(await readFile(join(ROOT, 'infra/functions.json'), 'utf8')));
  const functions = Array.isArray(manifest['functions']) ? manifest['functions'].map(record) : [];
  return new Map(functions.map((entry) => [String(entry['name']), firstRequest(entry, token)]));
}

function firstRequest(entry: Readonly<Record<string, unknown>>, token: string) {
  const json = { 'content-type': 'application/json' };
  if (entry['kind'] === 'push') {
    const message = { messageId: '1', data: Buffer.from('{}').toString('base64'), attributes: {}, orderingKey: 'none' };
    return { method: 'POST', path: '/', headers: json, body: JSON.stringify({ message, subscription: 'none' }) };
  }
  if (entry['kind'] === 'schedule') return { method: 'POST', path: '/', headers: json, body: '{}' };
  const method = entry['method'] === '*' ? 'GET' : String(entry['method']);
  const path = String(entry['path'])
    .replace('**', 'nowhere')
    .replaceAll(/\{\w+\}/g, UNKNOWN_ID);
  const headers = { ...json, authorization: `Bearer ${token}` };
  return method === 'GET' ? { method, path, headers } : { method, path, headers, body: '{}' };
}

const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

const command = new Command('bench:cold')
  .description('Measures the cold start and peak memory of every function beside an empty one.')
  .option('--runs <count>', 'starts of each, of which the median counts', '9')
  .option('--only <name...>', 'measure these functions')
  .option('--connection <file>', "connection file of a running local cloud: its emulators and alice's token are used")
  .option('--datastore <host>', 'a Datastore emulator that runs already')
  .option('--json <file>', 'write the figures there as well')
  .parse();
await main(command.opts<Options>());
