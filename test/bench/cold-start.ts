import { v1 } from '@google-cloud/pubsub';
import { Command } from 'commander';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '#scripts/build.ts';
import { BUNDLE, CACHE } from '#scripts/build/compile-cache.ts';
import { ShiftableClock } from '#scripts/local/clock.ts';
import { readConnection, type Connection, type LocalPrincipals } from '#scripts/local/connection.ts';
import { ComputeEmulator } from '#scripts/local/emulators/compute/compute-emulator.ts';
import { DatastoreEmulator } from '#scripts/local/emulators/datastore/datastore-emulator.ts';
import { PubSubEmulator } from '#scripts/local/emulators/pubsub/pubsub-emulator.ts';
import { Faults } from '#scripts/local/faults.ts';
import { functionEnvironment, LOCAL_PROJECT } from '#scripts/local/function-environment.ts';
import { seed } from '#scripts/local/seed.ts';
import { connection } from '#shared/datastore/connection.ts';
import { firstAnswer, type FirstAnswer, type FunctionProcess } from '#test/build/running-function.ts';
import { wholeFunction } from './whole-function.ts';

/**
 * Cold start of each built function: from the start of its process to the end of its first answer, beside an empty
 * functions-framework function and, for one function of each set of clients, beside the same function with whole packages
 * from node_modules. They are started by turns, so that whatever else the machine does meets all alike.
 *
 * A measurement, not a test: it prints what it saw and never fails on a number.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EMPTY = 'empty';
const CREATE = 'compute-instances-create';
/** One function of each set of clients. */
const WITH_WHOLE = new Set(['compute-instances-list', 'compute-instances-start', 'compute-instances-get', CREATE]);

type Sample = Pick<FirstAnswer, 'milliseconds' | 'cpuMilliseconds' | 'peakRssMb'>;

