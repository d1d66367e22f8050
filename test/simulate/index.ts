/**
 * Plays random histories: requests of customers and administrators, faults, ends of processes and clock jumps, drawn
 * from a seed and played against the shipped functions in virtual time. Afterwards all records are compared with what
 * the cloud did. See test/simulate/engine for the simulated world and test/simulate/actions for the events.
 */
import { Command, InvalidArgumentError } from 'commander';
import { SimulatedCloud } from './engine/cloud.ts';
import { Endless } from './engine/virtual-time.ts';
import { Watchdog } from './engine/watchdog.ts';
import { actions, drawHistory, type Outcome, playHistory, type Step } from './history.ts';
import { shrink } from './shrink.ts';

// Without this setting Google's libraries look for a metadata server, which needs a network.
process.env['METADATA_SERVER_DETECTION'] = 'none';

/** Trials in search of the shortest failing history; each takes as long as playing a history. */
const SHRINK_RUNS_MAX = 200;
const PROGRESS_EVERY_MS = 10_000;
/** Most lines printed of what was found. */
const SHOWN_MAX = 12;
/** Real time for which code may block the event loop. A step takes milliseconds; the rest allows for a busy machine. */
const STALL_MS = 60_000;

interface Options {
  readonly seed: number;
  readonly histories: number;
  readonly keep?: readonly number[];
  readonly shrink: boolean;
  readonly keepGoing?: true;
  readonly events?: number;
  readonly log?: true;
  readonly sweeps: boolean;
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function wholes(text: string): readonly number[] {
  return text.split(',').map(whole);
}

const options = new Command('npm run simulate --')
  .description(
    'Plays random histories against the shipped functions and the embedded emulators, all in one process and in ' +
      'virtual time, and checks the invariants, the histories and the charges after each. A history that fails is made ' +
      'as short as it can be and printed with the command that plays it again.',
  )
  .option('--seed <number>', 'seed of the first history; the others follow it', whole, Date.now() % 1_000_000)
  .option('--histories <number>', 'how many', whole, 100)
  .option('--keep <numbers>', 'play only these steps of the history, such as 0,3,7', wholes)
  .option('--no-shrink', 'print a history that fails as it was drawn')
  .option('--keep-going', 'do not end at the first history that fails')
  .option(
    '--events <number>',
    'how many events a history has at most; one with more counts as one that does not end',
    whole,
  )
  .option('--log', 'print what the functions logged')
  .option('--no-sweeps', 'a platform whose sweep never runs: to see that the checks see something')
  .parse()
  .opts<Options>();

const startedAtMs = performance.now();
const watchdog = new Watchdog(STALL_MS);
const cloud = await SimulatedCloud.open({
  onIteration: () => watchdog.beat(),
  ...(options.events === undefined ? {} : { eventsMax: options.events }),
});
const table = actions(cloud.manifest);
const failed: number[] = [];
let simulatedMs = 0;
let steps = 0;
let shownAtMs = performance.now();

for (let played = 0; played < options.histories; played += 1) {
  const seed = options.seed + played;
  const history = drawHistory(seed, table).filter(({ number }) => options.keep?.includes(number) ?? true);
  const outcome = await play(seed, history);
  steps += history.length;
  simulatedMs += outcome.tookMs;
  if (options.log === true) console.log(outcome.logLines.join(''));
  if (outcome.found.length > 0) {
    failed.push(seed);
    await report(seed, history, outcome);
    if (options.keepGoing !== true) break;
  }
  if (performance.now() - shownAtMs > PROGRESS_EVERY_MS) {
    shownAtMs = performance.now();
    console.log(`${played + 1} of ${options.histories} histories, ${failed.length} failed`);
  }
}

const seconds = (performance.now() - startedAtMs) / 1000;
console.log(
  `${failed.length === 0 ? 'All well' : `${failed.length} FAILED (seeds ${failed.join(', ')})`}: ` +
    `${options.histories} histories from seed ${options.seed}, ${steps} steps, ${Math.round(simulatedMs / 3_600_000)} simulated hours ` +
    `in ${seconds.toFixed(1)} s.`,
);
// The replaced timers never fire again, so the process would not end by itself.
process.exit(failed.length === 0 ? 0 : 1);

async function play(seed: number, history: readonly Step[]): Promise<Outcome> {
  const { log, sweeps } = options;
  const startsAtMs = cloud.time.nowMs();
  watchdog.watch(seed);
  try {
    return await cloud.time.run(playHistory(cloud, { seed, steps: history }, { verbose: log === true, sweeps }));
  } catch (thrown) {
    if (!(thrown instanceof Endless))
      throw new Error(`The history of seed ${seed} cannot be played.`, { cause: thrown });
    cloud.abandon();
    return {
      found: [`E: the history does not end. ${thrown.message}`],
      logLines: [],
      tookMs: cloud.time.nowMs() - startsAtMs,
    };
  }
}

async function report(seed: number, history: readonly Step[], outcome: Outcome): Promise<void> {
  const kinds = new Set(outcome.found.map(kindOf));
  let shortest = history;
  if (options.shrink) {
    const fails = async (shorter: readonly Step[]): Promise<boolean> =>
      (await play(seed, shorter)).found.some((line) => kinds.has(kindOf(line)));
    shortest = await shrink(history, fails, { runsMax: SHRINK_RUNS_MAX });
  }
  const { found } = shortest === history ? outcome : await play(seed, shortest);
  console.log(`\nThe history of seed ${seed} fails:`);
  for (const line of found.slice(0, SHOWN_MAX)) console.log(`  ${line}`);
  console.log(`Its ${shortest.length} of ${history.length} steps:`);
  for (const { number, atMs, action, drawn } of shortest)
    console.log(
      `  ${String(number).padStart(2)}  ${(atMs / 1000).toFixed(3).padStart(8)} s  ${action} ${JSON.stringify(drawn)}`,
    );
  const numbers = shortest.map(({ number }) => number).join(',');
  console.log(`Again: npm run simulate -- --seed ${seed} --histories 1 --keep ${numbers} --log\n`);
}

/** Returns a finding without its names and numbers: findings that differ only in those are of one kind. */
function kindOf(line: string): string {
  return line.replaceAll(/\b(?:tw|inst|op|process)-[-0-9a-z]+|\d+/g, '').slice(0, 100);
}
