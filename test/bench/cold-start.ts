import { Command } from 'commander';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '#scripts/build.ts';
import { ShiftableClock } from '#scripts/local/clock.ts';
import { readConnection, type Connection, type LocalPrincipals } from '#scripts/local/connection.ts';
import { ComputeEmulator } from '#scripts/local/emulators/compute/compute-emulator.ts';
import { DatastoreEmulator } from '#scripts/local/emulators/datastore/datastore-emulator.ts';
import { PubSubEmulator } from '#scripts/local/emulators/pubsub/pubsub-emulator.ts';
import { Faults } from '#scripts/local/faults.ts';
import { functionEnvironment } from '#scripts/local/function-environment.ts';
import { seed } from '#scripts/local/seed.ts';
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
  readonly emulators: Connection['emulators'];
  readonly principals: LocalPrincipals;
  stop(): Promise<void>;
}

type FirstRequest = NonNullable<FunctionProcess['request']>;

interface Options {
  readonly runs: string;
  readonly only?: string[];
  readonly state?: string;
  readonly datastore?: string;
  readonly json?: string;
}

async function main({ runs, only, state, datastore, json }: Options): Promise<void> {
  const { folders } = await build(only === undefined ? {} : { only });
  const cloud = state === undefined ? await embeddedCloud(datastore) : runningCloud(state);
  try {
    const empty = await emptyFunction();
    const requests = await firstRequests(cloud.principals);
    const rows: Row[] = [];
    console.log(TITLE);
    for (const [name, source] of Object.entries(folders)) {
      const request = requests.get(name);
      const started = { target: name, source, environment: environmentOf(cloud), ...(request && { request }) };
      try {
        const row = await measured(started, empty, Math.max(1, Number(runs)));
        rows.push(row);
        console.log(lineOf(row));
      } catch (thrown) {
        // The other functions are measured all the same.
        console.log(`${name.padEnd(32)}${String(thrown)}`);
      }
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

/** Emulators of our own, with the people and the catalogue of the local cloud. */
async function embeddedCloud(datastoreHost?: string): Promise<Cloud> {
  const clock = new ShiftableClock();
  const faults = new Faults();
  const datastore = datastoreHost === undefined ? new DatastoreEmulator({ clock, faults }) : undefined;
  const pubsub = new PubSubEmulator({ clock, faults });
  const compute = new ComputeEmulator({ clock, faults });
  await Promise.all([datastore?.start(), pubsub.start(), compute.start()]);
  const stateFolder = await mkdtemp(join(tmpdir(), 'cold-start-'));
  const address = datastore?.address ?? datastoreHost ?? '';
  return {
    emulators: { datastore: address, pubsub: pubsub.address, compute: compute.address },
    principals: await seed({ stateFolder, datastore: address, clock }),
    stop: async () => {
      await Promise.all([datastore?.stop(), pubsub.stop(), compute.stop()]);
      clock.stop();
      await rm(stateFolder, { recursive: true });
    },
  };
}

/** The emulators and the people of a local cloud that somebody else started, and will stop. */
function runningCloud(stateFolder: string): Cloud {
  const connection = readConnection(stateFolder);
  if (connection === undefined) throw new Error(`There is no connection.json in ${stateFolder}.`);
  return { emulators: connection.emulators, principals: connection.principals, stop: async () => undefined };
}

/** What the local cloud gives its functions, but for the compile cache: a new instance in Google Cloud has none. */
function environmentOf({ emulators }: Cloud): Readonly<Record<string, string>> {
  const all = functionEnvironment({ emulators, repositoryFolder: ROOT, given: { LOG_LEVEL: 'error' } });
  return Object.fromEntries(Object.entries(all).filter(([name]) => name !== 'NODE_COMPILE_CACHE'));
}

/** What each function is asked first: its own endpoint, or the event that it is there for. */
async function firstRequests(principals: LocalPrincipals): Promise<ReadonlyMap<string, FirstRequest>> {
  const manifest = record(JSON.parse(await readFile(join(ROOT, 'infra/functions.json'), 'utf8')));
  const functions = Array.isArray(manifest['functions']) ? manifest['functions'].map(record) : [];
  return new Map(functions.map((entry) => [String(entry['name']), firstRequest(entry, principals)]));
}

function firstRequest(entry: Readonly<Record<string, unknown>>, principals: LocalPrincipals): FirstRequest {
  const json = { 'content-type': 'application/json' };
  if (entry['kind'] === 'push') {
    const message = { messageId: '1', data: Buffer.from('{}').toString('base64'), attributes: {}, orderingKey: 'none' };
    return { method: 'POST', path: '/', headers: json, body: JSON.stringify({ message, subscription: 'none' }) };
  }
  if (entry['kind'] === 'schedule') return { method: 'POST', path: '/', headers: json, body: '{}' };
  // The administrator's customer has a tier in which the runs do not meet their own quota.
  const { token } = principals.admin;
  // As the gateway sends it on.
  const headers = { ...json, 'x-forwarded-authorization': `Bearer ${token}`, 'x-forwarded-for': '192.0.2.1' };
  // A fallback has neither a method nor a path of its own: it answers what no endpoint has.
  const method = typeof entry['path'] === 'string' ? String(entry['method']) : 'GET';
  const path = typeof entry['path'] === 'string' ? entry['path'].replaceAll(/\{\w+\}/g, UNKNOWN_ID) : '/nowhere';
  const body = entry['name'] === 'compute-instances-create' ? NEW_INSTANCE : '{}';
  return method === 'GET' ? { method, path, headers } : { method, path, headers, body };
}

/** A template and a network configuration of the local cloud's catalogue. */
const NEW_INSTANCE = JSON.stringify({ template_id: 'ubuntu-22-standard', config_id: 'default-network' });

/** An instance that does not exist is looked up like one that does. */
const UNKNOWN_ID = 'tw-000000-00000000';

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

// Without it Google's libraries look for a metadata server while the emulator is being seeded.
process.env['METADATA_SERVER_DETECTION'] = 'none';

const command = new Command('bench:cold')
  .description('Measures the cold start and peak memory of every function beside an empty one.')
  .option('--runs <count>', 'starts of each, of which the median counts', '9')
  .option('--only <name...>', 'measure these functions')
  .option('--state <folder>', 'state folder of a running local cloud, to use its emulators and people')
  .option('--datastore <host>', 'a Datastore emulator that runs already')
  .option('--json <file>', 'write the figures there as well')
  .parse();
await main(command.opts<Options>());