interface Row {
  readonly name: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly emptyMilliseconds: number;
  readonly ratio: number;
  /** Of all its threads. Says what the function costs where the time says what else the machine was doing. */
  readonly cpuMilliseconds: number;
  readonly emptyCpuMilliseconds: number;
  readonly cpuRatio: number;
  readonly peakRssMb: number;
  readonly emptyPeakRssMb: number;
  readonly memoryRatio: number;
  readonly bundleBytes: number;
  readonly cacheBytes: number;
  /** The same function with whole packages; only where it was measured. */
  readonly whole?: { readonly milliseconds: number; readonly ratio: number; readonly peakRssMb: number };
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
  const { folders } = await build();
  const wanted = Object.entries(folders).filter(([name]) => only?.includes(name) ?? true);
  const cloud = state === undefined ? await embeddedCloud(datastore) : runningCloud(state);
  try {
    const environment = environmentOf(cloud);
    const empty = await emptyFunction();
    const creating = { target: CREATE, source: folders[CREATE] ?? '', environment };
    const create = () => createdId({ ...creating, request: createRequest(cloud.principals) });
    const manifest = await readManifest();
    const existing = await create();
    const rows: Row[] = [];
    console.log(TITLE);
    for (const [name, source] of wanted) {
      const entry = manifest.get(name) ?? {};
      const fresh = entry['method'] === 'DELETE' ? create : () => Promise.resolve(existing);
      const next = async (): Promise<FunctionProcess> => {
        const request = firstRequest(entry, cloud.principals, await fresh());
        return { target: name, source, environment, request };
      };
      const whole = WITH_WHOLE.has(name) ? await wholeFunction(ROOT, name, String(entry['source'])) : undefined;
      try {
        const row = await measured({ name, source, next, whole }, empty, Math.max(1, Number(runs)));
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

interface Measured {
  readonly name: string;
  /** Folder of the artefact. */
  readonly source: string;
  /** The function and what it is asked first; made anew for each run. */
  readonly next: () => Promise<FunctionProcess>;
  /** The same function with whole packages. */
  readonly whole: string | undefined;
}

async function measured({ name, source, next, whole }: Measured, empty: FunctionProcess, runs: number): Promise<Row> {
  const own: FirstAnswer[] = [];
  const bare: FirstAnswer[] = [];
  const unbundled: FirstAnswer[] = [];
  for (let run = 0; run < runs; run += 1) {
    bare.push(await firstAnswer(empty));
    own.push(await firstAnswer(await next()));
    if (whole !== undefined) unbundled.push(await firstAnswer({ ...(await next()), source: whole }));
  }
  const [milliseconds, emptyMilliseconds] = [median(own, 'milliseconds'), median(bare, 'milliseconds')];
  const [cpuMilliseconds, emptyCpuMilliseconds] = [median(own, 'cpuMilliseconds'), median(bare, 'cpuMilliseconds')];
  const [peakRssMb, emptyPeakRssMb] = [median(own, 'peakRssMb'), median(bare, 'peakRssMb')];
  const wholeMilliseconds = median(unbundled, 'milliseconds');
  return {
    name,
    status: own[0]?.status ?? 0,
    milliseconds,
    emptyMilliseconds,
    ratio: milliseconds / emptyMilliseconds,
    cpuMilliseconds,
    emptyCpuMilliseconds,
    cpuRatio: cpuMilliseconds / emptyCpuMilliseconds,
    peakRssMb,
    emptyPeakRssMb,
    memoryRatio: peakRssMb / emptyPeakRssMb,
    bundleBytes: (await stat(join(source, BUNDLE))).size,
    cacheBytes: (await stat(join(source, CACHE))).size,
    ...(whole === undefined
      ? {}
      : {
          whole: {
            milliseconds: wholeMilliseconds,
            ratio: wholeMilliseconds / emptyMilliseconds,
            peakRssMb: median(unbundled, 'peakRssMb'),
          },
        }),
  };
}

function median(samples: readonly Sample[], figure: keyof Sample): number {
  const sorted = samples.map((sample) => sample[figure]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const COLUMNS: readonly (readonly [
  title: string,
  width: number,
  digits: number,
  figure: (row: Row) => number | undefined,
])[] = [
  ['status', 7, 0, (row) => row.status],
  ['ms', 6, 0, (row) => row.milliseconds],
  ['empty', 6, 0, (row) => row.emptyMilliseconds],
  ['ratio', 7, 2, (row) => row.ratio],
  ['cpu ms', 8, 0, (row) => row.cpuMilliseconds],
  ['empty', 6, 0, (row) => row.emptyCpuMilliseconds],
  ['ratio', 7, 2, (row) => row.cpuRatio],
  ['MB', 6, 0, (row) => row.peakRssMb],
  ['empty', 6, 0, (row) => row.emptyPeakRssMb],
  ['ratio', 7, 2, (row) => row.memoryRatio],
  ['KiB', 7, 0, (row) => row.bundleBytes / 1024],
  ['cache', 7, 0, (row) => row.cacheBytes / 1024],
  ['whole ms', 10, 0, (row) => row.whole?.milliseconds],
  ['ratio', 7, 2, (row) => row.whole?.ratio],
  ['MB', 6, 0, (row) => row.whole?.peakRssMb],
];

const TITLE = `${'function'.padEnd(32)}${COLUMNS.map(([title, width]) => title.padStart(width)).join('')}`;

function lineOf(row: Row): string {
  const figures = COLUMNS.map(([, width, digits, figure]) => (figure(row)?.toFixed(digits) ?? '').padStart(width));
  return `${row.name.padEnd(32)}${figures.join('')}`.trimEnd();
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
  const publisher = new v1.PublisherClient(connection(pubsub.address));
  await publisher.createTopic({ name: `projects/${LOCAL_PROJECT}/topics/operations` });
  await publisher.close();
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

type Entry = Readonly<Record<string, unknown>>;

async function readManifest(): Promise<ReadonlyMap<string, Entry>> {
  const manifest = record(JSON.parse(await readFile(join(ROOT, 'infra/functions.json'), 'utf8')));
  const functions = Array.isArray(manifest['functions']) ? manifest['functions'].map(record) : [];
  return new Map(functions.map((entry) => [String(entry['name']), entry]));
}

/** What a function is asked first: its own endpoint, or the event that it is there for. */
function firstRequest(entry: Entry, principals: LocalPrincipals, instanceId: string): FirstRequest {
  const json = { 'content-type': 'application/json' };
  if (entry['kind'] === 'push') {
    const message = { messageId: '1', data: Buffer.from('{}').toString('base64'), attributes: {}, orderingKey: 'none' };
    return { method: 'POST', path: '/', headers: json, body: JSON.stringify({ message, subscription: 'none' }) };
  }
  if (entry['kind'] === 'schedule') return { method: 'POST', path: '/', headers: json, body: '{}' };
  if (entry['name'] === CREATE) return createRequest(principals);
  const headers = headersOf(principals);
  // A fallback has neither a method nor a path of its own: it answers what no endpoint has.
  const method = typeof entry['path'] === 'string' ? String(entry['method']) : 'GET';
  const template = typeof entry['path'] === 'string' ? entry['path'] : '/nowhere';
  const path = template
    .replace('/operations/{id}', `/operations/${UNKNOWN_OPERATION}`)
    .replace('/templates/{id}', '/templates/ubuntu-22-standard')
    .replaceAll(/\{\w+\}/g, instanceId);
  return method === 'GET' ? { method, path, headers } : { method, path, headers, body: '{}' };
}

function createRequest(principals: LocalPrincipals): FirstRequest {
  return { method: 'POST', path: '/api/compute/v1/instances', headers: headersOf(principals), body: NEW_INSTANCE };
}

/** As the gateway sends it on. The administrator's customer has a tier in which the runs do not meet their own quota. */
function headersOf({ admin }: LocalPrincipals): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-forwarded-authorization': `Bearer ${admin.token}`,
    'x-forwarded-for': '192.0.2.1',
  };
}

/** Makes an instance, by the function that is there for it. */
async function createdId(creating: FunctionProcess): Promise<string> {
  const { status, body } = await firstAnswer(creating);
  const { id, instanceID } = record(JSON.parse(body));
  const found = id ?? instanceID;
  if (status !== 201 || typeof found !== 'string') throw new Error(`No instance was made: ${status} ${body}`);
  return found;
}

/** A template and a network configuration of the local cloud's catalogue. */
const NEW_INSTANCE = JSON.stringify({ template_id: 'ubuntu-22-standard', config_id: 'default-network' });

/** One that does not exist is looked up like one that does. */
const UNKNOWN_OPERATION = 'op-0mwpf8u68cb0708ddefed';

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
