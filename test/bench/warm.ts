import { Command } from 'commander';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from '#scripts/build.ts';
import { bundleFunctions } from '#scripts/build/bundle-functions.ts';
import { functionEnvironment } from '#scripts/local/functions/function-environment.ts';
import type { TracedCall } from './bench-cloud-messages.ts';
import { BenchCloud } from './bench-cloud-process.ts';
import { FunctionProcess } from './function-process.ts';
import { burst, closeConnections, median, percentile, type Asked, type Burst } from './load.ts';
import { subjects, type Subject } from './warm-subjects.ts';

/**
 * Measures the warm latency and throughput of each endpoint, compared with a bare function that makes one look-up with
 * Google's client. Both run as built bundles in processes of their own, the emulators in a third, and this process
 * makes the load. Short bursts of both alternate, so that other load on the machine affects both alike. Then each
 * response of the emulators is delayed, and the arrival times of calls show which of them wait for others.
 *
 * A measurement, not a test: it prints its figures and never fails because of one.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = join(ROOT, '.build/bench/warm');
const BARE = 'bare-lookup';
/** Delay of each response in a trace. Calls that arrive within half of it belong to the same step. */
const HOLD_MS = 60;
const WARM_UP_MS = 1_500;
/** Time for work that goes on after a reply. */
const QUIET_MS = 250;

interface Row {
  readonly name: string;
  /** One request at a time, ms. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly bareP50Ms: number;
  readonly latencyRatio: number;
  /** Many requests at a time. If the emulators are slower than the function, this measures the emulators. */
  readonly perSecond: number;
  readonly barePerSecond: number;
  readonly throughputRatio: number;
  /**
   * Processor time of one request, many at a time, in microseconds: one core serves 1,000,000 divided by this per
   * second.
   */
  readonly coreMicroseconds: number;
  readonly bareCoreMicroseconds: number;
  readonly coreRatio: number;
  /** Of all requests many at a time, those answered 503. */
  readonly refused: number;
  /** The same endpoint of another build, measured alternately with this one. */
  readonly before?: Omit<Row, 'before' | 'calls'>;
  readonly calls: Calls;
}

/** The calls of one request to the emulators, once everything cacheable is cached. */
interface Calls {
  readonly datastore: number;
  readonly compute: number;
  readonly pubsub: number;
  /** Number of steps: a step's calls run in parallel and wait for those of the step before. */
  readonly sequential: number;
  readonly sequentialDatastore: number;
  /** The steps with their calls, such as `commit+lookup > instances.get`. */
  readonly shape: string;
}

interface Options {
  readonly runs: number;
  readonly milliseconds: number;
  readonly concurrency: number;
  readonly only?: string[];
  readonly before?: string;
  readonly customers: number;
  readonly contention?: boolean;
  readonly json?: string;
  readonly cpuProf?: string;
  readonly label: string;
}

