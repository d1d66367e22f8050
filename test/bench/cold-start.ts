import { Command, InvalidArgumentError } from 'commander';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '#scripts/build.ts';
import { BUNDLE, CACHE } from '#scripts/build/compile-cache.ts';
import { functionEnvironment } from '#scripts/local/functions/function-environment.ts';
import { firstAnswer, type FirstAnswer, type FunctionProcess } from '#test/build/running-function.ts';
import { entryPointOf } from '#shared/runtime/entry-point.ts';
import { BenchCloud } from './bench-cloud-process.ts';
import { deployedFunctions, FirstRequests, sizeFor } from './first-requests.ts';
import { wholeFunction } from './whole-function.ts';

/**
 * Measures the cold start of each built function: from the start of its process to the end of its first reply. It is
 * compared with an empty functions-framework function and, for one function per set of Google clients, with the same
 * function loading whole packages from node_modules. Runs alternate, so that other load on the machine affects all
 * alike.
 *
 * A measurement, not a test: it prints its figures and never fails because of one.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EMPTY = 'empty';
/** One function per set of Google clients. */
const WITH_WHOLE = new Set([
  'compute-instances-list',
  'compute-instances-start',
  'compute-instances-get',
  'compute-instances-create',
]);

type Sample = Pick<FirstAnswer, 'milliseconds' | 'cpuMilliseconds' | 'peakRssMb'>;

interface Row {
  readonly name: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly emptyMilliseconds: number;
  readonly ratio: number;
  /** Processor time of all threads. Unlike elapsed time, hardly affected by other load on the machine. */
  readonly cpuMilliseconds: number;
  readonly emptyCpuMilliseconds: number;
  readonly cpuRatio: number;
  readonly peakRssMb: number;
  readonly emptyPeakRssMb: number;
  readonly memoryRatio: number;
  readonly bundleBytes: number;
  readonly cacheBytes: number;
  /** The same function with whole packages from node_modules, if that was measured. */
  readonly whole?: { readonly milliseconds: number; readonly ratio: number; readonly peakRssMb: number };
  /** The same function of another build, and this build's figures divided by that one's. */
  readonly other?: {
    readonly milliseconds: number;
    readonly ratio: number;
    readonly cpuRatio: number;
    readonly memoryRatio: number;
  };
}

interface Options {
  readonly runs: number;
  readonly only?: string[];
  readonly beside?: string;
  readonly json?: string;
}

async function main({ runs, only, beside, json }: Options): Promise<void> {
  const { folders } = await build();
  const wanted = (await deployedFunctions(ROOT)).filter(({ name }) => only?.includes(name) ?? true);
  // The variants with whole packages and of another build use as many instances again.
  const cloud = await BenchCloud.start(sizeFor(wanted, runs * 3));
  try {
    const environment = environmentOf(cloud);
    const empty = await emptyFunction();
    const requests = new FirstRequests(cloud.ready);
    const rows: Row[] = [];
    console.log(TITLE);
    for (const deployed of wanted) {
      const { name, source: entryFile } = deployed;
      const source = folders[name] ?? '';
      const next = (): FunctionProcess => ({
        target: entryPointOf(name),
        source,
        environment,
        request: requests.next(deployed),
      });
      // The comparison with another build replaces the one with whole packages.
      const isWhole = beside === undefined && WITH_WHOLE.has(name);
      const whole = isWhole ? await wholeFunction(ROOT, name, entryFile) : undefined;
      const other = beside === undefined ? undefined : resolve(beside, name);
      try {
        const row = await measured({ name, source, next, whole, other }, empty, runs);
        rows.push(row);
        console.log(lineOf(row));
      } catch (thrown) {
        // The other functions are still measured.
        console.log(`${name.padEnd(32)}${String(thrown)}`);
      }
    }
    if (json !== undefined) await writeFile(json, `${JSON.stringify({ runs, rows }, undefined, 2)}\n`);
  } finally {
    cloud.stop();
  }
}

interface Measured {
  readonly name: string;
  /** Folder of the built function. */
  readonly source: string;
  /** Returns the function with its first request; each run needs a request of its own. */
  readonly next: () => FunctionProcess;
  /** Folder of the same function with whole packages, if that is measured. */
  readonly whole: string | undefined;
  /** Folder of the same function in another build, if one is compared. */
  readonly other: string | undefined;
}

async function measured(
  { name, source, next, whole, other }: Measured,
  empty: FunctionProcess,
  runs: number,
): Promise<Row> {
  const own: FirstAnswer[] = [];
  const bare: FirstAnswer[] = [];
  const unbundled: FirstAnswer[] = [];
  const others: FirstAnswer[] = [];
  for (let run = 0; run < runs; run += 1) {
    bare.push(await firstAnswer(empty));
    own.push(await firstAnswer(next()));
    if (whole !== undefined) unbundled.push(await firstAnswer({ ...next(), source: whole }));
    if (other !== undefined) others.push(await firstAnswer({ ...next(), source: other }));
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
    ...(other === undefined
      ? {}
      : {
          other: {
            milliseconds: median(others, 'milliseconds'),
            ratio: milliseconds / median(others, 'milliseconds'),
            cpuRatio: cpuMilliseconds / median(others, 'cpuMilliseconds'),
            memoryRatio: peakRssMb / median(others, 'peakRssMb'),
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
  ['other ms', 10, 0, (row) => row.other?.milliseconds],
  ['ratio', 7, 3, (row) => row.other?.ratio],
  ['cpu', 7, 3, (row) => row.other?.cpuRatio],
  ['MB', 7, 3, (row) => row.other?.memoryRatio],
];

const TITLE = `${'function'.padEnd(32)}${COLUMNS.map(([title, width]) => title.padStart(width)).join('')}`;

function lineOf(row: Row): string {
  const figures = COLUMNS.map(([, width, digits, figure]) => (figure(row)?.toFixed(digits) ?? '').padStart(width));
  return `${row.name.padEnd(32)}${figures.join('')}`.trimEnd();
}

/** Writes the lower bound: functions-framework with a function that replies at once. */
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

/**
 * Returns the environment that the local cloud gives its functions, except for the compile cache: a new instance in
 * Google Cloud has none.
 */
function environmentOf({ ready: { emulators } }: BenchCloud): Readonly<Record<string, string>> {
  const all = functionEnvironment({ emulators, repositoryFolder: ROOT, given: { LOG_LEVEL: 'error' } });
  return Object.fromEntries(Object.entries(all).filter(([name]) => name !== 'NODE_COMPILE_CACHE'));
}

function positive(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

const command = new Command('bench:cold')
  .description('Measures the cold start and peak memory of every function beside an empty one.')
  .option('--runs <count>', 'starts of each, of which the median counts', positive, 9)
  .option('--only <name...>', 'measure these functions')
  .option('--beside <folder>', 'compare with the functions of another build, such as ../before/.build/functions')
  .option('--json <file>', 'write the figures there as well')
  .parse();
await main(command.opts<Options>());