async function main(options: Options): Promise<void> {
  // Bundles for profiling are not minified, so that profiles show the names of functions.
  const folders = await built(options.only, options.cpuProf === undefined);
  const { customers, contention = false } = options;
  const cloud = await BenchCloud.start({ machines: 50, stopped: 0, records: 6_000, customers, contention });
  const environment = functionEnvironment({ emulators: cloud.ready.emulators, repositoryFolder: ROOT, given: {} });
  const start = (name: string, source = folders[name] ?? '') => {
    const profile = options.cpuProf === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.cpuProf}/${name}`];
    return FunctionProcess.start({ name, source, environment, nodeArguments: profile });
  };
  const rows: Row[] = [];
  try {
    const bare = await start(BARE);
    try {
      console.log(TITLE);
      for (const subject of subjects(cloud.ready)) {
        if (options.only !== undefined && !options.only.includes(subject.name)) continue;
        const own = await start(subject.name);
        const before =
          options.before === undefined ? undefined : await start(subject.name, join(options.before, subject.name));
        try {
          const row = await measured({ subject, own, bare, before, cloud }, options);
          rows.push(row);
          if (row.before !== undefined) console.log(lineOf({ ...row, ...row.before, name: '  before' }));
          console.log(lineOf(row));
        } catch (thrown) {
          // The other endpoints are still measured.
          console.log(`${subject.name.padEnd(28)}${String(thrown)}`);
        } finally {
          closeConnections();
          await before?.stop();
          await own.stop();
        }
      }
    } finally {
      await bare.stop();
    }
  } finally {
    closeConnections();
    cloud.stop();
    await rm(FOLDER, { recursive: true, force: true });
  }
  const { runs, milliseconds, concurrency, label, json } = options;
  if (json !== undefined) {
    await writeFile(json, `${JSON.stringify({ label, runs, milliseconds, concurrency, rows }, undefined, 2)}\n`);
  }
}

/** Builds the functions as they are deployed, and the bare function with the same bundler. */
async function built(only: readonly string[] | undefined, minify: boolean): Promise<Readonly<Record<string, string>>> {
  const { folders } = await build({ out: FOLDER, minify, ...(only === undefined ? {} : { only }) });
  const bare = { name: BARE, source: 'test/bench/bare-lookup.ts', clients: ['datastore'] };
  const { bundles } = await bundleFunctions(ROOT.replace(/\/$/, ''), [bare], minify);
  const folder = join(FOLDER, BARE);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"main":"index.js"}\n');
  await writeFile(join(folder, 'index.js'), bundles[0]?.code ?? '');
  return { ...folders, [BARE]: folder };
}

interface Contest {
  readonly subject: Subject;
  readonly own: FunctionProcess;
  readonly bare: FunctionProcess;
  readonly before: FunctionProcess | undefined;
  readonly cloud: BenchCloud;
}

async function measured({ subject, own, bare, before, cloud }: Contest, options: Options): Promise<Row> {
  const sides = {
    bare: { process: bare, subject: bareSubject(cloud.ready.machineIds) },
    ...(before === undefined ? {} : { before: { process: before, subject } }),
    own: { process: own, subject },
  };
  for (const side of Object.values(sides)) {
    await run(side, { concurrency: options.concurrency, milliseconds: WARM_UP_MS });
  }
  const alone: Samples = { own: [], bare: [], before: [] };
  const crowded: Samples = { own: [], bare: [], before: [] };
  for (let round = 0; round < options.runs; round += 1) {
    for (const [name, side] of Object.entries(sides) as [keyof Samples, Side][]) {
      alone[name].push(await run(side, { concurrency: 1, milliseconds: options.milliseconds / 2 }));
      crowded[name].push(await run(side, options));
    }
  }
  return {
    name: subject.name,
    ...figuresOf('own', { alone, crowded }),
    ...(before === undefined ? {} : { before: { name: subject.name, ...figuresOf('before', { alone, crowded }) } }),
    calls: await traced(sides.own, cloud),
  };
}

function figuresOf(
  side: 'own' | 'before',
  { alone, crowded }: { readonly alone: Samples; readonly crowded: Samples },
): Omit<Row, 'name' | 'before' | 'calls'> {
  const of = (samples: readonly Sample[], figure: keyof Sample) => median(samples.map((sample) => sample[figure]));
  // Of each round, then the median of the ratios: the bursts of a round met the same load.
  const ratio = (samples: Samples, figure: keyof Sample) =>
    median(samples[side].map((sample, round) => sample[figure] / (samples.bare[round]?.[figure] ?? Number.NaN)));
  return {
    p50Ms: of(alone[side], 'p50Ms'),
    p95Ms: of(alone[side], 'p95Ms'),
    bareP50Ms: of(alone.bare, 'p50Ms'),
    latencyRatio: ratio(alone, 'p50Ms'),
    perSecond: of(crowded[side], 'perSecond'),
    barePerSecond: of(crowded.bare, 'perSecond'),
    throughputRatio: ratio(crowded, 'perSecond'),
    coreMicroseconds: of(crowded[side], 'coreMicroseconds'),
    bareCoreMicroseconds: of(crowded.bare, 'coreMicroseconds'),
    coreRatio: 1 / ratio(crowded, 'coreMicroseconds'),
    refused: crowded[side].reduce((sum, { refused }) => sum + refused, 0),
  };
}

interface Samples {
  readonly own: Sample[];
  readonly bare: Sample[];
  readonly before: Sample[];
}

interface Side {
  readonly process: FunctionProcess;
  readonly subject: Pick<Subject, 'next' | 'status' | 'refusal' | 'requestsMax' | 'onAnswer'>;
}

interface Sample {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly perSecond: number;
  readonly coreMicroseconds: number;
  readonly refused: number;
}

async function run({ process, subject }: Side, how: Pick<Burst, 'concurrency' | 'milliseconds'>): Promise<Sample> {
  const { concurrency, milliseconds } = how;
  const before = await process.processorMs();
  const report = await burst({ port: process.port, ...subject, concurrency, milliseconds });
  const after = await process.processorMs();
  return {
    p50Ms: percentile(report.latenciesMs, 0.5),
    p95Ms: percentile(report.latenciesMs, 0.95),
    perSecond: (report.requests * 1000) / report.milliseconds,
    coreMicroseconds: ((after - before) * 1000) / report.requests,
    refused: report.refused,
  };
}

async function traced({ process, subject }: Side, cloud: BenchCloud): Promise<Calls> {
  await cloud.trace(HOLD_MS);
  await burst({ port: process.port, ...subject, concurrency: 1, milliseconds: 1, requestsMax: 1 });
  await sleep(QUIET_MS);
  const calls = await cloud.calls();
  const steps: TracedCall[][] = [];
  for (const call of calls) {
    const step = steps.at(-1);
    const first = step?.[0];
    if (step === undefined || first === undefined || call.atMs - first.atMs > HOLD_MS / 2) steps.push([call]);
    else step.push(call);
  }
  const count = (service: TracedCall['service']) => calls.filter((call) => call.service === service).length;
  return {
    datastore: count('datastore'),
    compute: count('compute'),
    pubsub: count('pubsub'),
    sequential: steps.length,
    sequentialDatastore: steps.filter((step) => step.some(({ service }) => service === 'datastore')).length,
    shape: steps
      .map((step) =>
        Array.from(step, ({ method }) => method)
          .sort()
          .join('+'),
      )
      .join(' > '),
  };
}

function bareSubject(ids: readonly string[]): Side['subject'] {
  let round = 0;
  return {
    requestsMax: Number.POSITIVE_INFINITY,
    status: 200,
    next: (): Asked => {
      round += 1;
      return { method: 'GET', path: `/${ids[round % ids.length] ?? ''}`, headers: {} };
    },
  };
}

const WIDTHS = [28, 7, 7, 7, 6, 8, 8, 6, 8, 8, 6, 5, 4, 4, 4, 4];
const TITLE = columns([
  'endpoint',
  'p50 ms',
  'p95 ms',
  'bare',
  'ratio',
  '1/s',
  'bare',
  'ratio',
  'core us',
  'bare',
  'ratio',
  '503',
  'ds',
  'gce',
  'ps',
  'seq',
  ' calls',
]);

function lineOf(row: Row): string {
  const { calls } = row;
  return columns([
    row.name,
    row.p50Ms.toFixed(2),
    row.p95Ms.toFixed(2),
    row.bareP50Ms.toFixed(2),
    row.latencyRatio.toFixed(2),
    row.perSecond.toFixed(0),
    row.barePerSecond.toFixed(0),
    row.throughputRatio.toFixed(2),
    row.coreMicroseconds.toFixed(0),
    row.bareCoreMicroseconds.toFixed(0),
    row.coreRatio.toFixed(2),
    row.refused,
    calls.datastore,
    calls.compute,
    calls.pubsub,
    calls.sequential,
    ` ${calls.shape}`,
  ]);
}

function columns(cells: readonly (string | number)[]): string {
  return cells
    .map((cell, i) => (i === 0 ? String(cell).padEnd(WIDTHS[i] ?? 0) : String(cell).padStart(WIDTHS[i] ?? 0)))
    .join(' ');
}

const command = new Command('bench:warm')
  .description('Warm latency, throughput and round trips of each endpoint beside a bare look-up function.')
  .option('--runs <number>', 'rounds of each', Number, 9)
  .option('--milliseconds <number>', 'length of a burst', Number, 700)
  .option('--concurrency <number>', 'requests at the same time', Number, 16)
  .option('--only <name...>', 'these endpoints')
  .option('--before <folder>', 'built functions of another build, measured alternately with this one')
  .option('--customers <number>', 'customers that create and delete', Number, 1)
  .option('--contention', 'Datastore takes one write of an entity a second')
  .option('--label <text>', 'kept in the JSON', 'now')
  .option('--cpu-prof <folder>', 'profiles of the functions, one folder each')
  .option('--json <file>', 'write the table here as JSON')
  .parse();
await main(command.opts<Options>());
